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
        user::UserSummary,
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

/// Recovery codes that are shown once.
#[derive(Debug)]
pub struct NewRecoveryCodes {
    pub user: UserSummary,
    pub codes: Vec<Secret<String>>,
    pub made_at: DateTime<Utc>,
}

/// What is stored once the user has proved it.
pub(in crate::provider) struct NewFactor<'a> {
    pub(in crate::provider) stored: &'a StoredFactor,
    /// What the user has proved with it by then.
    pub(in crate::provider) method: AuthenticationMethod,
    /// Where the attempts were counted.
    pub(in crate::provider) bucket: &'a str,
    /// Recovery codes come with it.
    pub(in crate::provider) needs_codes: bool,
}

impl SignIn<'_> {
    /// Stores it, and asks for it wherever else the user is signed in; `None` if the session has ended or was renewed
    /// meanwhile.
    pub(in crate::provider) fn add_own_factor(
        &self,
        active: &ActiveSession,
        new: &NewFactor<'_>,
        visitor: &Visitor,
    ) -> Result<Option<Enrolled>, Error> {
        let (user, now, factor) = (&active.user, self.now(), &new.stored.factor);
        let codes = if new.needs_codes {
            self.new_recovery_codes()
        } else {
            Vec::new()
        };
        let hashes = hashes(&codes);
        let proof = AuthenticationEvent {
            method: new.method,
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
            tx.clear_attempts(new.bucket)?;
            tx.add_second_factor(new.stored)?;
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
        Ok(token.map(|session| Enrolled {
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
