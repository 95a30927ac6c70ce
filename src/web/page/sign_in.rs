//! The page where users enter e-mail address and password.

use askama::Template;

use crate::web::page::part::{AppMark, PageContext, PasskeyAsk};

/// The message above the form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignInNotice {
    None,
    /// Unknown account, wrong password or disabled account: one message for all of them.
    WrongCredentials {
        /// Code and reference, for the administrator.
        code: String,
    },
    /// Too many attempts, whether the account exists or not.
    Throttled {
        /// How long to wait.
        seconds: u64,
        /// Code and reference, for the administrator.
        code: String,
    },
    /// More users sign in than passwords can be hashed; the attempt is not counted.
    Busy,
    /// The browser returns no cookie, so nobody can be signed in with it.
    NoCookies,
    /// The passkey is none that lets anybody in here, or its answer is not good.
    PasskeyRefused {
        /// Code and reference, for the administrator.
        code: String,
    },
    /// The form was open for too long to sign in with a passkey.
    PasskeyExpired,
    /// The password was set by a link.
    PasswordSet,
    /// The session ended while its page was open.
    SessionEnded,
    /// The application wants a new sign-in (saml-core, 3.4.1, `ForceAuthn`).
    SignInAgain,
}

/// The form for e-mail and password; it posts `csrf`, `continue`, `email` and `password` to `/login`.
#[derive(Clone, Debug, Template)]
#[template(path = "sign_in.html", config = "src/web/askama.toml")]
pub struct SignInPage<'a> {
    pub page: PageContext,
    /// The application to sign in to, if one sent the user here.
    pub application: Option<AppMark>,
    /// What the user typed before, or empty.
    pub email: &'a str,
    pub notice: SignInNotice,
    pub csrf: &'a str,
    /// Whether a link to choose a new password can be mailed.
    pub can_recover: bool,
    /// The pending sign-in, sealed, posted back as `continue`.
    pub sealed: Option<&'a str>,
    /// For whoever signs in with a passkey alone; it posts `csrf`, `continue`, `state` and `credential` to
    /// `/login/passkey`.
    pub passkey: Option<PasskeyAsk<'a>>,
}

impl SignInPage<'_> {
    fn must_wait(&self) -> bool {
        matches!(self.notice, SignInNotice::Throttled { .. } | SignInNotice::Busy)
    }

    fn are_credentials_wrong(&self) -> bool {
        matches!(self.notice, SignInNotice::WrongCredentials { .. })
    }
}
