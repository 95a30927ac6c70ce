//! Signing a user in with e-mail address and password.

use chrono::{DateTime, Utc};

use crate::{
    credential::password::{Password, PasswordCheck},
    model::{
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationEvents},
        id::SessionId,
        reference::Reference,
        secret::{Secret, Token},
        session::Session,
        throttle::{NETWORK_HISTORY, RateLimit, networks},
        user::{Email, User, canonical_account},
    },
    provider::{
        audit::codes,
        error::Error,
        handle::SignIn,
        sign_in::credentials::Credentials,
        sign_in::throttle::{FAILURE_COUNTER, ThrottleBuckets, blocked_until, refund},
        visitor::Visitor,
    },
    store::Tx,
};

/// The outcome of a sign-in with a password.
#[derive(Debug)]
pub enum PasswordSignInOutcome {
    /// Set these cookies.
    SignedIn {
        /// The new token of the session.
        session: Token,
        /// The token that makes the device a known one.
        device: Token,
    },
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

/// A user whose password was correct when it was checked.
struct VerifiedPassword<'u> {
    user: &'u User,
    /// The hash that it was checked against.
    password_hash: Secret<String>,
    /// A stronger hash of the same password, if the stored one uses weaker parameters.
    rehash: Option<Secret<String>>,
}

impl SignIn<'_> {
    /// Checks the throttle without counting the attempt: a throttled attempt need not wait in the queue.
    pub fn check_sign_in_throttle(
        &self,
        credentials: &Credentials,
        visitor: &Visitor,
    ) -> Result<ThrottleCheck, Error> {
        let user = self.user_by_typed_email(credentials)?;
        let buckets = self.throttle_buckets(credentials, user.as_ref(), visitor)?;
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
                reference: self.record_throttled(visitor)?,
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
        let mut buckets = self.throttle_buckets(credentials, user.as_ref(), visitor)?;
        if let RateLimit::RetryAfter(until) = self.count_sign_in_attempt(&mut buckets)? {
            let reference = self.record_throttled(visitor)?;
            return Ok(PasswordSignInOutcome::Throttled { until, reference });
        }
        if let Some(verified) = self.check_password(credentials, user.as_ref())?
            && let Some(done) = self.begin_session(&verified, &buckets, visitor)?
        {
            return Ok(done);
        }
        self.record_wrong_credentials(user.as_ref(), &buckets, visitor)?;
        Ok(PasswordSignInOutcome::WrongCredentials)
    }

    /// The user, if the password is correct and they may sign in. An unknown user costs the same work.
    fn check_password<'u>(
        &self,
        credentials: &Credentials,
        user: Option<&'u User>,
    ) -> Result<Option<VerifiedPassword<'u>>, Error> {
        let hasher = &self.dependencies().hasher;
        // A password that could not have been set is hashed nevertheless, as another password.
        let password = Password::parse(credentials.password.expose());
        let stored = match user {
            Some(user) if user.enabled => self.store().read(|tx| tx.password_hash(user.id))?,
            Some(_) | None => self.store().read(|tx| tx.generation().map(|_same_work| None))?,
        };
        match (password, stored, user) {
            (Ok(password), Some(phc), Some(user)) => {
                let better = match hasher.verify(&password, &phc)? {
                    PasswordCheck::Correct => None,
                    PasswordCheck::CorrectNeedsRehash => Some(hasher.hash(&password, self.random())?),
                    PasswordCheck::Incorrect => return Ok(None),
                };
                Ok(Some(VerifiedPassword {
                    user,
                    password_hash: phc,
                    rehash: better,
                }))
            }
            (Ok(password), _, _) => {
                hasher.verify_dummy(&password)?;
                Ok(None)
            }
            (Err(_bad), _, _) => Ok(None),
        }
    }

    /// Starts a session; `None` if the password was changed or the user was disabled during the check.
    fn begin_session(
        &self,
        verified: &VerifiedPassword<'_>,
        buckets: &ThrottleBuckets,
        visitor: &Visitor,
    ) -> Result<Option<PasswordSignInOutcome>, Error> {
        let (now, user) = (self.now(), verified.user);
        // A device cookie that is not known as this user's was another user's, or was planted.
        let known = buckets.device.as_ref().and(visitor.device.as_ref());
        let (session, device) = (self.token(), known.map_or_else(|| self.token(), Token::duplicate));
        let before = self.active_session(visitor.session.as_ref())?;
        let fresh = Session {
            id: SessionId::new(now, self.random()),
            user: user.id,
            seed: Secret::new(self.random()),
            authentications: AuthenticationEvents::new(AuthenticationEvent::password(now)),
            last_seen_at: now,
            idle_expires_at: self.idle_expiry(now),
            expires_at: now + self.policy().session_absolute,
        };
        let mut event = self.event(AuditAction::SignIn, "ok", Some(visitor));
        event.user = Some(user.id);
        let mut other = self.event(AuditAction::Logout, "ok", Some(visitor));
        other.detail = Some("another person signed in".to_owned());
        let begun = self.store().write(|tx| {
            if !tx.still_may_sign_in(user.id, &verified.password_hash)? {
                return Ok(false);
            }
            if let Some(better) = &verified.rehash {
                tx.set_password_hash(user.id, better, now)?;
            }
            refund(tx, buckets, &self.policy())?;
            let mut renewed_session = None;
            if let (Some(before), Some(old)) = (&before, &visitor.session) {
                if before.user.id == user.id {
                    // The same session and participants, with a new token and new lifetimes.
                    let mut renewed = Session {
                        id: before.session.id,
                        seed: before.session.seed.duplicate(),
                        authentications: before.session.authentications.clone(),
                        ..fresh
                    };
                    renewed.authentications.record(AuthenticationEvent::password(now));
                    let taken = tx.renew_session(&renewed, old.hash(), session.hash())?;
                    renewed_session = taken.then_some(renewed.id);
                } else {
                    tx.end_session(before.session.id, now, "another person signed in")?;
                    let left = tx.participants(before.session.id)?.len();
                    if left > 0 {
                        other.detail = Some(format!(
                            "another person signed in; {left} of the applications of the one before were not told"
                        ));
                    }
                    other.user = Some(before.user.id);
                    other.session = Some(before.session.id);
                    tx.add_audit_event(&other)?;
                }
            }
            if renewed_session.is_none() {
                tx.add_session(&fresh, session.hash())?;
            }
            event.session = Some(renewed_session.unwrap_or(fresh.id));
            tx.add_known_device(device.hash(), user.id, now, now + self.policy().device_lifetime)?;
            for (network, _clients) in networks(visitor.address) {
                tx.add_network_user(&network, user.id, now + NETWORK_HISTORY)?;
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(begun.then_some(PasswordSignInOutcome::SignedIn { session, device }))
    }

    /// One write in either case: its duration does not reveal whether the account exists.
    fn record_wrong_credentials(
        &self,
        user: Option<&User>,
        buckets: &ThrottleBuckets,
        visitor: &Visitor,
    ) -> Result<(), Error> {
        let failed = |tx: &mut Tx| {
            tx.count_attempt(&buckets.account_and_network, &FAILURE_COUNTER, buckets.at)
                .map(drop)
        };
        let mut event = self.event(AuditAction::SignIn, codes::LOGIN_WRONG, Some(visitor));
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
        tracing::info!(action = "login", code = codes::LOGIN_WRONG, %reference, "refused");
        Ok(())
    }

    fn record_throttled(&self, visitor: &Visitor) -> Result<Reference, Error> {
        self.record_unproven_refusal(AuditAction::SignIn, codes::LOGIN_THROTTLED, visitor)
    }
}
