//! Required values: who lacks one, and who would lose one.

use std::fmt;

use crate::{
    claims,
    model::{
        application::Application,
        attribute::{AttributeRule, Source},
        user::{Email, OwnAttributes, User},
    },
    provider::{Provider, error::Error, snapshot::Snapshot},
    store::Tx,
};

/// A required attribute that people have no value for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lacking {
    /// Its name.
    pub attribute: String,
    /// What is typed behind `hallpass user edit EMAIL` to give such a value.
    pub remedy: String,
    /// Active people, by address.
    pub people: Vec<Email>,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.people.iter().take(MOST_NAMED).map(Email::as_str).collect();
        write!(
            f,
            "{} is required, and these people cannot sign in, for they have no value: {}",
            self.attribute,
            named.join(", ")
        )?;
        if self.people.len() > MOST_NAMED {
            write!(f, " and {} more", self.people.len() - MOST_NAMED)?;
        }
        write!(
            f,
            ". Give them one first: `hallpass user edit EMAIL {}`; or let the application do without it: `hallpass app attribute`",
            self.remedy
        )
    }
}

/// How many people a message names.
const MOST_NAMED: usize = 20;

/// An application that a person cannot sign in to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unmet {
    /// Its name for people.
    pub application: String,
    /// The attribute that it requires.
    pub attribute: String,
}

impl Provider {
    /// The first of `rules` that some active people have no value for, though it is required, and could be given
    /// one. A name that somebody does not have is not made up for an application: that is shown, and stands in
    /// nobody else's way.
    pub(in crate::provider) fn first_lacking(
        &self,
        rules: &[AttributeRule],
    ) -> Result<Option<Lacking>, Error> {
        self.first_of(rules.iter().filter(|rule| !rule.source.is_one_name()))
    }

    fn first_of<'r>(&self, rules: impl Iterator<Item = &'r AttributeRule>) -> Result<Option<Lacking>, Error> {
        for rule in rules.filter(|rule| rule.required) {
            let (people, remedy) = match &rule.source {
                Source::GivenName => (
                    self.store().read(Tx::people_without_given_name)?,
                    "--given-name NAME".to_owned(),
                ),
                Source::FamilyName => (
                    self.store().read(Tx::people_without_family_name)?,
                    "--family-name NAME".to_owned(),
                ),
                Source::UserName => (
                    self.store().read(Tx::people_without_user_name)?,
                    "--username NAME".to_owned(),
                ),
                Source::Own(name) => (
                    self.store().read(|tx| tx.people_without_attribute(name))?,
                    format!("--attribute {name}=VALUE"),
                ),
                Source::FullName | Source::Email | Source::UserId | Source::Constant(_) => continue,
            };
            if !people.is_empty() {
                return Ok(Some(Lacking {
                    attribute: rule.name.clone(),
                    remedy,
                    people,
                }));
            }
        }
        Ok(None)
    }

    /// The first attribute that `application` requires and some active people have no value for.
    pub fn lacking_at(&self, application: &Application) -> Result<Option<Lacking>, Error> {
        self.first_of(application.saml.attributes.iter())
    }

    /// Which applications `user`, as they are kept, cannot sign in to for want of a value.
    pub fn unmet(&self, user: &User) -> Result<Vec<Unmet>, Error> {
        Ok(unmet(&*self.current()?, user, &self.own_attributes(user.id)?))
    }
}

/// Which enabled applications a person like this cannot sign in to for want of a value.
pub(in crate::provider) fn unmet(snapshot: &Snapshot, user: &User, own: &OwnAttributes) -> Vec<Unmet> {
    let of = |application: &Application| -> Vec<Unmet> {
        let missing = claims::of(&application.saml.attributes, user, own).err();
        let names = missing.map(|missing| missing.0).unwrap_or_default();
        names
            .into_iter()
            .map(|attribute| Unmet {
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
