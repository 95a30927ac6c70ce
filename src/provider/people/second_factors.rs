//! Second factors of others, for an administrator.

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        id::{SecondFactorId, UserId},
        second_factor::{SecondFactor, SecondFactorRule},
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
        let (factors, recovery_codes) = self
            .store()
            .read(|tx| Ok((tx.second_factors(user.id)?, tx.count_recovery_codes(user.id)?)))?;
        Ok(UserFactors {
            factors: factors.into_iter().map(|stored| stored.factor).collect(),
            recovery_codes,
            rule: self
                .sign_in()
                .second_factor_rule(&*self.fresh_snapshot()?, user.id)?,
        })
    }

    /// Removes one of a user's second factors; with the last one, the recovery codes. `false` if there is none with this
    /// ID.
    pub fn remove_second_factor(&self, user: &User, id: SecondFactorId) -> Result<bool, Error> {
        let event = self.user_event(AuditAction::SecondFactorRemove, user.id);
        self.remove_factor_of(user.id, id, event)
    }

    /// Removes all second factors of a user and the recovery codes, for somebody who has lost them; returns how many
    /// second factors there were. Ends the user's sessions.
    pub fn remove_second_factors(&self, user: &User) -> Result<usize, Error> {
        let now = self.now();
        let mut event = self.user_event(AuditAction::SecondFactorRemove, user.id);
        Ok(self.store().write(|tx| {
            let factors = tx.second_factors(user.id)?;
            for stored in &factors {
                tx.remove_second_factor(user.id, stored.factor.id)?;
            }
            tx.replace_recovery_codes(user.id, &[], now)?;
            tx.forget_second_factor_devices(user.id)?;
            tx.end_other_sessions_of(user.id, None, now, "the second factors were removed")?;
            event.detail = Some(format!("all of them: {}", factors.len()));
            tx.add_audit_event(&event)?;
            Ok(factors.len())
        })?)
    }
}

impl Provider {
    /// Removes a second factor of a user, and records `event`.
    pub(in crate::provider) fn remove_factor_of(
        &self,
        user: UserId,
        id: SecondFactorId,
        mut event: AuditEvent,
    ) -> Result<bool, Error> {
        let now = self.now();
        Ok(self.store().write(|tx| {
            let factors = tx.second_factors(user)?;
            let Some(stored) = factors.iter().find(|stored| stored.factor.id == id) else {
                return Ok(false);
            };
            tx.remove_second_factor(user, id)?;
            // Without a second factor there is nothing that they stand in for.
            if factors.len() == 1 {
                tx.replace_recovery_codes(user, &[], now)?;
            }
            tx.forget_second_factor_devices(user)?;
            event.detail = Some(format!("{}: {}", stored.factor.kind.name(), stored.factor.name));
            tx.add_audit_event(&event)?;
            Ok(true)
        })?)
    }
}
