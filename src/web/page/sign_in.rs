//! Where people type e-mail and password.

use askama::Template;

use crate::web::page::part::{AppMark, Brand};

/// What is said above the form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignInNotice {
    /// Nothing.
    None,
    /// Unknown, wrong and disabled: one answer for all of them.
    WrongCredentials {
        /// Code and reference, for the administrator.
        code: String,
    },
    /// Too many attempts, whether the account exists or not.
    Throttled {
        /// In words: `2 minutes`.
        wait_text: String,
        /// The same in seconds.
        seconds: u64,
        /// Code and reference, for the administrator.
        code: String,
    },
    /// More people sign in than passwords can be checked: nothing is counted.
    Busy,
    /// The browser sends no cookie back: nobody can be signed in with it.
    NoCookies,
    /// The session ended while its page was open.
    SessionEnded,
    /// The application wants a new sign-in (saml-core, 3.4.1, `ForceAuthn`).
    SignInAgain,
}

/// The form for e-mail and password; it posts `csrf`, `continue`, `email` and `password` to `/login`.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html", config = "src/web/askama.toml")]
pub struct SignInPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// What the person signs in to, when an application asked.
    pub application: Option<AppMark>,
    /// What was typed before, or empty.
    pub email: &'a str,
    /// What is said above the form.
    pub notice: SignInNotice,
    /// The token against forged forms.
    pub csrf: &'a str,
    /// The request that waits, sealed, posted back as `continue`.
    pub sealed: Option<&'a str>,
}

impl SignInPage<'_> {
    fn must_wait(&self) -> bool {
        matches!(self.notice, SignInNotice::Throttled { .. } | SignInNotice::Busy)
    }

    fn are_credentials_wrong(&self) -> bool {
        matches!(self.notice, SignInNotice::WrongCredentials { .. })
    }
}
