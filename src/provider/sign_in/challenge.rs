//! Who is asked for a second factor.

use crate::{
    model::{
        role::Role,
        second_factor::{self, SecondFactorPolicy, SecondFactorRule},
        user::{User, UserSummary},
    },
    provider::{error::Error, handle::SignIn, session::ActiveSession, snapshot::Snapshot, visitor::Visitor},
};

/// Asks the user for a second factor.
#[derive(Clone, Debug)]
pub struct SecondFactorChallenge {
    pub user: UserSummary,
    /// For how many days it need not be given again on this device, if the user wishes; `None`: it always must.
    pub remember_days: Option<i64>,
    /// Proves that the password was correct; only this browser can use it. `None` in a session.
    pub ticket: Option<String>,
}

impl SignIn<'_> {
    /// Whether this user needs a second factor, wherever they sign in. For owners and administrators no rule is weaker
    /// than their own.
    pub(in crate::provider) fn second_factor_rule(
        &self,
        snapshot: &Snapshot,
        user: &User,
    ) -> Result<SecondFactorRule, Error> {
        let (now, policy) = (self.now(), self.policy());
        let installation = policy.second_factor;
        let of_role = match user.role {
            Some(Role::Owner | Role::Administrator) => policy.second_factor_of_administrators.rule_at(now),
            Some(Role::HelpDesk | Role::Auditor) | None => SecondFactorRule::Never,
        };
        if snapshot.group_policies.is_empty() {
            return Ok(installation.rule_at(now).max(of_role));
        }
        let with_policy: Vec<_> = snapshot.group_policies.keys().copied().collect();
        let groups = self.store().read(|tx| tx.groups_among(user.id, &with_policy))?;
        let policies = groups
            .iter()
            .filter_map(|group| snapshot.group_policies.get(group));
        Ok(second_factor::rule_for_user(policies.copied(), installation, now).max(of_role))
    }

    /// The rule for a session at an application, whose own comes first. What the session has proved may make it
    /// needless to look for the groups of its user.
    pub(in crate::provider) fn second_factor_rule_at(
        &self,
        snapshot: &Snapshot,
        application: Option<SecondFactorPolicy>,
        active_session: Option<&ActiveSession>,
    ) -> Result<SecondFactorRule, Error> {
        match (application, active_session) {
            (Some(own), _) => Ok(own.rule_at(self.now())),
            (None, Some(active)) if !active.session.authentications.has_second_factor() => {
                self.second_factor_rule(snapshot, &active.user)
            }
            (None, _) => Ok(self.policy().second_factor.rule_at(self.now())),
        }
    }

    /// Whether the session lacks a second factor that its user needs everywhere.
    pub fn lacks_second_factor(&self, visitor: &Visitor) -> Result<bool, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(false);
        };
        let rule = self.second_factor_rule_at(&*self.fresh_snapshot()?, None, Some(&active))?;
        Ok(rule == SecondFactorRule::Required && !active.session.authentications.has_second_factor())
    }

    pub(in crate::provider) fn challenge(
        &self,
        user: &User,
        ticket: Option<String>,
    ) -> SecondFactorChallenge {
        SecondFactorChallenge {
            user: user.into(),
            // In a session, the sign-in before it is the one that a device is remembered for.
            remember_days: self
                .policy()
                .remember_device
                .filter(|_| ticket.is_some())
                .map(|lifetime| lifetime.num_days()),
            ticket,
        }
    }
}
