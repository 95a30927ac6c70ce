//! A user who is signed in changes the password.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        audit_action::AuditAction,
        reference::Reference,
        second_factor::SecondFactorRule,
        secret::Secret,
        throttle::RateLimit,
        user::{User, UserSummary},
    },
    provider::{
        error::Error,
        handle::SignIn,
        sign_in::{
            begin_session::{Occasion, Replacement, SessionCookies},
            credentials::Credentials,
            password::ThrottleCheck,
            required_password::RefusedPassword,
        },
        visitor::Visitor,
    },
};

/// What a user typed.
#[derive(Debug)]
pub struct PasswordChange {
    pub current: Secret<String>,
    pub new: Secret<String>,
}

/// The outcome of a change.
#[derive(Debug)]
pub enum PasswordChangeOutcome {
    /// The user's other sessions have ended; this one has a new token.
    Changed(SessionCookies),
    /// The new password is not accepted; nothing was counted.
    Refused(RefusedPassword),
    WrongPassword,
    /// Too many failed attempts.
    Throttled {
        /// When the next attempt is checked.
        until: DateTime<Utc>,
        /// The reference of the audit event.
        reference: Reference,
    },
    /// The session lacks a second factor, which the user has: a stolen password alone replaces no password.
    SecondFactorFirst,
    SignedOut,
}

const ACTION: AuditAction = AuditAction::UserChangePassword;

impl SignIn<'_> {
    /// The user who is signed in, for the form.
    pub fn user_summary(&self, visitor: &Visitor) -> Result<Option<UserSummary>, Error> {
        Ok(self.signed_in_user(visitor)?.as_ref().map(UserSummary::from))
    }

    /// Checks the throttle without counting the attempt; `None` if nobody is signed in.
    pub fn check_change_throttle(&self, visitor: &Visitor) -> Result<Option<ThrottleCheck>, Error> {
        let Some(user) = self.signed_in_user(visitor)? else {
            return Ok(None);
        };
        let credentials = credentials_of(&user, String::new());
        self.check_throttle(&credentials, ACTION, visitor).map(Some)
    }

    /// Counts the attempt, checks the current password, and sets the new one. Ends the user's other sessions.
    pub fn change_password(
        &self,
        change: &PasswordChange,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<PasswordChangeOutcome, Error> {
        let Some(user) = self.signed_in_user(visitor)? else {
            return Ok(PasswordChangeOutcome::SignedOut);
        };
        if self.must_give_second_factor(&user, visitor)? {
            return Ok(PasswordChangeOutcome::SecondFactorFirst);
        }
        // Before the attempt is counted: what is refused here says nothing about the current password.
        let new = match self.parse_new_password(change.new.expose(), (&user).into(), organisation) {
            Ok(new) => new,
            Err(bad) => return Ok(PasswordChangeOutcome::Refused(RefusedPassword::Bad(bad))),
        };
        if new.is_same_as(&change.current) {
            return Ok(PasswordChangeOutcome::Refused(RefusedPassword::SameAsBefore));
        }
        let mut buckets = self.throttle_buckets(user.email.as_str(), Some(&user), visitor)?;
        if let RateLimit::RetryAfter(until) = self.count_sign_in_attempt(&mut buckets)? {
            let reference = self.record_throttled(ACTION, visitor)?;
            return Ok(PasswordChangeOutcome::Throttled { until, reference });
        }
        let credentials = credentials_of(&user, change.current.expose().clone());
        let Some(mut verified) = self.check_password(&credentials, Some(&user))? else {
            self.record_wrong_credentials(Some(&user), ACTION, &buckets, visitor)?;
            return Ok(PasswordChangeOutcome::WrongPassword);
        };
        verified.replacement =
            Replacement::NewPassword(self.dependencies().hasher.hash(&new, self.random())?);
        Ok(
            match self.begin_session(&verified, (&buckets, true), Occasion::PasswordChange, visitor)? {
                Some(cookies) => PasswordChangeOutcome::Changed(cookies),
                None => PasswordChangeOutcome::WrongPassword,
            },
        )
    }

    fn must_give_second_factor(&self, user: &User, visitor: &Visitor) -> Result<bool, Error> {
        let active = self.active_session(visitor.session.as_ref())?;
        let is_given = active.is_some_and(|active| active.session.authentications.is_multi_factor());
        if is_given || !self.store().read(|tx| tx.has_second_factor(user.id))? {
            return Ok(false);
        }
        Ok(self.second_factor_rule(&*self.fresh_snapshot()?, user)? != SecondFactorRule::Never)
    }

    fn signed_in_user(&self, visitor: &Visitor) -> Result<Option<User>, Error> {
        Ok(self
            .active_session(visitor.session.as_ref())?
            .map(|active| active.user))
    }
}

fn credentials_of(user: &User, password: String) -> Credentials {
    Credentials {
        email: user.email.as_str().to_owned(),
        password: Secret::new(password),
    }
}
