//! Parts that several pages show: the organisation, an application, a user.

use std::sync::Arc;

use crate::{
    localization::{Form, Phrase, phrase},
    model::language::Language,
};

/// The organisation whose provider this is. Cheap to clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Brand {
    pub organisation: Arc<str>,
    /// Where users get help, if configured: an `https:` or `mailto:` address.
    pub help_url: Option<Arc<str>>,
    /// What is spoken to those who ask for no language that is spoken here.
    pub language: Language,
}

/// What every page has: the organisation, and the language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageContext {
    pub organisation: Arc<str>,
    /// Where users get help, if configured: an `https:` or `mailto:` address.
    pub help_url: Option<Arc<str>>,
    pub language: Language,
    /// The address of this page without `ui_locales`; `None` if it cannot be loaded again in another language, because
    /// it answers a form.
    pub address: Option<String>,
}

/// A page in a language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LanguageLink {
    pub language: Language,
    pub address: String,
}

impl PageContext {
    /// The text `id` in the language of the page.
    pub fn say<'a>(&self, id: &'a str) -> Phrase<'a> {
        phrase(self.language, id, Form::Html)
    }

    /// For a page that is not loaded again.
    #[must_use]
    pub fn once(self) -> Self {
        Self {
            address: None,
            ..self
        }
    }

    /// The page in every language; empty if there is none to choose.
    pub fn other_languages(&self) -> Vec<LanguageLink> {
        let Some(address) = &self.address else {
            return Vec::new();
        };
        let separator = if address.contains('?') { '&' } else { '?' };
        let link = |language: Language| LanguageLink {
            language,
            address: format!("{address}{separator}ui_locales={}", language.tag()),
        };
        Language::ALL.into_iter().map(link).collect()
    }
}

/// An application as users recognise it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppMark {
    pub name: String,
    /// The letters shown for it.
    pub initials: String,
    /// The colour of the letters, 1 to 8.
    pub tint: u8,
}

impl AppMark {
    /// `id` selects the colour.
    pub fn new(name: &str, id: &str) -> Self {
        Self {
            name: name.to_owned(),
            initials: initials(name),
            tint: tint(id),
        }
    }
}

/// What a page asks an authenticator, and what its form sends back with the answer.
#[derive(Clone, Copy, Debug)]
pub struct PasskeyAsk<'a> {
    /// JSON.
    pub options: &'a str,
    /// Sealed.
    pub state: &'a str,
}

/// The user for whom a page is rendered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserMark {
    /// Given and family name.
    pub full_name: String,
    pub email: String,
    /// The letters shown for the user.
    pub initials: String,
    /// The colour of the letters, 1 to 8.
    pub tint: u8,
}

impl UserMark {
    /// `id` selects the colour.
    pub fn new(full_name: &str, email: &str, id: &str) -> Self {
        Self {
            full_name: full_name.to_owned(),
            email: email.to_owned(),
            initials: initials(full_name),
            tint: tint(id),
        }
    }
}

/// The first letter of the first and of the last word, or of the only one.
pub fn initials(name: &str) -> String {
    let mut letters = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    let picked: String = first
        .into_iter()
        .chain(letters.next_back())
        .flat_map(char::to_uppercase)
        .collect();
    if picked.is_empty() {
        "·".to_owned()
    } else {
        picked
    }
}

/// One of the eight colours of the style sheet, always the same for one id.
pub fn tint(id: &str) -> u8 {
    let sum = id
        .bytes()
        .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    // The upper bits: after multiplication by 31, the lowest ones only say how many bytes were odd.
    (sum >> 5) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_the_first_and_last_word() {
        for (name, letters) in [
            ("Mira Castellane", "MC"),
            ("ChatGPT", "C"),
            ("Ana María de la Cruz", "AC"),
            ("عبد الله", "عا"),
            ("élodie", "É"),
            ("<script> \"x\"", "SX"),
            ("李 小龍", "李小"),
            ("…", "·"),
            ("", "·"),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }

    #[test]
    fn every_id_has_one_of_eight_tints_and_all_are_used() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..200 {
            let id = format!("0190f3c2-7a10-7{n:03x}-8000-0123456789ab");
            assert_eq!(tint(&id), tint(&id));
            seen.insert(tint(&id));
        }
        assert_eq!(seen, (1..=8).collect());
    }
}
