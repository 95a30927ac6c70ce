//! Why somebody is not sent on.

use askama::Template;

use crate::{
    model::explanation::Mender,
    web::page::part::{AppMark, Brand},
};

/// A request that is not answered: what is wrong, who can mend it, and how. It never shows a registered value.
#[derive(Clone, Debug, Template)]
#[template(path = "refused.html", config = "src/web/askama.toml")]
pub struct Refused<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// In a few words.
    pub heading: &'a str,
    /// What is wrong.
    pub words: &'a str,
    /// Who can mend it.
    pub who: Mender,
    /// How.
    pub mend: &'a str,
    /// The kind of refusal: `ACS-UNKNOWN`.
    pub code: &'a str,
    /// Which refusal: `7F3A-92C1`.
    pub reference: String,
    /// Who asked, when that is known.
    pub application: Option<AppMark>,
    /// Whether the person is signed in, and is led to the portal.
    pub portal_link: bool,
    /// When, with its zone.
    pub when: String,
}

impl Refused<'_> {
    fn full_code(&self) -> String {
        format!("{} {}", self.code, self.reference)
    }

    fn asks_an_administrator(&self) -> bool {
        self.who != Mender::Person
    }

    /// To whom the person sends the code.
    fn whom(&self) -> String {
        let here = format!("an administrator of {}", self.brand.organisation);
        let there = match &self.application {
            Some(application) => format!("whoever looks after {}", application.name),
            None => "whoever looks after the application".to_owned(),
        };
        match self.who {
            Mender::Person | Mender::Here => here,
            Mender::Application => there,
            Mender::Either => format!("{there}, or {here}"),
        }
    }
}
