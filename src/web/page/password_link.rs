//! The pages by which somebody who cannot sign in chooses a password.

use askama::Template;

use chrono::{DateTime, Utc};

use crate::web::page::{part::PageContext, password::PasswordError};

/// Asks for the address of an account. It says the same whether somebody has it or not; it posts `csrf` and `email` to
/// `/recover`.
#[derive(Clone, Debug, Template)]
#[template(path = "recovery.html", config = "src/web/askama.toml")]
pub struct RecoveryPage<'a> {
    pub page: PageContext,
    pub state: RecoveryState,
    pub csrf: &'a str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecoveryState {
    Asks,
    /// The form is not one of this browser's.
    FormExpired,
    /// A mail is on its way, if somebody has the address.
    Sent,
}

/// Why somebody chooses a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordLinkReason {
    Invitation,
    Recovery,
    Rescue,
}

/// Asks for a password; it posts `csrf`, `email` and `new` to its own address.
#[derive(Clone, Debug, Template)]
#[template(path = "password_link.html", config = "src/web/askama.toml")]
pub struct PasswordLinkPage<'a> {
    pub page: PageContext,
    pub reason: PasswordLinkReason,
    /// The name to greet the user by.
    pub greeting: &'a str,
    pub email: &'a str,
    /// The part of the address that identifies the link.
    pub link: &'a str,
    /// Until when it works.
    pub until: DateTime<Utc>,
    pub min_characters: usize,
    /// Why the password before is not accepted.
    pub error: Option<PasswordError>,
    /// More users sign in than passwords can be hashed.
    pub is_busy: bool,
    pub csrf: &'a str,
}
