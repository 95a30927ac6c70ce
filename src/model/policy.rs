//! Lifetimes and limits.

use chrono::TimeDelta;

use crate::model::{
    email_change::{EmailChangeRule, EmailDomain},
    second_factor::{SecondFactorPolicy, SecondFactorRule},
    throttle::ThrottlePolicy,
};

/// Every lifetime and limit, in one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// A session ends when its browser is inactive for this long.
    pub session_idle: TimeDelta,
    /// A session ends this long after it began, in any case.
    pub session_absolute: TimeDelta,
    /// How long a user may take to sign in.
    pub sign_in_lifetime: TimeDelta,
    /// How long the applications of an ended session may be informed of it.
    pub logout_lifetime: TimeDelta,
    /// How long an assertion may be presented.
    pub assertion_lifetime: TimeDelta,
    /// How far `NotBefore` lies in the past, for service providers whose clock is behind.
    pub not_before_skew: TimeDelta,
    /// How old a request may be.
    pub request_max_age: TimeDelta,
    /// How far a request may be ahead of our clock.
    pub request_max_lead: TimeDelta,
    /// How long a request can be fresh, at most. The ID of an answered one is remembered for longer:
    /// [`Self::answered_request_retention`].
    pub replay_retention: TimeDelta,
    /// Failed sign-ins for one account from one address.
    pub throttle_pair: ThrottlePolicy,
    /// Failed sign-ins from one address, for any account.
    pub throttle_address: ThrottlePolicy,
    /// Failed sign-ins for one account, from any address.
    pub throttle_account: ThrottlePolicy,
    /// Failed sign-ins on a device on which that user has signed in before.
    pub throttle_device: ThrottlePolicy,
    /// How long a device is remembered.
    pub device_lifetime: TimeDelta,
    /// How long audit rows are stored; none: without limit.
    pub audit_retention: Option<TimeDelta>,
    /// Whether our metadata is signed.
    pub sign_metadata: bool,
    /// The fewest characters of a new password that is all that a user signs in with.
    pub min_password_length: u32,
    /// Who changes a user's e-mail address.
    pub email_change: EmailChangeRule,
    /// The domains of addresses that users may choose themselves.
    pub email_domains: Vec<EmailDomain>,
    /// Whether users need a second factor, where no group and no application says otherwise.
    pub second_factor: SecondFactorPolicy,
    /// The same for owners and administrators: no other rule asks less of them.
    pub second_factor_of_administrators: SecondFactorPolicy,
    /// For how long a second factor need not be given again on a device, if its user wishes; none: it always must.
    pub remember_device: Option<TimeDelta>,
}

impl Policy {
    /// The least that [`Self::min_password_length`] may be (NIST SP 800-63B-4, 3.1.1.2).
    pub const MIN_PASSWORD_LENGTH: u32 = 15;

    /// How long the ID of an answered request is remembered: for as long as the request is fresh, and in addition for
    /// as long as a copy of it can be pending.
    pub fn answered_request_retention(&self) -> TimeDelta {
        self.replay_retention + self.sign_in_lifetime
    }
}

impl Default for Policy {
    fn default() -> Self {
        let limit = |free, first_seconds, longest_minutes, forget_hours| ThrottlePolicy {
            free,
            first_pause: TimeDelta::seconds(first_seconds),
            longest_pause: TimeDelta::minutes(longest_minutes),
            forget_after: TimeDelta::hours(forget_hours),
        };
        Self {
            session_idle: TimeDelta::hours(8),
            session_absolute: TimeDelta::hours(24),
            sign_in_lifetime: TimeDelta::minutes(10),
            logout_lifetime: TimeDelta::minutes(10),
            assertion_lifetime: TimeDelta::minutes(5),
            not_before_skew: TimeDelta::seconds(60),
            request_max_age: TimeDelta::minutes(5),
            request_max_lead: TimeDelta::minutes(3),
            replay_retention: TimeDelta::minutes(10),
            throttle_pair: limit(5, 30, 60, 24),
            throttle_address: limit(20, 30, 10, 1),
            throttle_account: limit(50, 30, 60, 24),
            throttle_device: limit(10, 30, 60, 24),
            device_lifetime: TimeDelta::days(180),
            audit_retention: Some(TimeDelta::days(400)),
            sign_metadata: true,
            min_password_length: Self::MIN_PASSWORD_LENGTH,
            email_change: EmailChangeRule::default(),
            email_domains: Vec::new(),
            second_factor: SecondFactorPolicy::default(),
            second_factor_of_administrators: SecondFactorPolicy::new(SecondFactorRule::Required, None),
            remember_device: None,
        }
    }
}
