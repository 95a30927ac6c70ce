//! Short pages that say one thing and offer no choice.

use askama::Template;

use crate::{model::reference::Reference, web::page::part::Brand};

/// What a short page says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeKind<'a> {
    NotFound,
    /// Too many requests; the text says of what, and how long to wait.
    TooMany(&'a str),
    /// Incomplete or malformed.
    Unreadable,
    /// Larger than any form of ours.
    TooLarge,
    /// A body that is not a form.
    NotAForm,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The pending sign-in was answered already, or has expired.
    SignInOver,
    /// A sign-in that another page loads into a frame, where nobody can sign in.
    NotTopLevel,
    /// A sign-in for which this browser sent no cookie.
    NoCookies,
    /// More requests than can be served just now.
    Busy,
    /// An administrator's link that was used, or has expired.
    LinkExpired,
    /// A link to choose a password that was used, or has expired.
    PasswordLinkExpired,
}

#[derive(Clone, Debug, Template)]
#[template(path = "notice.html", config = "src/web/askama.toml")]
pub struct NoticePage<'a> {
    pub brand: Brand,
    pub kind: NoticeKind<'a>,
}

impl NoticePage<'_> {
    fn heading(&self) -> &'static str {
        match self.kind {
            NoticeKind::NotFound => "There is no page here",
            NoticeKind::Unreadable => "This could not be read",
            NoticeKind::TooLarge => "This is too long",
            NoticeKind::NotAForm => "This is not a form",
            NoticeKind::BodyTimeout => "This took too long",
            NoticeKind::TooMany(_) => "Please wait a little",
            NoticeKind::SignInOver => "Start again at the application",
            NoticeKind::NotTopLevel => "Sign in on a page of its own",
            NoticeKind::Busy => "Too many people at once",
            NoticeKind::LinkExpired | NoticeKind::PasswordLinkExpired => "This link no longer works",
            NoticeKind::NoCookies => "Your browser sent no cookie",
        }
    }

    fn text(&self) -> &str {
        match self.kind {
            NoticeKind::NotFound => {
                "The address may be cut short, or the page is gone. To sign in to an application, begin there."
            }
            NoticeKind::Unreadable => {
                "What your browser sent is too long, or not whole. Go back to where you came from and begin again there."
            }
            NoticeKind::TooLarge => {
                "What your browser sent is too long to be read here. Go back to where you came from and begin again there."
            }
            NoticeKind::NotAForm => {
                "Only the forms on these pages are read here. Open the page in your browser, and send the form that it shows."
            }
            NoticeKind::BodyTimeout => {
                "What your browser sent did not arrive in time. Check your connection, then go back and send it again."
            }
            NoticeKind::TooMany(message) => message,
            NoticeKind::NoCookies => {
                "If cookies are switched off, allow them for this site in your browser’s settings: without them nobody can be signed in. If you began in another browser, go on there. Else go back to the application and sign in there."
            }
            NoticeKind::Busy => {
                "You did nothing wrong: more people want something here than can be served right now. Wait a few seconds, then load this page again."
            }
            NoticeKind::LinkExpired => {
                "It works once, and for 30 minutes. Try to sign in; if you still have to wait, ask your administrator for another one."
            }
            NoticeKind::PasswordLinkExpired => {
                "It works once, and not for long: 30 minutes, or 7 days if you were invited. If you have chosen your password, sign in with it; else ask for another link where you sign in, or ask your administrator."
            }
            NoticeKind::NotTopLevel => {
                "Another page tried to load this sign-in into itself. Open the application in a tab or window of its own, and sign in there."
            }
            NoticeKind::SignInOver => {
                "This sign-in is over: it was finished before, or it waited too long. Go back to the application and sign in there."
            }
        }
    }

    fn has_portal_link(&self) -> bool {
        match self.kind {
            NoticeKind::NotFound
            | NoticeKind::Unreadable
            | NoticeKind::TooLarge
            | NoticeKind::NotAForm
            | NoticeKind::BodyTimeout
            | NoticeKind::NotTopLevel
            | NoticeKind::LinkExpired
            | NoticeKind::PasswordLinkExpired
            | NoticeKind::SignInOver
            | NoticeKind::NoCookies => true,
            NoticeKind::TooMany(_) | NoticeKind::Busy => false,
        }
    }
}

/// The page for a failure of ours.
#[derive(Clone, Debug, Template)]
#[template(path = "failed.html", config = "src/web/askama.toml")]
pub struct FailurePage<'a> {
    pub brand: Brand,
    pub code: &'a str,
    /// Identifies the failure: the request id in the log begins with it.
    pub reference: Reference,
}

impl FailurePage<'_> {
    fn full_code(&self) -> String {
        format!("{} {}", self.code, self.reference)
    }
}
