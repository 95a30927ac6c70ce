//! Groups of users. They are flat: a group has users, and no groups.

use std::fmt;

use chrono::{DateTime, Utc};
use unicode_normalization::UnicodeNormalization;

use crate::model::{
    id::GroupId,
    second_factor::SecondFactorPolicy,
    text::{BadText, single_line},
};

/// A group of users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    pub id: GroupId,
    pub name: GroupName,
    /// What it is for, in an administrator's words.
    pub description: Option<String>,
    /// Whether its members need a second factor; none: what is set for the installation.
    pub second_factor: Option<SecondFactorPolicy>,
    /// Raised by every edit, so that two concurrent edits do not undo each other.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Group {
    /// The longest description, in characters.
    const MAX_DESCRIPTION: usize = 1024;

    /// Parses a description; an empty text is none.
    pub fn parse_description(text: &str) -> Result<Option<String>, BadText> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        single_line("the description", text, Self::MAX_DESCRIPTION).map(Some)
    }
}

/// The name of a group, as applications receive it. No two differ by case alone.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct GroupName(String);

impl GroupName {
    /// The longest name, in characters (every service provider accepts 256).
    pub const MAX_LEN: usize = 256;

    /// Parses a name. A comma separates several names in a list, and an asterisk stands for the rest of a name.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let text: String = single_line("the name of the group", text, Self::MAX_LEN)?
            .nfc()
            .collect();
        if text.contains([',', '*']) {
            return Err(BadText::Malformed(format!(
                "`{text}` is not a name for a group: it holds a comma or an asterisk"
            )));
        }
        Ok(Self(text))
    }

    /// The name of the group that a new application is open to.
    pub fn of_application(slug: &str) -> Self {
        Self(format!("{slug}-users"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is the same for two names that differ by case alone.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of a user's groups an application receives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GroupFilter {
    All,
    /// Those whose name begins with this, whatever the case.
    Prefix(String),
    /// Those with these names.
    Chosen(Vec<GroupName>),
}

impl GroupFilter {
    /// Parses `PREFIX*`, or names with commas between them. A space before the asterisk belongs to the prefix.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        if let Some(prefix) = text.strip_suffix('*') {
            let spaces = prefix.len() - prefix.trim_end_matches(' ').len();
            return GroupName::parse(prefix).map(|name| Self::Prefix(name.0 + &" ".repeat(spaces)));
        }
        let names = text.split(',').map(GroupName::parse);
        names.collect::<Result<_, _>>().map(Self::Chosen)
    }

    pub fn includes(&self, name: &GroupName) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => name.folded().starts_with(&fold(prefix)),
            Self::Chosen(chosen) => chosen.iter().any(|known| known.folded() == name.folded()),
        }
    }
}

/// As [`GroupFilter::parse`] reads it; nothing for all.
impl fmt::Display for GroupFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Chosen(names) => {
                let names: Vec<_> = names.iter().map(GroupName::as_str).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> GroupName {
        GroupName::parse(text).unwrap()
    }

    #[test]
    fn names_that_differ_by_case_alone_are_one() {
        assert_eq!(name("  Sales Europe ").as_str(), "Sales Europe");
        assert_eq!(name("É quipe").folded(), name("e\u{301} QUIPE").folded());
        for bad in ["", " ", "a,b", "a*", "a\nb", &"x".repeat(257)] {
            assert!(GroupName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Group::parse_description(" "), Ok(None));
        assert_eq!(Group::parse_description(" a b "), Ok(Some("a b".to_owned())));
    }

    #[test]
    fn a_filter_is_read_as_it_is_shown_and_ignores_case() {
        let prefix = GroupFilter::parse("Wiki-*").unwrap();
        assert!(prefix.includes(&name("wiki-editors")) && !prefix.includes(&name("chat")));
        let word = GroupFilter::parse("Sales *").unwrap();
        assert!(word.includes(&name("Sales Europe")) && !word.includes(&name("Salesforce")));
        let chosen = GroupFilter::parse("Sales Europe, chat").unwrap();
        assert!(chosen.includes(&name("sales europe")) && chosen.includes(&name("Chat")));
        assert!(!chosen.includes(&name("chat-users")));
        for filter in [prefix, word, chosen] {
            assert_eq!(GroupFilter::parse(&filter.to_string()), Ok(filter));
        }
        for bad in ["", "*", "a,", "a*b"] {
            assert!(GroupFilter::parse(bad).is_err(), "{bad:?}");
        }
        assert!(GroupFilter::All.includes(&name("x")));
    }
}
