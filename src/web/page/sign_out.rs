//! Leaving: the question before, the word after.

use askama::Template;

use crate::web::page::{
    logout_progress::{ParticipantView, any_open},
    part::{AppMark, Brand, UserMark},
};

/// Asks before it ends the session; it posts `csrf` to `/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_out.html", config = "src/web/askama.toml")]
pub struct SignOutPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who is signed in.
    pub user: UserMark,
    /// What was opened from this session.
    pub participants: Vec<ParticipantView>,
    /// The token against forged forms.
    pub csrf: &'a str,
}

/// The session has grown too old, and applications that were opened from it may still be open: asks before it asks
/// them; it posts `csrf` to `/logout`. It names nobody and nothing.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_out_over.html", config = "src/web/askama.toml")]
pub struct SignOutExpiredPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// How many applications.
    pub applications: usize,
    /// The token against forged forms.
    pub csrf: &'a str,
}

impl SignOutExpiredPage<'_> {
    fn still_open(&self) -> String {
        match self.applications {
            1 => "One application that was opened from it may still be open in this browser.".to_owned(),
            several => {
                format!("{several} applications that were opened from it may still be open in this browser.")
            }
        }
    }
}

/// The session here has ended.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html", config = "src/web/askama.toml")]
pub struct SignedOutPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// What was opened from it.
    pub participants: Vec<ParticipantView>,
    /// The application that began it, and our address that leads back to it.
    pub back: Option<(AppMark, &'a str)>,
}

impl SignedOutPage<'_> {
    fn any_open(&self) -> bool {
        any_open(&self.participants)
    }

    fn heading(&self) -> &'static str {
        if self.participants.is_empty() || self.any_open() {
            "You are signed out here"
        } else {
            "You are signed out everywhere"
        }
    }
}
