//! Asking for a second factor: in the middle of a sign-in, or in a session that lacks one.

use chrono::{DateTime, Utc};

use crate::{
    credential::{recovery_code::RecoveryCode, totp::TotpSecret},
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationMethod},
        id::UserId,
        reference::Reference,
        secret::{Secret, Token},
        text::hex,
        throttle::RateLimit,
        user::User,
    },
    provider::{
        audit::codes,
        error::Error,
        handle::SignIn,
        session::ActiveSession,
        sign_in::{
            begin_session::{Replacement, SessionCookies},
            challenge::SecondFactorChallenge,
            next_step::NextStep,
            passkey::PasskeyProof,
            required_password::RequiredPassword,
            throttle::second_factor_bucket_of,
            ticket::{OpenTicket, TicketStep},
        },
        visitor::Visitor,
    },
    store::{StoredFactor, Tx},
};

/// What a user gave.
#[derive(Debug)]
pub enum FactorProof {
    /// A one-time password or a recovery code, in any spelling.
    Code(Secret<String>),
    Passkey(PasskeyProof),
}

#[derive(Debug)]
pub struct SecondFactorAnswer {
    pub proof: FactorProof,
    /// Not to be asked again on this device.
    pub remember: bool,
}

/// The outcome of an answer.
#[derive(Debug)]
pub enum SecondFactorOutcome {
    SignedIn(SessionCookies),
    /// The session now has the second factor, and this token.
    SteppedUp(Token),
    /// The user has to choose a new password before the session begins.
    PasswordRequired(RequiredPassword),
    WrongCode(SecondFactorChallenge),
    PasskeyRefused(SecondFactorChallenge),
    /// Too many failed attempts.
    Throttled {
        challenge: SecondFactorChallenge,
        /// When the next attempt is checked.
        until: DateTime<Utc>,
        /// The reference of the audit event.
        reference: Reference,
    },
    /// The user took too long, or is no longer signed in: the sign-in starts anew.
    Expired,
}

/// What an answer is part of.
enum Basis {
    Ticket(Box<OpenTicket>),
    Session(Box<ActiveSession>),
}

impl Basis {
    fn user(&self) -> &User {
        match self {
            Self::Ticket(open) => &open.user,
            Self::Session(active) => &active.user,
        }
    }

    const fn action(&self) -> AuditAction {
        match self {
            Self::Ticket(_) => AuditAction::SignIn,
            Self::Session(_) => AuditAction::StepUp,
        }
    }
}

impl SignIn<'_> {
    /// Counts the attempt, checks the code, and goes on: to the session, or to the new password that has to be chosen.
    pub fn give_second_factor(
        &self,
        ticket: Option<&str>,
        answer: &SecondFactorAnswer,
        visitor: &Visitor,
    ) -> Result<SecondFactorOutcome, Error> {
        let basis = match ticket {
            Some(ticket) => self
                .open_ticket(TicketStep::SecondFactor, ticket, visitor)?
                .map(|open| Basis::Ticket(Box::new(open))),
            None => self
                .active_session(visitor.session.as_ref())?
                .map(|active| Basis::Session(Box::new(active))),
        };
        let Some(basis) = basis else {
            return Ok(SecondFactorOutcome::Expired);
        };
        let user = basis.user();
        let challenge = || self.challenge(user, ticket.map(str::to_owned), visitor);
        let bucket = self.second_factor_bucket(user, visitor)?;
        let (now, limit) = (self.now(), self.policy().throttle_pair);
        if let RateLimit::RetryAfter(until) =
            self.store().write(|tx| tx.count_attempt(&bucket, &limit, now))?
        {
            let reference = self.record_unproven_refusal(basis.action(), codes::FACTOR_THROTTLED, visitor)?;
            return Ok(SecondFactorOutcome::Throttled {
                challenge: challenge()?,
                until,
                reference,
            });
        }
        let event = match &answer.proof {
            FactorProof::Code(code) => {
                let Some(event) = self.check_second_factor(user.id, code)? else {
                    let event = self.event(basis.action(), codes::FACTOR_WRONG, Some(visitor));
                    self.record_wrong_factor(&basis, event)?;
                    return Ok(SecondFactorOutcome::WrongCode(challenge()?));
                };
                event
            }
            FactorProof::Passkey(proof) => match self.check_second_passkey(user.id, proof, visitor)? {
                Ok(event) => event,
                Err(refusal) => {
                    let (action, code) = (basis.action(), codes::PASSKEY_REFUSED);
                    let event = self.refused_passkey_event(action, code, (user.id, refusal), visitor);
                    self.record_wrong_factor(&basis, event)?;
                    return Ok(SecondFactorOutcome::PasskeyRefused(challenge()?));
                }
            },
        };
        self.store().write(|tx| tx.clear_attempts(&bucket))?;
        match &basis {
            Basis::Session(active) => self.step_up(active, event, visitor),
            Basis::Ticket(open) => self.go_on(open, event, answer.remember, visitor),
        }
    }

    /// The ticket is used up by the code, which is good once.
    fn go_on(
        &self,
        open: &OpenTicket,
        event: AuthenticationEvent,
        remember: bool,
        visitor: &Visitor,
    ) -> Result<SecondFactorOutcome, Error> {
        let (buckets, is_counted) = self.buckets_of(open, visitor)?;
        let mut verified = open.verified(Replacement::None);
        verified.proved.record(event);
        let lifetime = self.policy().remember_device.filter(|_| remember);
        verified.remember_until = lifetime.map(|lifetime| self.now() + lifetime);
        Ok(match self.next_step(verified, (&buckets, is_counted), visitor)? {
            Some(NextStep::SignedIn(cookies)) => SecondFactorOutcome::SignedIn(cookies),
            Some(NextStep::NewPassword(required)) => SecondFactorOutcome::PasswordRequired(required),
            Some(NextStep::SecondFactor(challenge)) => SecondFactorOutcome::WrongCode(challenge),
            None => SecondFactorOutcome::Expired,
        })
    }

    /// Adds `event` to what the session proves, and gives it a new token.
    fn step_up(
        &self,
        active: &ActiveSession,
        event: AuthenticationEvent,
        visitor: &Visitor,
    ) -> Result<SecondFactorOutcome, Error> {
        let audit_event = AuditEvent {
            user: Some(active.user.id),
            session: Some(active.session.id),
            ..self.event(AuditAction::StepUp, "ok", Some(visitor))
        };
        let taken = self.prove_in_session(active, event, visitor, |tx| {
            if let Some(device) = &visitor.device {
                tx.trust_device(device.hash(), active.user.id)?;
            }
            tx.add_audit_event(&audit_event)
        })?;
        Ok(taken.map_or(SecondFactorOutcome::Expired, SecondFactorOutcome::SteppedUp))
    }

    /// Adds `event` to what the session proves, along with `work`; returns its new token, or nothing if the session has
    /// ended or was renewed meanwhile.
    pub(in crate::provider) fn prove_in_session(
        &self,
        active: &ActiveSession,
        event: AuthenticationEvent,
        visitor: &Visitor,
        work: impl FnOnce(&mut Tx) -> Result<(), crate::store::Error>,
    ) -> Result<Option<Token>, Error> {
        let Some(old) = &visitor.session else {
            return Ok(None);
        };
        let (now, new) = (self.now(), self.token());
        let renewed = active.session.with_event(event, now, self.idle_expiry(now));
        let taken = self.store().write(|tx| {
            let taken = tx.renew_session(&renewed, old.hash(), new.hash())?;
            if taken {
                work(tx)?;
            }
            Ok(taken)
        })?;
        Ok(taken.then_some(new))
    }

    /// Where attempts with a second factor are counted: on a device on which the user has given one before, apart from
    /// those of others who know the password. A device that is known by a password alone is not enough: whoever knows it
    /// could have any number of them.
    pub(in crate::provider) fn second_factor_bucket(
        &self,
        user: &User,
        visitor: &Visitor,
    ) -> Result<String, Error> {
        if let Some(device) = &visitor.device {
            let (now, hash) = (self.now(), device.hash());
            if self.store().read(|tx| tx.is_trusted_device(hash, user.id, now))? {
                return Ok(format!("factor-device:{}", hex(hash.as_bytes())));
            }
        }
        Ok(second_factor_bucket_of(user.id))
    }

    /// The proof, if the code is one of the user's and was not used before.
    pub(in crate::provider) fn check_second_factor(
        &self,
        user: UserId,
        code: &Secret<String>,
    ) -> Result<Option<AuthenticationEvent>, Error> {
        let now = self.now();
        let proof = |credential: String| AuthenticationEvent {
            method: AuthenticationMethod::OneTimePassword,
            at: now,
            credential: Some(credential),
        };
        if let Some(code) = RecoveryCode::parse(code.expose()) {
            let hash = code.hash();
            // Without a second factor there is nothing that it stands in for.
            let is_own = self.store().write(|tx| {
                Ok(tx.has_second_factor(user)? && tx.use_recovery_code(user, hash.as_bytes())?)
            })?;
            return Ok(is_own.then(|| proof(AuthenticationEvent::RECOVERY_CODE.to_owned())));
        }
        for stored in self.store().read(|tx| tx.second_factors(user))? {
            let Some(secret) = self.open_totp(&stored)? else {
                continue;
            };
            let step = secret.matching_step(code.expose(), now).map_err(Error::Totp)?;
            let Some(step) = step.and_then(|step| i64::try_from(step).ok()) else {
                continue;
            };
            let id = stored.factor.id;
            if self.store().write(|tx| tx.accept_step(id, step, now))? {
                return Ok(Some(proof(id.to_string())));
            }
        }
        Ok(None)
    }

    fn open_totp(&self, stored: &StoredFactor) -> Result<Option<TotpSecret>, Error> {
        let factor = &stored.factor;
        let opened = self.factor_key().open(factor.id, factor.user, &stored.sealed)?;
        let secret = opened.and_then(|plain| plain.expose().as_slice().try_into().ok());
        if secret.is_none() {
            tracing::error!(id = %factor.id, "a second factor cannot be opened with the sealing key");
        }
        Ok(secret.map(TotpSecret::new))
    }

    fn record_wrong_factor(&self, basis: &Basis, mut event: AuditEvent) -> Result<(), Error> {
        event.user = Some(basis.user().id);
        if let Basis::Session(active) = basis {
            event.session = Some(active.session.id);
        }
        let reference = Reference::from_request_id(event.request_id.as_deref().unwrap_or_default());
        self.store().write(|tx| tx.add_audit_event(&event))?;
        let (action, code) = (event.action.as_str(), event.outcome);
        tracing::info!(action, code, %reference, "refused");
        Ok(())
    }
}
