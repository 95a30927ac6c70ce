//! The claims that an application receives about a user, whatever the protocol.

use crate::{
    claims::{self, Claim, FurtherValues, MissingClaims},
    model::{
        actor::Actor,
        attribute::AttributeRule,
        user::{OwnAttributes, User},
    },
    provider::{core::Provider, error::Error},
};

impl Provider {
    /// The claims of `rules` for `user`, who is given as the application receives them. Own attributes and groups are
    /// read only if the rules name them.
    pub(in crate::provider) fn user_claims<'r>(
        &self,
        rules: &'r [AttributeRule],
        user: &User,
    ) -> Result<Result<Vec<Claim<'r>>, MissingClaims>, Error> {
        let own = if claims::needs_own_attributes(rules) {
            self.people(&Actor::Itself).own_attributes(user.id)?
        } else {
            OwnAttributes::new()
        };
        let groups = if claims::needs_groups(rules) {
            self.store().read(|tx| tx.group_names_of_user(user.id))?
        } else {
            Vec::new()
        };
        let further = FurtherValues {
            own_attributes: &own,
            groups: &groups,
        };
        Ok(claims::from_user(rules, user, further))
    }
}
