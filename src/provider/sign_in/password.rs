//! Signing a user in with e-mail address and password.

use chrono::{DateTime, Utc};

use crate::{
    credential::password::{Password, PasswordCheck},
    model::{
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationEvents},
        reference::Reference,
        throttle::RateLimit,
        user::{Email, User, canonical_account},
    },
    provider::{
        audit::codes,
        error::Error,
        handle::SignIn,
        sign_in::{
            begin_session::{Replacement, SessionCookies, VerifiedPassword},
            challenge::SecondFactorChallenge,
            credentials::Credentials,
            next_step::NextStep,
            required_password::RequiredPassword,
            throttle::{FAILURE_COUNTER, ThrottleBuckets, blocked_until},
        },
        visitor::Visitor,
    },
    store::Tx,
};

/// The outcome of a sign-in with a password.
#[derive(Debug)]
pub enum PasswordSignInOutcome {
    /// Set these cookies.
    SignedIn(SessionCookies),
    /// The password is correct, and the user has to choose another one before a session begins.
    PasswordRequired(RequiredPassword),
    /// The password is correct, and a second factor has to be given before a session begins.
    SecondFactorRequired(SecondFactorChallenge),
    /// The user is unknown or disabled, or the password is wrong: the page does not reveal which.
    WrongCredentials,
    /// Too many failed attempts.
    Throttled {
        /// When the next attempt is checked.
        until: DateTime<Utc>,
        /// The reference of the audit event.
        reference: Reference,
    },
}

/// The result of checking the throttle before an attempt is queued.
#[derive(Clone, Debug)]
pub enum ThrottleCheck {
    /// The password may be checked.
    Allowed {
        /// The user has signed in on this device before: places in the queue are reserved for such attempts.
        is_known_device: bool,
    },
    /// Too many failed attempts.
    Throttled {
        /// When the next attempt is checked.
        until: DateTime<Utc>,
        /// The reference of the audit event.
        reference: Reference,
    },
}

impl SignIn<'_> {
    /// Checks the throttle without counting the attempt: a throttled attempt need not wait in the queue.
    pub fn check_sign_in_throttle(
        &self,
        credentials: &Credentials,
        visitor: &Visitor,
    ) -> Result<ThrottleCheck, Error> {
        self.check_throttle(credentials, AuditAction::SignIn, visitor)
    }

    /// The same for any `action` that takes a password.
    pub(in crate::provider) fn check_throttle(
        &self,
        credentials: &Credentials,
        action: AuditAction,
        visitor: &Visitor,
    ) -> Result<ThrottleCheck, Error> {
        let user = self.user_by_typed_email(credentials)?;
        let buckets = self.throttle_buckets(&credentials.email, user.as_ref(), visitor)?;
        let (now, policy) = (buckets.at, self.policy());
        let (is_known, until) = self.store().read(|tx| {
            let own = match &buckets.device {
                Some(device) => tx.blocked_until(device, &policy.throttle_device, now)?.is_none(),
                None => false,
            };
            let until = if own {
                None
            } else {
                blocked_until(tx, &buckets, &policy)?
            };
            Ok((own, until))
        })?;
        match until {
            None => Ok(ThrottleCheck::Allowed {
                is_known_device: is_known,
            }),
            Some(until) => Ok(ThrottleCheck::Throttled {
                until,
                reference: self.record_throttled(action, visitor)?,
            }),
        }
    }

    fn user_by_typed_email(&self, credentials: &Credentials) -> Result<Option<User>, Error> {
        match Email::parse(&canonical_account(&credentials.email)) {
            Ok(email) => Ok(self.store().read(|tx| tx.user_by_email(&email))?),
            Err(_no_address) => Ok(None),
        }
    }

    /// Counts the attempt, checks the password, and starts a session (or renews the one of the same user in the same
    /// browser).
    pub fn sign_in_with_password(
        &self,
        credentials: &Credentials,
        visitor: &Visitor,
    ) -> Result<PasswordSignInOutcome, Error> {
        let user = self.user_by_typed_email(credentials)?;
        let mut buckets = self.throttle_buckets(&credentials.email, user.as_ref(), visitor)?;
        if let RateLimit::RetryAfter(until) = self.count_sign_in_attempt(&mut buckets)? {
            let reference = self.record_throttled(AuditAction::SignIn, visitor)?;
            return Ok(PasswordSignInOutcome::Throttled { until, reference });
        }
        if let Some(verified) = self.check_password(credentials, user.as_ref())? {
            match self.next_step(verified, (&buckets, true), visitor)? {
                Some(NextStep::SecondFactor(challenge)) => {
                    return Ok(PasswordSignInOutcome::SecondFactorRequired(challenge));
                }
                Some(NextStep::NewPassword(required)) => {
                    return Ok(PasswordSignInOutcome::PasswordRequired(required));
                }
                Some(NextStep::SignedIn(cookies)) => return Ok(PasswordSignInOutcome::SignedIn(cookies)),
                None => {}
            }
        }
        self.record_wrong_credentials(user.as_ref(), AuditAction::SignIn, &buckets, visitor)?;
        Ok(PasswordSignInOutcome::WrongCredentials)
    }

    /// The user, if the password is correct and they may sign in. An unknown user costs the same work.
    pub(in crate::provider) fn check_password<'u>(
        &self,
        credentials: &Credentials,
        user: Option<&'u User>,
    ) -> Result<Option<VerifiedPassword<'u>>, Error> {
        let hasher = &self.dependencies().hasher;
        // A password that could not have been set is hashed nevertheless, as another password.
        let password = Password::parse(credentials.password.expose());
        let stored = match user {
            Some(user) if user.enabled => self.store().read(|tx| tx.stored_password(user.id))?,
            Some(_) | None => self.store().read(|tx| tx.generation().map(|_same_work| None))?,
        };
        match (password, stored, user) {
            (Ok(password), Some(stored), Some(user)) => {
                let replacement = match hasher.verify(&password, &stored.phc)? {
                    PasswordCheck::CorrectNeedsRehash if !stored.must_change => {
                        Replacement::Rehash(hasher.hash(&password, self.random())?)
                    }
                    PasswordCheck::Correct | PasswordCheck::CorrectNeedsRehash => Replacement::None,
                    PasswordCheck::Incorrect => return Ok(None),
                };
                Ok(Some(VerifiedPassword {
                    user,
                    stored,
                    proved: AuthenticationEvents::new(AuthenticationEvent::password(self.now())),
                    remember_until: None,
                    replacement,
                }))
            }
            (Ok(password), _, _) => {
                hasher.verify_dummy(&password)?;
                Ok(None)
            }
            (Err(_bad), _, _) => Ok(None),
        }
    }

    /// One write in either case: its duration does not reveal whether the account exists.
    pub(in crate::provider) fn record_wrong_credentials(
        &self,
        user: Option<&User>,
        action: AuditAction,
        buckets: &ThrottleBuckets,
        visitor: &Visitor,
    ) -> Result<(), Error> {
        let failed = |tx: &mut Tx| {
            tx.count_attempt(&buckets.account_and_network, &FAILURE_COUNTER, buckets.at)
                .map(drop)
        };
        let mut event = self.event(action, codes::LOGIN_WRONG, Some(visitor));
        event.user = user.map(|user| user.id);
        let reference = if user.is_some() {
            // The throttle limits how many there are: each has its own audit event and log line.
            self.store().write(|tx| {
                failed(tx)?;
                tx.add_audit_event(&event)
            })?;
            Reference::from_request_id(event.request_id.as_deref().unwrap_or_default())
        } else {
            event.unauthenticated = true;
            let recorded = self.count_refusal_with(&event, failed)?;
            if !recorded.is_logged {
                return Ok(());
            }
            recorded.reference
        };
        tracing::info!(action = action.as_str(), code = codes::LOGIN_WRONG, %reference, "refused");
        Ok(())
    }

    pub(in crate::provider) fn record_throttled(
        &self,
        action: AuditAction,
        visitor: &Visitor,
    ) -> Result<Reference, Error> {
        self.record_unproven_refusal(action, codes::LOGIN_THROTTLED, visitor)
    }
}
