//! Required values: who lacks one, and who would lose one.

use std::fmt;

use crate::{
    claims,
    model::{
        application::Application,
        attribute::{AttributeRule, AttributeSource},
        user::{Email, OwnAttributes, User},
    },
    provider::{Provider, error::Error, snapshot::Snapshot},
    store::Tx,
};

/// A required attribute that people have no value for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingAttribute {
    /// Its name.
    pub attribute: String,
    /// What is typed behind `hallpass user edit EMAIL` to give such a value.
    pub remedy: String,
    /// Active people, by address.
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
        write!(
            f,
            ". Give them one first: `hallpass user edit EMAIL {}`; or let the application do without it: `hallpass app attribute`",
            self.remedy
        )
    }
}

/// How many people a message names.
const MAX_NAMED_USERS: usize = 20;

/// An application that a person cannot sign in to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnmetRequirement {
    /// Its name for people.
    pub application: String,
    /// The attribute that it requires.
    pub attribute: String,
}

impl Provider {
    /// The first of `rules` that some active people have no value for, though it is required, and could be given
    /// one. A name that somebody does not have is not made up for an application: that is shown, and stands in
    /// nobody else's way.
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
            let (users, remedy) = match &rule.source {
                AttributeSource::GivenName => (
                    self.store().read(Tx::users_without_given_name)?,
                    "--given-name NAME".to_owned(),
                ),
                AttributeSource::FamilyName => (
                    self.store().read(Tx::users_without_family_name)?,
                    "--family-name NAME".to_owned(),
                ),
                AttributeSource::UserName => (
                    self.store().read(Tx::users_without_user_name)?,
                    "--username NAME".to_owned(),
                ),
                AttributeSource::Own(name) => (
                    self.store().read(|tx| tx.users_without_attribute(name))?,
                    format!("--attribute {name}=VALUE"),
                ),
                AttributeSource::FullName
                | AttributeSource::Email
                | AttributeSource::UserId
                | AttributeSource::Constant(_) => continue,
            };
            if !users.is_empty() {
                return Ok(Some(MissingAttribute {
                    attribute: rule.name.clone(),
                    remedy,
                    users,
                }));
            }
        }
        Ok(None)
    }

    /// The first attribute that `application` requires and some active people have no value for.
    pub fn missing_attribute_of(&self, application: &Application) -> Result<Option<MissingAttribute>, Error> {
        self.first_missing_among(application.saml.attributes.iter())
    }

    /// Which applications `user`, as they are kept, cannot sign in to for want of a value.
    pub fn unmet_requirements(&self, user: &User) -> Result<Vec<UnmetRequirement>, Error> {
        Ok(unmet_requirements_of(
            &*self.fresh_snapshot()?,
            user,
            &self.own_attributes(user.id)?,
        ))
    }
}

/// Which enabled applications a person like this cannot sign in to for want of a value.
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
