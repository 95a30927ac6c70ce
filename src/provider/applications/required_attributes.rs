//! Required attributes: which users have no value for one, and which applications they cannot sign in to.

use std::fmt;

use crate::{
    claims::{self, FurtherValues},
    model::{
        application::Application,
        attribute::{AttributeRule, AttributeSource},
        remedy::{Remediable, Remedy, UserValue},
        use_case::UseCase,
        user::{Email, OwnAttributes, User},
    },
    provider::{error::Error, handle::Applications, snapshot::Snapshot},
    store,
};

/// A required attribute that some users have no value for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingAttribute {
    pub attribute: String,
    /// What the users lack.
    pub value: UserValue,
    /// How many active users have none.
    pub count: i64,
    /// Some of them by e-mail address, or all if there are few.
    pub users: Vec<Email>,
}

impl fmt::Display for MissingAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.users.iter().map(Email::as_str).collect();
        write!(
            f,
            "{} is required, and these people cannot sign in, for they have no value: {}",
            self.attribute,
            named.join(", ")
        )?;
        let more = self.count.saturating_sub_unsigned(named.len() as u64);
        if more > 0 {
            write!(f, " and {more} more")?;
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
const MAX_NAMED_USERS: i64 = 20;

/// An application that a user cannot sign in to, for lack of a required attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnmetRequirement {
    /// The display name.
    pub application: String,
    pub attribute: String,
}

impl Applications<'_> {
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
            let (column, value) = match &rule.source {
                AttributeSource::GivenName => (store::UserValue::GivenName, UserValue::GivenName),
                AttributeSource::FamilyName => (store::UserValue::FamilyName, UserValue::FamilyName),
                AttributeSource::UserName => (store::UserValue::UserName, UserValue::UserName),
                AttributeSource::Own(name) => (store::UserValue::Own(name), UserValue::Own(name.clone())),
                AttributeSource::FullName
                | AttributeSource::Email
                | AttributeSource::UserId
                | AttributeSource::Groups(_)
                | AttributeSource::Constant(_) => continue,
            };
            let without = self
                .store()
                .read(|tx| tx.users_without(column, MAX_NAMED_USERS))?;
            if without.count > 0 {
                return Ok(Some(MissingAttribute {
                    attribute: rule.name.clone(),
                    value,
                    count: without.count,
                    users: without.some,
                }));
            }
        }
        Ok(None)
    }

    /// The first attribute that `application` requires and some active users have no value for.
    pub fn missing_attribute_of(&self, application: &Application) -> Result<Option<MissingAttribute>, Error> {
        self.may(UseCase::ReadApplications)?;
        self.first_missing_among(application.attributes().iter())
    }

    /// The applications that `user`, as stored, cannot sign in to for lack of a required attribute.
    pub fn unmet_requirements(&self, user: &User) -> Result<Vec<UnmetRequirement>, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(unmet_requirements_of(
            &*self.fresh_snapshot()?,
            user,
            &self.people(self.actor).own_attributes(user.id)?,
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
        // Groups are never required.
        let further = FurtherValues {
            own_attributes: own,
            groups: &[],
        };
        let missing = claims::from_user(application.attributes(), user, further).err();
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
