//! Who is asked for a second factor.

use crate::{
    model::{
        role::Role,
        second_factor::{self, SecondFactorKind, SecondFactorPolicy, SecondFactorRule},
        user::{User, UserSummary},
    },
    provider::{
        error::Error, handle::SignIn, session::ActiveSession, sign_in::passkey::PasskeyRequest,
        snapshot::Snapshot, visitor::Visitor,
    },
    store::StoredFactor,
};

/// Asks the user for a second factor.
#[derive(Clone, Debug)]
pub struct SecondFactorChallenge {
    pub user: UserSummary,
    /// Asks for one of the user's passkeys; `None` if there is none that can be used here.
    pub passkey: Option<PasskeyRequest>,
    /// Whether a code is asked for: the user has an authenticator application, or nothing else that can be used here.
    pub has_app: bool,
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
        let (now, of_role) = (self.now(), self.rule_of_role(user));
        let installation = self.policy().second_factor;
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

    /// [`SecondFactorRule::Never`] only if nobody is ever asked.
    pub(in crate::provider) fn weakest_rule(&self, snapshot: &Snapshot) -> SecondFactorRule {
        let policy = self.policy();
        let own = [policy.second_factor, policy.second_factor_of_administrators];
        let mut all = own.iter().chain(snapshot.group_policies.values());
        if all.all(|policy| policy.rule() == SecondFactorRule::Never) {
            SecondFactorRule::Never
        } else {
            SecondFactorRule::Offered
        }
    }

    fn rule_of_role(&self, user: &User) -> SecondFactorRule {
        match user.role {
            Some(Role::Owner | Role::Administrator) => {
                self.policy().second_factor_of_administrators.rule_at(self.now())
            }
            Some(Role::HelpDesk | Role::Auditor) | None => SecondFactorRule::Never,
        }
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
            (Some(own), active) => {
                let of_role = active.map(|active| self.rule_of_role(&active.user));
                Ok(own
                    .rule_at(self.now())
                    .max(of_role.unwrap_or(SecondFactorRule::Never)))
            }
            (None, Some(active)) if !active.session.authentications.has_second_factor() => {
                self.second_factor_rule(snapshot, &active.user)
            }
            // Satisfied whatever the rule.
            (None, Some(_)) => Ok(SecondFactorRule::Offered),
            // Who it is, shows after the sign-in.
            (None, None) => Ok(self.weakest_rule(snapshot)),
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
        visitor: &Visitor,
    ) -> Result<SecondFactorChallenge, Error> {
        let factors = self.store().read(|tx| tx.second_factors(user.id))?;
        let passkey = self.second_passkey_request(user.id, &factors, visitor)?;
        let is_app = |stored: &StoredFactor| stored.factor.kind == SecondFactorKind::Totp;
        Ok(SecondFactorChallenge {
            user: user.into(),
            has_app: passkey.is_none() || factors.iter().any(is_app),
            passkey,
            // In a session, the sign-in before it is the one that a device is remembered for.
            remember_days: self
                .policy()
                .remember_device
                .filter(|_| ticket.is_some())
                .map(|lifetime| lifetime.num_days()),
            ticket,
        })
    }
}
