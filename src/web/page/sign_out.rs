//! Signing out: the question before, and the page after.

use askama::Template;

use crate::web::page::{
    logout_progress::{ParticipantView, any_open},
    part::{AppMark, Brand, UserMark},
};

/// Asks before it ends the session; it posts `csrf` to `/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_out.html", config = "src/web/askama.toml")]
pub struct SignOutPage<'a> {
    pub brand: Brand,
    pub user: UserMark,
    /// The applications that were opened from this session.
    pub participants: Vec<ParticipantView>,
    pub csrf: &'a str,
}

/// The session has expired, and applications that were opened from it may still be open: asks
/// before each of them receives a LogoutRequest; it posts `csrf` to `/logout`. It names neither the
/// user nor an application.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_out_expired.html", config = "src/web/askama.toml")]
pub struct SignOutExpiredPage<'a> {
    pub brand: Brand,
    /// How many applications may still be open.
    pub applications: usize,
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

/// The page after the session here has ended.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html", config = "src/web/askama.toml")]
pub struct SignedOutPage<'a> {
    pub brand: Brand,
    /// The applications that were opened from it.
    pub participants: Vec<ParticipantView>,
    /// The application that began the logout, and our address that leads back to it.
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
