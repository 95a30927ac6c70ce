//! Users.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use unicode_normalization::UnicodeNormalization;

use crate::model::{
    application::Slug,
    id::UserId,
    language::Language,
    role::Role,
    text::{BadText, single_line},
};

/// An e-mail address, in lower case: what ChatGPT knows a user by, and what users sign in with.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Email(String);

impl Email {
    /// The longest address that mail can carry (RFC 5321, 4.5.3.1.3).
    pub const MAX_LEN: usize = 254;

    /// Parses an address: something, an `@`, and a domain; no white space.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let text: String = single_line("the e-mail address", text, Self::MAX_LEN)?
            .nfc()
            .collect::<String>()
            .to_lowercase();
        let wrong = |why: &str| {
            Err(BadText::Malformed(format!(
                "{text} is not an e-mail address: {why}"
            )))
        };
        if text.chars().any(char::is_whitespace) {
            return wrong("it holds white space");
        }
        match text.rsplit_once('@') {
            None => wrong("the @ is missing"),
            Some(("", _)) => wrong("nothing stands before the @"),
            Some((local, _)) if local.contains('@') => wrong("it holds more than one @"),
            Some((_, domain)) if domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') => {
                wrong("the domain after the @ is not whole")
            }
            Some(_) => Ok(Self(text)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name under which sign-in attempts are counted: every spelling of one account gives one name, whether the
/// account exists or not.
pub fn canonical_account(input: &str) -> String {
    input
        .trim()
        .nfkc()
        .collect::<String>()
        .to_lowercase()
        .nfkc()
        .collect()
}

/// A given or family name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameComponent(String);

impl NameComponent {
    /// The longest name, in characters (every service provider accepts 256).
    pub const MAX_LEN: usize = 256;

    /// Parses a name; `what` says which one, for the error message.
    pub fn parse(what: &'static str, text: &str) -> Result<Self, BadText> {
        single_line(what, text, Self::MAX_LEN).map(Self)
    }

    /// Parses a name that a user may lack: an empty text is none.
    pub fn parse_optional(what: &'static str, text: &str) -> Result<Option<Self>, BadText> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        Self::parse(what, text).map(Some)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user's names: a given name, a family name, or both. Many people have one name only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameComponents {
    given: Option<NameComponent>,
    family: Option<NameComponent>,
}

impl NameComponents {
    /// Fails if both are absent.
    pub fn new(given: Option<NameComponent>, family: Option<NameComponent>) -> Result<Self, BadText> {
        if given.is_none() && family.is_none() {
            return Err(BadText::Malformed(
                "a person has a first name, a last name, or both: neither was given".to_owned(),
            ));
        }
        Ok(Self { given, family })
    }

    pub const fn given(&self) -> Option<&NameComponent> {
        self.given.as_ref()
    }

    pub const fn family(&self) -> Option<&NameComponent> {
        self.family.as_ref()
    }

    /// Given and family name, in this order; or the only one.
    pub fn full(&self) -> String {
        let names: Vec<_> = [self.given(), self.family()]
            .into_iter()
            .flatten()
            .map(NameComponent::as_str)
            .collect();
        names.join(" ")
    }

    /// The name to greet the user by: the given name, or the only one.
    pub fn greeting(&self) -> &str {
        self.given()
            .or(self.family())
            .map(NameComponent::as_str)
            .unwrap_or_default()
    }
}

/// The id by which a service provider knows a user permanently: opaque, never reused, never changed by a new e-mail
/// address. Generated here unless a migration brings one along.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StableId(String);

impl StableId {
    /// Parses an id of 1 to 256 characters.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        single_line("the stable id", text, 256).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What another directory calls a user permanently, such as an `objectGUID` or an `entryUUID`; unique.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ExternalId(String);

impl ExternalId {
    /// Parses an id of 1 to 256 characters.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        single_line("the external id", text, 256).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user's own attributes: what an administrator set besides the account, each name with its values in order.
pub type OwnAttributes = BTreeMap<String, Vec<String>>;

/// A short name that older applications know a user by; unique. It is stored in lower case: many applications treat
/// two names that differ in case only as one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UserName(String);

impl UserName {
    /// Parses a name of 1 to 256 characters, without white space.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let text = single_line("the user name", text, 256)?;
        if text.chars().any(char::is_whitespace) {
            return Err(BadText::Malformed("the user name holds white space".to_owned()));
        }
        Ok(Self(text.to_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    pub id: UserId,
    /// What service providers receive, permanently.
    pub stable_id: StableId,
    /// Where mail reaches the user, and what the user signs in with; unique.
    pub email: Email,
    /// What the user is called.
    pub names: NameComponents,
    /// What older applications know the user by.
    pub user_name: Option<UserName>,
    pub enabled: bool,
    /// Raised by every edit, so that two concurrent edits do not undo each other.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// By which another directory's list of people finds them again.
    pub external_id: Option<ExternalId>,
    /// When the user was deleted: disabled from then on, and erased later.
    pub deleted_at: Option<DateTime<Utc>>,
    /// What the user may administer; most have none.
    pub role: Option<Role>,
    pub preferences: Preferences,
}

/// What a user chooses for themselves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Preferences {
    /// Of mails, and of pages in each browser in which they sign in.
    pub language: Option<Language>,
    /// A sign-in from a device that is not known is mailed.
    pub new_device_mail: bool,
}

impl User {
    /// Given and family name, in this order; or the only one.
    pub fn full_name(&self) -> String {
        self.names.full()
    }
}

/// A user, as pages show them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserSummary {
    pub id: UserId,
    /// Given and family name.
    pub full_name: String,
    /// The e-mail address.
    pub email: String,
}

impl From<&User> for UserSummary {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            full_name: user.full_name(),
            email: user.email.as_str().to_owned(),
        }
    }
}

/// An application at which somebody who is switched off signed in not long ago.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leaver {
    pub email: Email,
    pub application: Slug,
    pub application_name: String,
    /// By what the application knows them.
    pub name_id: Option<String>,
    /// The last time.
    pub signed_in_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!(
            Email::parse(" Mira.Castellane@Fernweh.Example ")
                .unwrap()
                .as_str(),
            "mira.castellane@fernweh.example"
        );
        for bad in [
            "",
            "mira",
            "@fernweh.example",
            "mira@",
            "mira@.example",
            "a b@c.example",
            "a@b@c.example",
            "a\u{1}@b.example",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_user_has_at_least_one_name() {
        let name = |text| NameComponent::parse_optional("the name", text).unwrap();
        for (given, family, full, greeting) in [
            ("Ada", "Lovelace", "Ada Lovelace", "Ada"),
            ("Sukarno", " ", "Sukarno", "Sukarno"),
            ("", "Teller", "Teller", "Teller"),
        ] {
            let names = NameComponents::new(name(given), name(family)).unwrap();
            assert_eq!((names.full().as_str(), names.greeting()), (full, greeting));
        }
        let nameless = NameComponents::new(name(""), name("\t"));
        assert!(nameless.is_err(), "{nameless:?}");
        let control = NameComponent::parse_optional("the name", "a\u{1}");
        assert!(control.is_err(), "{control:?}");
    }

    #[test]
    fn a_user_name_is_one_word_in_small_letters() {
        assert_eq!(UserName::parse(" Ada.L ").unwrap().as_str(), "ada.l");
        for bad in ["", "ada l", "ada\u{7}"] {
            assert!(UserName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn spellings_of_one_account_count_as_one() {
        for alias in [
            "Mira@X.example",
            " mira@x.example ",
            "ｍｉｒａ@x.example",
            "MIRA@X.EXAMPLE",
        ] {
            assert_eq!(canonical_account(alias), "mira@x.example");
        }
    }
}
