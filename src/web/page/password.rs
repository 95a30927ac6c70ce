//! The pages on which users choose a password.

use askama::Template;

use crate::{
    localization::Phrase,
    web::page::part::{AppMark, PageContext, UserMark},
};

/// Why a new password is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PasswordError {
    /// The text that says it.
    pub id: &'static str,
    /// How many characters a password needs.
    pub min_characters: usize,
}

impl PasswordError {
    pub fn say(self, page: &PageContext) -> Phrase<'static> {
        page.say(self.id).number("count", self.min_characters)
    }
}

/// Asks for a new password in the middle of a sign-in; it posts `csrf`, `ticket`, `continue`, `email` and `new` to
/// `/login/password`.
#[derive(Clone, Debug, Template)]
#[template(path = "required_password.html", config = "src/web/askama.toml")]
pub struct RequiredPasswordPage<'a> {
    pub page: PageContext,
    /// The application to sign in to, if one sent the user here.
    pub application: Option<AppMark>,
    /// For password managers.
    pub email: &'a str,
    pub min_characters: usize,
    /// Why the password before is not accepted.
    pub error: Option<PasswordError>,
    /// More users sign in than passwords can be hashed.
    pub is_busy: bool,
    pub csrf: &'a str,
    /// Proves that the old password was correct.
    pub ticket: &'a str,
    /// The pending sign-in, sealed.
    pub sealed: Option<&'a str>,
}

/// The message above the form of [`AccountPasswordPage`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasswordNotice {
    None,
    /// The new password is set.
    Changed,
    /// Too many attempts.
    Throttled {
        /// How long to wait.
        seconds: u64,
        /// Code and reference, for the administrator.
        code: String,
    },
    /// More users sign in than passwords can be hashed.
    Busy,
    /// The form is not one of this browser's.
    FormExpired,
}

/// Where users change their password; it posts `csrf`, `email`, `current` and `new` to its own address.
#[derive(Clone, Debug, Template)]
#[template(path = "account_password.html", config = "src/web/askama.toml")]
pub struct AccountPasswordPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub notice: PasswordNotice,
    pub is_current_wrong: bool,
    pub min_characters: usize,
    /// Why the new password is not accepted.
    pub error: Option<PasswordError>,
    pub csrf: &'a str,
}

impl AccountPasswordPage<'_> {
    fn is_changed(&self) -> bool {
        self.notice == PasswordNotice::Changed
    }

    fn must_wait(&self) -> bool {
        matches!(self.notice, PasswordNotice::Throttled { .. })
    }
}
