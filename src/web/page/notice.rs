//! Short pages that say one thing and offer no choice.

use askama::Template;

use crate::{model::reference::Reference, web::page::part::PageContext};

/// What a short page says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeKind {
    NotFound,
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
    /// Too many links were asked for.
    TooManyLinks {
        /// How long to wait.
        seconds: u64,
    },
    /// More requests than can be served just now.
    Busy,
    /// An administrator's link that was used, or has expired.
    LinkExpired,
    /// A link to choose a password that was used, or has expired.
    PasswordLinkExpired,
    /// A link that confirms an address, and was used or has expired.
    EmailLinkExpired,
    /// The same of a link that undoes a change.
    EmailUndoExpired,
    /// A link that confirms an address of somebody else than who is signed in.
    EmailLinkOfAnother,
    /// The user has a new address.
    EmailChanged,
    /// It is somebody else's by now.
    EmailTaken,
    /// The user has the address of before again.
    EmailUndone,
}

#[derive(Clone, Debug, Template)]
#[template(path = "notice.html", config = "src/web/askama.toml")]
pub struct NoticePage {
    pub page: PageContext,
    pub kind: NoticeKind,
}

impl NoticePage {
    const fn heading_id(&self) -> &'static str {
        match self.kind {
            NoticeKind::NotFound => "not-found",
            NoticeKind::Unreadable => "unreadable",
            NoticeKind::TooLarge => "too-large",
            NoticeKind::NotAForm => "not-a-form",
            NoticeKind::BodyTimeout => "body-timeout",
            NoticeKind::SignInOver => "sign-in-over",
            NoticeKind::NotTopLevel => "not-top-level",
            NoticeKind::Busy => "busy",
            NoticeKind::LinkExpired
            | NoticeKind::PasswordLinkExpired
            | NoticeKind::EmailLinkExpired
            | NoticeKind::EmailUndoExpired => "link-expired",
            NoticeKind::TooManyLinks { .. } => "wait-a-little",
            NoticeKind::EmailLinkOfAnother => "email-link-of-another",
            NoticeKind::EmailChanged => "email-is-changed",
            NoticeKind::EmailTaken => "email-could-not-be-taken",
            NoticeKind::EmailUndone => "email-change-undone",
            NoticeKind::NoCookies => "no-cookie-sent",
        }
    }

    const fn text_id(&self) -> &'static str {
        match self.kind {
            NoticeKind::NotFound => "not-found-text",
            NoticeKind::Unreadable => "unreadable-text",
            NoticeKind::TooLarge => "too-large-text",
            NoticeKind::NotAForm => "not-a-form-text",
            NoticeKind::BodyTimeout => "body-timeout-text",
            NoticeKind::SignInOver => "sign-in-over-text",
            NoticeKind::NotTopLevel => "not-top-level-text",
            NoticeKind::Busy => "busy-text",
            NoticeKind::LinkExpired => "link-expired-text",
            NoticeKind::PasswordLinkExpired => "password-link-expired-text",
            NoticeKind::EmailLinkExpired => "email-link-expired-text",
            NoticeKind::EmailUndoExpired => "email-undo-expired-text",
            NoticeKind::TooManyLinks { .. } => "too-many-links-text",
            NoticeKind::EmailLinkOfAnother => "email-link-of-another-text",
            NoticeKind::EmailChanged => "email-is-changed-text",
            NoticeKind::EmailTaken => "email-could-not-be-taken-text",
            NoticeKind::EmailUndone => "email-change-undone-text",
            NoticeKind::NoCookies => "no-cookie-sent-text",
        }
    }

    /// How long to wait, where the text says it.
    const fn wait(&self) -> u64 {
        if let NoticeKind::TooManyLinks { seconds } = self.kind {
            seconds
        } else {
            0
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
            | NoticeKind::EmailLinkExpired
            | NoticeKind::EmailUndoExpired
            | NoticeKind::EmailLinkOfAnother
            | NoticeKind::EmailChanged
            | NoticeKind::EmailTaken
            | NoticeKind::EmailUndone
            | NoticeKind::SignInOver
            | NoticeKind::NoCookies => true,
            NoticeKind::TooManyLinks { .. } | NoticeKind::Busy => false,
        }
    }
}

/// The page for a failure of ours.
#[derive(Clone, Debug, Template)]
#[template(path = "failed.html", config = "src/web/askama.toml")]
pub struct FailurePage<'a> {
    pub page: PageContext,
    pub code: &'a str,
    /// Identifies the failure: the request id in the log begins with it.
    pub reference: Reference,
}

impl FailurePage<'_> {
    fn full_code(&self) -> String {
        format!("{} {}", self.code, self.reference)
    }
}
