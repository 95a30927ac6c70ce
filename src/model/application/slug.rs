//! Slugs.

use std::fmt;

use crate::model::{preset::Preset, text::BadText};

/// The name of an application in our own URLs; it never changes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Slug(String);

impl Slug {
    /// The longest slug, in characters.
    pub const MAX_LEN: usize = 40;

    /// Parses a slug: lower-case letters, digits and single hyphens between them.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let plain = !text.is_empty()
            && text.len() <= Self::MAX_LEN
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadText::Malformed(format!(
                "`{}` is not a short name: 1 to 40 lower-case letters, digits and single hyphens",
                text.escape_debug()
            )))
        }
    }

    /// Derives a slug from a name: the characters that a slug may hold, or `application` if there are none.
    pub fn from_name(name: &str) -> Self {
        let mut text = String::new();
        for c in name.to_lowercase().chars() {
            if text.len() >= 32 {
                break;
            }
            if c.is_ascii_alphanumeric() {
                text.push(c);
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
        }
        let text = text.trim_matches('-');
        Self(if text.is_empty() {
            "application".to_owned()
        } else {
            text.to_owned()
        })
    }

    /// Whether it names a kind of application, as `chatgpt` does: imported metadata gives no application such a name.
    pub fn is_reserved(&self) -> bool {
        Preset::ALL.iter().any(|preset| preset.name() == self.0)
    }

    /// The same slug with a random suffix, shortened where it would become too long.
    #[must_use]
    pub fn with_suffix(&self, random: &str) -> Self {
        let available = Self::MAX_LEN.saturating_sub(random.len() + 1);
        let head: String = self.0.chars().take(available).collect();
        Self(format!("{}-{random}", head.trim_end_matches('-')))
    }

    /// The same slug with a number, for a second application of the same name.
    #[must_use]
    pub fn with_number(&self, number: u32) -> Self {
        Self(format!("{}-{number}", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_can_be_made_from_any_name() {
        assert_eq!(
            Slug::from_name("ChatGPT – Research & Lab").as_str(),
            "chatgpt-research-lab"
        );
        assert_eq!(Slug::from_name("李").as_str(), "application");
        for name in ["a", "-a-", "Ää", &"x y ".repeat(40)] {
            assert!(Slug::parse(Slug::from_name(name).as_str()).is_ok(), "{name}");
            assert!(
                Slug::parse(Slug::from_name(name).with_number(123).as_str()).is_ok(),
                "{name}"
            );
        }
    }
}
