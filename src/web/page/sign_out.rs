//! Leaving: the question before, the word after.

use askama::Template;

use crate::web::page::part::{AppMark, Brand, PersonMark};

/// Asks before it ends the session; it posts `csrf` to `/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_out.html", config = "src/web/askama.toml")]
pub struct SignOut<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who is signed in.
    pub person: PersonMark,
    /// What was opened from this session.
    pub applications: Vec<AppMark>,
    /// The token against forged forms.
    pub csrf: &'a str,
}

/// An application that was opened from a session which has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Left {
    /// Name, letters and colour.
    pub application: AppMark,
    /// Whether it told us that its own session ended too.
    pub confirmed: bool,
}

/// The session here has ended.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html", config = "src/web/askama.toml")]
pub struct SignedOut<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// What was opened from it.
    pub applications: Vec<Left>,
}

impl SignedOut<'_> {
    fn any_open(&self) -> bool {
        self.applications.iter().any(|left| !left.confirmed)
    }
}
