//! Why somebody is not sent on.

use askama::Template;

use crate::web::page::part::{AppMark, Brand};

/// A request that is not answered: what is wrong, and what mends it. It never shows a registered value.
#[derive(Clone, Debug, Template)]
#[template(path = "refused.html", config = "src/web/askama.toml")]
pub struct Refused<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// In a few words.
    pub heading: String,
    /// What is wrong.
    pub words: String,
    /// What to do.
    pub mend: String,
    /// The kind of refusal: `ACS-UNKNOWN`.
    pub code: String,
    /// Which refusal: `7F3A-92C1`.
    pub reference: String,
    /// Who asked, when that is known.
    pub application: Option<AppMark>,
    /// Whether the person is signed in, and is led to the portal.
    pub portal_link: bool,
    /// Name and value, for administrators.
    pub facts: Vec<(String, String)>,
    /// When, with its zone.
    pub when: String,
}

impl Refused<'_> {
    fn full_code(&self) -> String {
        format!("{} {}", self.code, self.reference)
    }
}
