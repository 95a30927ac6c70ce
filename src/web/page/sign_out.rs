//! Signing out: the question before, and the page after.

use askama::Template;

use crate::web::page::{
    logout_progress::{ParticipantView, any_open},
    part::{AppMark, PageContext, UserMark},
};

/// Asks before it ends the session; it posts `csrf` to `/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_out.html", config = "src/web/askama.toml")]
pub struct SignOutPage<'a> {
    pub page: PageContext,
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
    pub page: PageContext,
    /// How many applications may still be open.
    pub applications: usize,
    pub csrf: &'a str,
}

/// The page after the session here has ended.
#[derive(Clone, Debug, Template)]
#[template(path = "signed_out.html", config = "src/web/askama.toml")]
pub struct SignedOutPage<'a> {
    pub page: PageContext,
    /// The applications that were opened from it.
    pub participants: Vec<ParticipantView>,
    /// The application that began the logout, and our address that leads back to it.
    pub back: Option<(AppMark, &'a str)>,
}

impl SignedOutPage<'_> {
    fn any_open(&self) -> bool {
        any_open(&self.participants)
    }

    fn is_everywhere(&self) -> bool {
        !self.participants.is_empty() && !self.any_open()
    }
}
