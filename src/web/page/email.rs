//! The pages on which users change their e-mail address.

use askama::Template;

use crate::web::page::part::{PageContext, UserMark};

/// What stands above the form of [`AccountEmailPage`], or beside its field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EmailNotice {
    None,
    /// A link is on its way, unless somebody else has the address.
    Sent,
    /// The form is not one of this browser's.
    FormExpired,
    /// What was typed is not taken; the text says why.
    Refused(&'static str),
}

/// Asks for another address; it posts `csrf` and `email` to its own address.
#[derive(Clone, Debug, Template)]
#[template(path = "account_email.html", config = "src/web/askama.toml")]
pub struct AccountEmailPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    pub notice: EmailNotice,
    /// Where the new address has to be, in words.
    pub domains: &'a str,
    /// What was typed.
    pub email: &'a str,
    pub csrf: &'a str,
}

/// What the link of a mail leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EmailLinkKind<'a> {
    Confirm {
        /// Applications that keep receiving the address of before.
        kept_at: &'a [String],
        /// Those that receive the new one.
        changed_at: &'a [String],
    },
    Undo,
}

/// Asks before a link is used up; it posts `csrf` to its own address.
#[derive(Clone, Debug, Template)]
#[template(path = "email_link.html", config = "src/web/askama.toml")]
pub struct EmailLinkPage<'a> {
    pub page: PageContext,
    pub kind: EmailLinkKind<'a>,
    /// The address that the user has afterwards.
    pub email: &'a str,
    /// The path of the link.
    pub link: &'a str,
    pub csrf: &'a str,
}
