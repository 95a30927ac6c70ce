//! A change of their own e-mail address that a user asked for.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    id::UserId,
    text::BadText,
    user::{Email, User},
};

/// How long the link works that the new address receives.
pub const CONFIRM_LIFETIME: TimeDelta = TimeDelta::minutes(30);
/// How long the old address can undo the change.
pub const UNDO_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Who changes a user's address.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum EmailChangeRule {
    /// An administrator alone.
    #[default]
    Administrator,
    /// Users themselves too, by a link that the new address receives.
    Verified,
}

impl EmailChangeRule {
    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Verified => "verified",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Administrator, Self::Verified]
            .into_iter()
            .find(|rule| rule.name() == name)
    }
}

/// The domain of e-mail addresses, without its subdomains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EmailDomain(String);

impl EmailDomain {
    /// Parses a domain, with or without an `@` before it.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let text = text.trim();
        let domain = text.strip_prefix('@').unwrap_or(text);
        let email = Email::parse(&format!("x@{domain}"))?;
        Ok(Self(email.domain().to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `email` is of this domain, and not only of one below it.
    pub fn contains(&self, email: &Email) -> bool {
        email.domain() == self.0
    }
}

/// A change that was asked for. While nobody confirmed it, the new address has a link; afterwards the old one has one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EmailChange {
    pub user: UserId,
    pub old_email: Email,
    pub new_email: Email,
    pub requested_at: DateTime<Utc>,
    /// When it became the user's address.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Until when the link works.
    pub expires_at: DateTime<Utc>,
}

impl EmailChange {
    /// Whether `user` can confirm it: it is theirs, and their address is still the one of before.
    pub fn is_of(&self, user: &User) -> bool {
        self.user == user.id && self.old_email == user.email
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_holds_its_own_addresses_and_none_of_another() {
        let domain = EmailDomain::parse(" @Fernweh.EXAMPLE").unwrap();
        assert_eq!(domain.as_str(), "fernweh.example");
        let holds = |email: &str| domain.contains(&Email::parse(email).unwrap());
        assert!(holds("Ada@fernweh.example"));
        for other in [
            "ada@mail.fernweh.example",
            "ada@xfernweh.example",
            "ada@fernweh.example.evil.example",
            "fernweh.example@evil.example",
        ] {
            assert!(!holds(other), "{other}");
        }
        for bad in ["", "@", "a@b.example", "fernweh example", ".example"] {
            assert!(EmailDomain::parse(bad).is_err(), "{bad}");
        }
    }
}
