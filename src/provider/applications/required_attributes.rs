//! Required attributes: which users have no value for one, and which applications they cannot sign in to.

use std::fmt;

use crate::{
    claims,
    model::{
        application::Application,
        attribute::{AttributeRule, AttributeSource},
        remedy::{Remediable, Remedy, UserValue},
        user::{Email, OwnAttributes, User},
    },
    provider::{Provider, error::Error, snapshot::Snapshot},
    store::Tx,
};

/// A required attribute that some users have no value for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingAttribute {
    pub attribute: String,
    /// What the users lack.
    pub value: UserValue,
    /// Active users, by e-mail address.
    pub users: Vec<Email>,
}

impl fmt::Display for MissingAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self
            .users
            .iter()
            .take(MAX_NAMED_USERS)
            .map(Email::as_str)
            .collect();
        write!(
            f,
            "{} is required, and these people cannot sign in, for they have no value: {}",
            self.attribute,
            named.join(", ")
        )?;
        if self.users.len() > MAX_NAMED_USERS {
            write!(f, " and {} more", self.users.len() - MAX_NAMED_USERS)?;
        }
        Ok(())
    }
}

impl Remediable for MissingAttribute {
    fn remedy(&self) -> Option<Remedy> {
        Some(Remedy::GiveValue(self.value.clone()))
    }
}

/// How many users a message names.
const MAX_NAMED_USERS: usize = 20;

/// An application that a user cannot sign in to, for lack of a required attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnmetRequirement {
    /// The display name.
    pub application: String,
    pub attribute: String,
}

impl Provider {
    /// The first of `rules` that is required and that some active users have no value for, though an administrator
    /// could set one. Given and family names are left out: nobody should invent a name for the sake of an application.
    /// `hallpass app show` names users without one, and nobody else is affected.
    pub(in crate::provider) fn first_missing_attribute(
        &self,
        rules: &[AttributeRule],
    ) -> Result<Option<MissingAttribute>, Error> {
        self.first_missing_among(rules.iter().filter(|rule| !rule.source.is_given_or_family_name()))
    }

    fn first_missing_among<'r>(
        &self,
        rules: impl Iterator<Item = &'r AttributeRule>,
    ) -> Result<Option<MissingAttribute>, Error> {
        for rule in rules.filter(|rule| rule.required) {
            let (users, value) = match &rule.source {
                AttributeSource::GivenName => (
                    self.store().read(Tx::users_without_given_name)?,
                    UserValue::GivenName,
                ),
                AttributeSource::FamilyName => (
                    self.store().read(Tx::users_without_family_name)?,
                    UserValue::FamilyName,
                ),
                AttributeSource::UserName => (
                    self.store().read(Tx::users_without_user_name)?,
                    UserValue::UserName,
                ),
                AttributeSource::Own(name) => (
                    self.store().read(|tx| tx.users_without_attribute(name))?,
                    UserValue::Own(name.clone()),
                ),
                AttributeSource::FullName
                | AttributeSource::Email
                | AttributeSource::UserId
                | AttributeSource::Constant(_) => continue,
            };
            if !users.is_empty() {
                return Ok(Some(MissingAttribute {
                    attribute: rule.name.clone(),
                    value,
                    users,
                }));
            }
        }
        Ok(None)
    }

    /// The first attribute that `application` requires and some active users have no value for.
    pub fn missing_attribute_of(&self, application: &Application) -> Result<Option<MissingAttribute>, Error> {
        self.first_missing_among(application.saml.attributes.iter())
    }

    /// The applications that `user`, as stored, cannot sign in to for lack of a required attribute.
    pub fn unmet_requirements(&self, user: &User) -> Result<Vec<UnmetRequirement>, Error> {
        Ok(unmet_requirements_of(
            &*self.fresh_snapshot()?,
            user,
            &self.own_attributes(user.id)?,
        ))
    }
}

/// The enabled applications that `user` with the attributes `own` cannot sign in to for lack of a required attribute.
pub(in crate::provider) fn unmet_requirements_of(
    snapshot: &Snapshot,
    user: &User,
    own: &OwnAttributes,
) -> Vec<UnmetRequirement> {
    let of = |application: &Application| -> Vec<UnmetRequirement> {
        let missing = claims::from_user(&application.saml.attributes, user, own).err();
        let names = missing.map(|missing| missing.0).unwrap_or_default();
        names
            .into_iter()
            .map(|attribute| UnmetRequirement {
                application: application.name.clone(),
                attribute,
            })
            .collect()
    };
    snapshot
        .applications
        .iter()
        .filter(|application| application.enabled)
        .flat_map(|application| of(application))
        .collect()
}
