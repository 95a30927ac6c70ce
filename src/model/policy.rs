//! How long things live, and how much of them there may be.

use chrono::TimeDelta;

use crate::model::throttle::ThrottlePolicy;

/// Every lifetime and limit, in one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// A session ends when its browser stays away for this long.
    pub session_idle: TimeDelta,
    /// A session ends this long after it began, whatever happens.
    pub session_absolute: TimeDelta,
    /// How long a person may take over logging in.
    pub sign_in_lifetime: TimeDelta,
    /// How long the applications of a session that ended may be told so.
    pub logout_lifetime: TimeDelta,
    /// How long an assertion may be presented.
    pub assertion_lifetime: TimeDelta,
    /// How far `NotBefore` lies back, for service providers whose clock is behind.
    pub not_before_skew: TimeDelta,
    /// How old a request may be.
    pub request_max_age: TimeDelta,
    /// How far ahead of our clock a request may be.
    pub request_max_lead: TimeDelta,
    /// How long a request can be fresh, at most: for so long its ID is remembered, and longer by what a copy
    /// of it could wait (`sign_on_lifetime`).
    pub replay_retention: TimeDelta,
    /// Failed logins for one account from one address.
    pub throttle_pair: ThrottlePolicy,
    /// Failed logins from one address, whoever they are for.
    pub throttle_address: ThrottlePolicy,
    /// Failed logins for one account, wherever they come from.
    pub throttle_account: ThrottlePolicy,
    /// Failed logins on a device on which that person has signed in before.
    pub throttle_device: ThrottlePolicy,
    /// How long a device is known.
    pub device_lifetime: TimeDelta,
    /// How long audit rows are kept; none: for ever.
    pub audit_retention: Option<TimeDelta>,
    /// Whether our metadata bears a signature.
    pub sign_metadata: bool,
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
            audit_retention: None,
            sign_metadata: true,
        }
    }
}
