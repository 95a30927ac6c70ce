//! Second factors of others, for an administrator.

use crate::{
    mail::FactorsChange,
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        id::{SecondFactorId, SessionId},
        second_factor::{SecondFactor, SecondFactorRule},
        use_case::UseCase,
        user::User,
    },
    provider::{core::Provider, error::Error, handle::People},
};

/// The second factors of a user.
#[derive(Clone, Debug)]
pub struct UserFactors {
    pub factors: Vec<SecondFactor>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// Whether the user needs one wherever they sign in.
    pub rule: SecondFactorRule,
}

impl People<'_> {
    pub fn second_factors_of(&self, user: &User) -> Result<UserFactors, Error> {
        self.may(UseCase::ReadPeople)?;
        let (factors, recovery_codes) = self
            .store()
            .read(|tx| Ok((tx.second_factors(user.id)?, tx.count_recovery_codes(user.id)?)))?;
        Ok(UserFactors {
            factors: factors.into_iter().map(|stored| stored.factor).collect(),
            recovery_codes,
            rule: self
                .sign_in()
                .second_factor_rule(&*self.fresh_snapshot()?, user)?,
        })
    }

    /// Removes one of a user's second factors; with the last one, the recovery codes. `false` if there is none with this
    /// ID.
    pub fn remove_second_factor(&self, user: &User, id: SecondFactorId) -> Result<bool, Error> {
        let change = UseCase::Change(AuditAction::SecondFactorRemove);
        self.may(change)?;
        self.may_change(change, user.role)?;
        let event = self.user_event(AuditAction::SecondFactorRemove, user.id);
        self.remove_factor_of(user, id, None, event)
    }

    /// Removes all second factors of a user and the recovery codes, for somebody who has lost them; returns how many
    /// second factors there were. Ends the user's sessions.
    pub fn remove_second_factors(&self, user: &User) -> Result<usize, Error> {
        let change = UseCase::Change(AuditAction::SecondFactorRemove);
        self.may(change)?;
        self.may_change(change, user.role)?;
        let now = self.now();
        let mut event = self.user_event(AuditAction::SecondFactorRemove, user.id);
        let mail = self.factors_changed_mail(user, FactorsChange::AllRemoved)?;
        Ok(self.store().write(|tx| {
            let removed = tx.remove_all_second_factors(user.id, now)?;
            tx.end_other_sessions_of(user.id, None, now, "the second factors were removed")?;
            event.detail = Some(format!("all of them: {removed}"));
            if let Some(mail) = &mail {
                tx.add_job(mail)?;
            }
            tx.add_audit_event(&event)?;
            Ok(removed)
        })?)
    }
}

impl Provider {
    /// Removes a second factor of a user, ends the sessions but `own_session`, and records `event`.
    ///
    /// # Errors
    ///
    /// `NoOwnerLeft` of the store, if what the last owner has left are passkeys of a domain that was given up.
    pub(in crate::provider) fn remove_factor_of(
        &self,
        of: &User,
        id: SecondFactorId,
        own_session: Option<SessionId>,
        mut event: AuditEvent,
    ) -> Result<bool, Error> {
        let (now, user) = (self.now(), of.id);
        let known = self.store().read(|tx| tx.second_factors(user))?;
        let Some(stored) = known.iter().find(|stored| stored.factor.id == id) else {
            return Ok(false);
        };
        let (kind, name) = (stored.factor.kind, &stored.factor.name);
        event.detail = Some(format!("{}: {name}", kind.name()));
        let mail = self.factors_changed_mail(of, FactorsChange::Removed(kind, name.clone()))?;
        Ok(self.store().write(|tx| {
            tx.keeps_an_owner(|tx| {
                if !tx.remove_second_factor(user, id)? {
                    return Ok(false);
                }
                // Without a second factor there is nothing that they stand in for.
                if tx.count_second_factors(user)? == 0 {
                    tx.replace_recovery_codes(user, &[], now)?;
                }
                tx.forget_second_factor_devices(user)?;
                tx.end_other_sessions_of(user, own_session, now, "a second factor was removed")?;
                if let Some(mail) = &mail {
                    tx.add_job(mail)?;
                }
                tx.add_audit_event(&event)?;
                Ok(true)
            })
        })?)
    }
}
