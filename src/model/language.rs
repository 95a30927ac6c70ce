//! The languages that people are spoken and written to in.

use crate::model::text::BadText;

/// A language. Administrators are spoken to in English.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
    Japanese,
    Arabic,
}

impl Language {
    /// In the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Japanese,
        Self::Arabic,
    ];

    /// Its tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
            Self::Arabic => "ar",
        }
    }

    /// The language of a tag, exactly as [`Self::tag`] writes it.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Parses a tag that somebody typed.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        Self::from_tag(&text.trim().to_ascii_lowercase()).ok_or_else(|| {
            let tags: Vec<&str> = Self::ALL.into_iter().map(Self::tag).collect();
            BadText::Malformed(format!(
                "`{text}` is not a language that people are spoken to in: {}",
                tags.join(", ")
            ))
        })
    }

    /// What those who speak it call it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Japanese => "日本語",
            Self::Arabic => "العربية",
        }
    }

    pub const fn is_right_to_left(self) -> bool {
        match self {
            Self::English | Self::German | Self::French | Self::Spanish | Self::Japanese => false,
            Self::Arabic => true,
        }
    }

    /// The value of the attribute `dir` (html, 3.2.6.4).
    pub const fn direction(self) -> &'static str {
        if self.is_right_to_left() { "rtl" } else { "ltr" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_in_any_case_and_another_one_is_answered_with_all() {
        for language in Language::ALL {
            assert_eq!(Language::parse(&language.tag().to_uppercase()), Ok(language));
        }
        let why = Language::parse("tlh").unwrap_err().to_string();
        assert!(
            why.contains("`tlh`") && why.contains("en, de, fr, es, ja, ar"),
            "{why}"
        );
    }
}
