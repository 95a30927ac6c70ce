//! A second factor that its user has just set up, of whatever kind.

use chrono::{DateTime, Utc};

use crate::{
    credential::recovery_code::{RecoveryCode, RecoveryCodeHash},
    mail::FactorsChange,
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationMethod},
        second_factor::{FactorName, SecondFactorKind},
        secret::{Secret, Token},
        throttle::RateLimit,
        user::{User, UserSummary},
    },
    provider::{error::Error, handle::SignIn, session::ActiveSession, visitor::Visitor},
    store::StoredFactor,
};

/// How many second factors a user may have: each code is held against all of them.
pub const MAX_FACTORS: usize = 8;

/// A second factor is set up.
#[derive(Debug)]
pub struct Enrolled {
    /// The new token of the session.
    pub session: Token,
    /// The user's first recovery codes, unless there are some already.
    pub recovery_codes: Option<NewRecoveryCodes>,
}

/// The outcome of setting up a second factor.
#[derive(Debug)]
pub enum FactorEnrolment<R> {
    Enrolled(Enrolled),
    /// What the user gave is not taken, and why.
    Refused(R),
    /// Too many attempts: the user has to wait until then.
    Throttled {
        until: DateTime<Utc>,
    },
    /// The user has as many as they can have, and has to remove one first.
    TooMany,
    /// What was to be set up is not of this user in this browser, or too old.
    Expired,
}

/// Why nothing that the user gives is looked at.
pub(in crate::provider) enum Hindrance {
    Throttled { until: DateTime<Utc> },
    TooMany,
}

impl<R> From<Hindrance> for FactorEnrolment<R> {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Throttled { until } => Self::Throttled { until },
            Hindrance::TooMany => Self::TooMany,
        }
    }
}

/// Recovery codes that are shown once.
#[derive(Debug)]
pub struct NewRecoveryCodes {
    pub user: UserSummary,
    pub codes: Vec<Secret<String>>,
    pub made_at: DateTime<Utc>,
}

/// An attempt to set one up, which was counted.
pub(in crate::provider) struct FactorAttempt {
    /// The second factors that the user has.
    pub(in crate::provider) known: Vec<StoredFactor>,
    /// Where the attempts were counted.
    bucket: String,
    /// Recovery codes come with it.
    needs_codes: bool,
}

impl SignIn<'_> {
    pub(in crate::provider) fn begin_factor_attempt(
        &self,
        user: &User,
        visitor: &Visitor,
    ) -> Result<Result<FactorAttempt, Hindrance>, Error> {
        let now = self.now();
        let (known, codes_left) = self
            .store()
            .read(|tx| Ok((tx.second_factors(user.id)?, tx.count_recovery_codes(user.id)?)))?;
        if known.len() >= MAX_FACTORS {
            return Ok(Err(Hindrance::TooMany));
        }
        let bucket = self.second_factor_bucket(user, visitor)?;
        let limit = self.policy().throttle_pair;
        if let RateLimit::RetryAfter(until) =
            self.store().write(|tx| tx.count_attempt(&bucket, &limit, now))?
        {
            return Ok(Err(Hindrance::Throttled { until }));
        }
        Ok(Ok(FactorAttempt {
            needs_codes: known.is_empty() || codes_left == 0,
            known,
            bucket,
        }))
    }

    /// Stores what the user has proved by `method`, and asks for it wherever else they are signed in. It has expired if
    /// the session has ended or was renewed meanwhile.
    pub(in crate::provider) fn add_own_factor<R>(
        &self,
        active: &ActiveSession,
        attempt: &FactorAttempt,
        (stored, method): (&StoredFactor, AuthenticationMethod),
        visitor: &Visitor,
    ) -> Result<FactorEnrolment<R>, Error> {
        let (user, now, factor) = (&active.user, self.now(), &stored.factor);
        let codes = if attempt.needs_codes {
            self.new_recovery_codes()
        } else {
            Vec::new()
        };
        let hashes = hashes(&codes);
        let proof = AuthenticationEvent {
            method,
            at: now,
            credential: Some(factor.id.to_string()),
        };
        let event = AuditEvent {
            detail: Some(format!("{}: {}", factor.kind.name(), factor.name)),
            ..self.own_event(AuditAction::SecondFactorAdd, active, visitor)
        };
        let mail = self.factors_changed_mail(user, FactorsChange::Added(factor.kind, factor.name.clone()))?;
        let token = self.prove_in_session(active, proof, visitor, |tx| {
            if let Some(mail) = &mail {
                tx.add_job(mail)?;
            }
            tx.clear_attempts(&attempt.bucket)?;
            tx.add_second_factor(stored)?;
            tx.forget_second_factor_devices(user.id)?;
            if let Some(device) = &visitor.device {
                tx.trust_device(device.hash(), user.id)?;
            }
            // Whoever signed in elsewhere with the password alone is asked for it too.
            tx.end_other_sessions_of(user.id, Some(active.session.id), now, "a second factor was added")?;
            if !hashes.is_empty() {
                tx.replace_recovery_codes(user.id, &hashes, now)?;
            }
            tx.add_audit_event(&event)
        })?;
        let Some(session) = token else {
            return Ok(FactorEnrolment::Expired);
        };
        Ok(FactorEnrolment::Enrolled(Enrolled {
            session,
            recovery_codes: (!codes.is_empty()).then(|| NewRecoveryCodes {
                user: user.into(),
                codes: codes.iter().map(RecoveryCode::to_text).collect(),
                made_at: now,
            }),
        }))
    }

    pub(in crate::provider) fn own_event(
        &self,
        action: AuditAction,
        active: &ActiveSession,
        visitor: &Visitor,
    ) -> AuditEvent {
        AuditEvent {
            user: Some(active.user.id),
            session: Some(active.session.id),
            ..self.event(action, "ok", Some(visitor))
        }
    }

    pub(in crate::provider) fn new_recovery_codes(&self) -> Vec<RecoveryCode> {
        RecoveryCode::new_set(|| self.random()).into()
    }
}

pub(in crate::provider) fn hashes(codes: &[RecoveryCode]) -> Vec<[u8; 32]> {
    let hashes = codes.iter().map(RecoveryCode::hash);
    hashes.map(|hash: RecoveryCodeHash| *hash.as_bytes()).collect()
}

/// The name of a second factor that was given none.
pub(in crate::provider) fn free_name(kind: SecondFactorKind, known: &[StoredFactor]) -> FactorName {
    let is_free = |name: &FactorName| known.iter().all(|stored| stored.factor.name != *name);
    (1..=MAX_FACTORS + 1)
        .map(|number| FactorName::default_of(kind, number))
        .find(is_free)
        .unwrap_or_else(|| FactorName::default_of(kind, 1))
}
