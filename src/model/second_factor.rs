//! Second factors: what users have, and who has to have one.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::model::{
    id::{SecondFactorId, UserId},
    text::{BadText, single_line},
};

/// What kind of second factor it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecondFactorKind {
    /// An authenticator application that makes one-time passwords (RFC 6238).
    Totp,
    /// A key pair of an authenticator that verifies its user (webauthn-3).
    Passkey,
}

impl SecondFactorKind {
    const ALL: [Self; 2] = [Self::Totp, Self::Passkey];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A second factor of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecondFactor {
    pub id: SecondFactorId,
    pub user: UserId,
    pub kind: SecondFactorKind,
    /// By which the user tells it from others.
    pub name: FactorName,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a user calls a second factor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FactorName(String);

impl FactorName {
    /// The longest name, in characters.
    pub const MAX_LEN: usize = 64;

    pub fn parse(text: &str) -> Result<Self, BadText> {
        single_line("the name", text, Self::MAX_LEN).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FactorName {
    /// For a second factor that was given no name: the `number`th of this kind, from 1. It is stored, and said to
    /// administrators, in English; users see it in their language.
    pub fn default_of(kind: SecondFactorKind, number: usize) -> Self {
        let name = default_name(kind);
        Self(match number {
            0 | 1 => name.to_owned(),
            number => format!("{name} {number}"),
        })
    }

    /// Its number, if it is a name of [`Self::default_of`].
    pub fn default_number(&self, kind: SecondFactorKind) -> Option<usize> {
        let rest = self.0.strip_prefix(default_name(kind))?;
        if rest.is_empty() {
            return Some(1);
        }
        let number = rest.strip_prefix(' ')?.parse().ok()?;
        (Self::default_of(kind, number) == *self).then_some(number)
    }
}

const fn default_name(kind: SecondFactorKind) -> &'static str {
    match kind {
        SecondFactorKind::Totp => "Authenticator app",
        SecondFactorKind::Passkey => "Passkey",
    }
}

impl fmt::Display for FactorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether users need a second factor. The greater one asks for more.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SecondFactorRule {
    /// Nobody is asked for one, whoever has one.
    Never,
    /// Whoever has one is asked for it.
    Offered,
    /// Whoever has none is asked to set one up.
    Required,
}

impl SecondFactorRule {
    const ALL: [Self; 3] = [Self::Never, Self::Offered, Self::Required];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Offered => "offered",
            Self::Required => "required",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// A rule for an installation, a group or an application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SecondFactorPolicy {
    rule: SecondFactorRule,
    /// When [`SecondFactorRule::Required`] begins to hold.
    from: Option<DateTime<Utc>>,
}

impl SecondFactorPolicy {
    /// `from` has a meaning for [`SecondFactorRule::Required`] alone: with any other rule it is dropped.
    pub const fn new(rule: SecondFactorRule, from: Option<DateTime<Utc>>) -> Self {
        match rule {
            SecondFactorRule::Required => Self { rule, from },
            SecondFactorRule::Never | SecondFactorRule::Offered => Self { rule, from: None },
        }
    }

    pub const fn rule(&self) -> SecondFactorRule {
        self.rule
    }

    pub const fn from(&self) -> Option<DateTime<Utc>> {
        self.from
    }

    /// What holds at `now`: until it is required, a second factor is offered.
    pub fn rule_at(&self, now: DateTime<Utc>) -> SecondFactorRule {
        match (self.rule, self.from) {
            (SecondFactorRule::Required, Some(from)) if now < from => SecondFactorRule::Offered,
            (rule, _) => rule,
        }
    }

    /// Parses `never`, `offered`, `required` or `required from 2027-01-31`, a day that begins at 00:00 UTC.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is none of never, offered, required, or required from a day, such as \"required from 2027-01-31\""
            )
        };
        let mut words = text.split_whitespace();
        let rule = words
            .next()
            .and_then(SecondFactorRule::from_name)
            .ok_or_else(wrong)?;
        let from = match (words.next(), words.next(), words.next()) {
            (None, _, _) => None,
            (Some("from"), Some(day), None) if rule == SecondFactorRule::Required => {
                let day: NaiveDate = day.parse().map_err(|_no_day| wrong())?;
                Some(day.and_time(NaiveTime::MIN).and_utc())
            }
            (Some(_), _, _) => return Err(wrong()),
        };
        Ok(Self { rule, from })
    }
}

impl Default for SecondFactorPolicy {
    fn default() -> Self {
        Self::new(SecondFactorRule::Offered, None)
    }
}

/// As [`SecondFactorPolicy::parse`] reads it.
impl fmt::Display for SecondFactorPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.name())?;
        match self.from {
            Some(from) => write!(f, " from {}", from.format("%Y-%m-%d")),
            None => Ok(()),
        }
    }
}

/// The rule for a user: the strictest of the user's groups that have one, else that of the installation.
pub fn rule_for_user(
    groups: impl IntoIterator<Item = SecondFactorPolicy>,
    installation: SecondFactorPolicy,
    now: DateTime<Utc>,
) -> SecondFactorRule {
    let by_group = groups.into_iter().map(|policy| policy.rule_at(now)).max();
    by_group.unwrap_or_else(|| installation.rule_at(now))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{
        SecondFactorRule::{Never, Offered, Required},
        *,
    };

    #[test]
    fn a_policy_is_read_as_it_is_shown() {
        for text in ["never", "offered", "required", "required from 2027-01-31"] {
            let policy = SecondFactorPolicy::parse(text).unwrap();
            assert_eq!(policy.to_string(), text);
        }
        for bad in [
            "",
            "always",
            "Required",
            "required 2027-01-31",
            "required from",
            "required from tomorrow",
            "required from 2027-02-30",
            "offered from 2027-01-31",
            "required from 2027-01-31 on",
        ] {
            let error = SecondFactorPolicy::parse(bad).unwrap_err();
            assert!(error.contains("required from 2027-01-31"), "{bad}: {error}");
        }
    }

    #[test]
    fn the_strictest_rule_of_a_users_groups_holds_and_else_that_of_the_installation() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let of = |rule| SecondFactorPolicy::new(rule, None);
        let soon = SecondFactorPolicy::new(Required, Some(now + TimeDelta::seconds(1)));
        let since = SecondFactorPolicy::new(Required, Some(now));
        for (groups, installation, expected) in [
            (&[][..], of(Offered), Offered),
            (&[], of(Required), Required),
            (&[], soon, Offered),
            (&[], since, Required),
            (&[of(Never)], of(Required), Never),
            (&[of(Never), of(Offered)], of(Required), Offered),
            (&[of(Never), of(Required)], of(Never), Required),
            (&[soon], of(Never), Offered),
        ] {
            let rule = rule_for_user(groups.iter().copied(), installation, now);
            assert_eq!(rule, expected, "{groups:?} {installation:?}");
        }
    }

    #[test]
    fn a_default_name_is_told_from_one_that_somebody_chose() {
        for kind in SecondFactorKind::ALL {
            for number in [1, 2, 9, 12] {
                assert_eq!(
                    FactorName::default_of(kind, number).default_number(kind),
                    Some(number)
                );
            }
        }
        let number = |name: &str| {
            FactorName::parse(name)
                .unwrap()
                .default_number(SecondFactorKind::Passkey)
        };
        for own in [
            "Laptop",
            "passkey",
            "Passkeys",
            "Passkey ",
            "Passkey 1x",
            "Passkey 02",
            "Passkey 1",
            "Passkey  2",
            "Authenticator app",
        ] {
            let expected = (own.trim_end() == "Passkey").then_some(1);
            assert_eq!(number(own), expected, "{own:?}");
        }
    }
}
