//! Which language somebody is spoken to in.

use fluent_langneg::{NegotiationStrategy, negotiate_languages};
use unic_langid::LanguageIdentifier;

use crate::model::language::Language;

/// How much of a list is read: a browser sends less.
const MAX_LEN: usize = 512;

/// What says which language it is to be, the strongest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestedLanguages<'a> {
    /// Tags separated by spaces (openid-connect-core, 3.1.2.1).
    pub ui_locales: Option<&'a str>,
    /// What the person chose.
    pub chosen: Option<Language>,
    /// The header (RFC 9110, 12.5.4).
    pub accept_language: Option<&'a str>,
}

/// The language to speak in; `default` if none that is asked for is spoken here.
pub fn negotiate(requested: RequestedLanguages<'_>, default: Language) -> Language {
    let by_ui_locales = || named(requested.ui_locales?);
    let by_header = || best(&accepted(requested.accept_language?));
    by_ui_locales()
        .or(requested.chosen)
        .or_else(by_header)
        .unwrap_or(default)
}

/// The first language of `ui_locales` that is spoken here.
pub fn named(ui_locales: &str) -> Option<Language> {
    let tags = bounded(ui_locales).split_ascii_whitespace();
    best(&tags.filter_map(|tag| tag.parse().ok()).collect::<Vec<_>>())
}

/// The languages of the header, the most preferred one first.
fn accepted(header: &str) -> Vec<LanguageIdentifier> {
    let mut weighted: Vec<(f32, LanguageIdentifier)> = Vec::new();
    for part in bounded(header).split(',') {
        let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").unwrap_or("1");
        let (Ok(tag), Ok(weight)) = (tag.trim().parse(), weight.trim().parse::<f32>()) else {
            continue;
        };
        if weight > 0.0 {
            weighted.push((weight, tag));
        }
    }
    // Stable: of two with one weight, the first.
    weighted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    weighted.into_iter().map(|(_, tag)| tag).collect()
}

fn best(requested: &[LanguageIdentifier]) -> Option<Language> {
    let spoken: Vec<LanguageIdentifier> = Language::ALL
        .iter()
        .filter_map(|language| language.tag().parse().ok())
        .collect();
    let found = negotiate_languages(requested, &spoken, None, NegotiationStrategy::Filtering);
    Language::from_tag(found.first()?.language.as_str())
}

fn bounded(text: &str) -> &str {
    let end = (0..=MAX_LEN.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}
