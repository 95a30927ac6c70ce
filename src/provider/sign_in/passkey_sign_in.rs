//! Signing a user in with a passkey alone.

use chrono::{DateTime, Utc};

use crate::{
    credential::passkey::{PasskeyAnswer, Refused},
    model::{
        audit_action::AuditAction, authentication::AuthenticationEvents, reference::Reference,
        second_factor::SecondFactorRule, throttle::RateLimit, user::User,
    },
    provider::{
        audit::codes,
        error::Error,
        handle::SignIn,
        sign_in::{
            begin_session::{Replacement, SessionCookies, VerifiedPassword},
            next_step::NextStep,
            passkey::{CeremonyPurpose, PasskeyProof, PasskeyRefusal},
            required_password::RequiredPassword,
        },
        visitor::Visitor,
    },
    store::StoredFactor,
};

/// The outcome of a sign-in with a passkey.
#[derive(Debug)]
pub enum PasskeySignInOutcome {
    /// Set these cookies.
    SignedIn(SessionCookies),
    /// The user has to choose another password before a session begins.
    PasswordRequired(RequiredPassword),
    /// The page does not reveal why.
    Refused {
        /// The reference of the audit event.
        reference: Reference,
    },
    /// Too many failed attempts.
    Throttled {
        /// When the next attempt is checked.
        until: DateTime<Utc>,
        /// The reference of the audit event.
        reference: Reference,
    },
    /// The page was open for too long, or in another browser.
    Expired,
}

impl SignIn<'_> {
    /// Counts the attempt, verifies the answer, and starts a session as a password and a second factor would.
    pub fn sign_in_with_passkey(
        &self,
        proof: &PasskeyProof,
        visitor: &Visitor,
    ) -> Result<PasskeySignInOutcome, Error> {
        let Some(ceremony) = self.open_ceremony(CeremonyPurpose::SignIn, &proof.state, visitor)? else {
            return Ok(PasskeySignInOutcome::Expired);
        };
        let answer = PasskeyAnswer::parse(&proof.answer);
        let known = match &answer {
            Some(answer) => self.passkey_and_user(answer)?,
            None => None,
        };
        let user = known.as_ref().map(|(_, user)| user);
        let email = user.map_or("", |user| user.email.as_str());
        let buckets = self.throttle_buckets(email, user, visitor)?;
        let own_bucket = match user {
            Some(user) => Some(self.second_factor_bucket(user, visitor)?),
            None => None,
        };
        if let RateLimit::RetryAfter(until) = self.count_passkey_attempt(own_bucket.as_deref(), &buckets)? {
            let action = AuditAction::SignIn;
            let reference = self.record_unproven_refusal(action, codes::FACTOR_THROTTLED, visitor)?;
            return Ok(PasskeySignInOutcome::Throttled { until, reference });
        }
        let (Some(answer), Some((stored, user))) = (&answer, &known) else {
            let reference =
                self.record_unproven_refusal(AuditAction::SignIn, codes::PASSKEY_REFUSED, visitor)?;
            return Ok(PasskeySignInOutcome::Refused { reference });
        };
        // Whoever was not asked before has no handle, and says nothing about who they are.
        let proved = if answer.user_handle().is_none() {
            Err(Refused::Malformed.into())
        } else {
            self.check_passkey(stored, &ceremony, answer, visitor)?
        };
        let proved = match proved {
            Ok(event) if !self.is_never_asked(user)? => event,
            Ok(_event) => return self.refuse_passkey(user, PasskeyRefusal::NeverAsked, visitor),
            Err(refusal) => return self.refuse_passkey(user, refusal, visitor),
        };
        self.refund_passkey_attempt(own_bucket.as_deref(), &buckets)?;
        let password = self.store().read(|tx| tx.stored_password(user.id))?;
        let Some(password) = password.filter(|_| user.enabled) else {
            return self.refuse_passkey(user, PasskeyRefusal::Unknown, visitor);
        };
        let verified = VerifiedPassword {
            user,
            stored: password,
            proved: AuthenticationEvents::new(proved),
            remember_until: None,
            replacement: Replacement::None,
        };
        // The attempt was not counted among those with a password.
        match self.next_step(verified, (&buckets, false), visitor)? {
            Some(NextStep::SignedIn(cookies)) => Ok(PasskeySignInOutcome::SignedIn(cookies)),
            Some(NextStep::NewPassword(required)) => Ok(PasskeySignInOutcome::PasswordRequired(required)),
            // A passkey is both factors.
            Some(NextStep::SecondFactor(_)) | None => {
                self.refuse_passkey(user, PasskeyRefusal::Removed, visitor)
            }
        }
    }

    fn passkey_and_user(&self, answer: &PasskeyAnswer) -> Result<Option<(StoredFactor, User)>, Error> {
        Ok(self.store().read(|tx| {
            let Some(stored) = tx.passkey_by_credential(answer.credential_id())? else {
                return Ok(None);
            };
            let user = tx.user(stored.factor.user)?;
            Ok(user.map(|user| (stored, user)))
        })?)
    }

    fn is_never_asked(&self, user: &User) -> Result<bool, Error> {
        let rule = self.second_factor_rule(&*self.fresh_snapshot()?, user)?;
        Ok(rule == SecondFactorRule::Never)
    }

    fn refuse_passkey(
        &self,
        user: &User,
        refusal: PasskeyRefusal,
        visitor: &Visitor,
    ) -> Result<PasskeySignInOutcome, Error> {
        let (action, code) = (AuditAction::SignIn, codes::PASSKEY_REFUSED);
        let event = self.refused_passkey_event(action, code, (user.id, refusal), visitor);
        let reference = Reference::from_request_id(event.request_id.as_deref().unwrap_or_default());
        self.store().write(|tx| tx.add_audit_event(&event))?;
        tracing::info!(action = action.as_str(), code, %reference, "refused");
        Ok(PasskeySignInOutcome::Refused { reference })
    }
}
