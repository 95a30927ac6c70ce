//! Pages that post a form by themselves, with a button for browsers that do not.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::web::page::part::{AppMark, PageContext, UserMark};

/// What the message is that the browser posts to the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AutoPostKind {
    /// A Response that signs the user in.
    SignedIn,
    Refused,
    /// A LogoutResponse.
    SignedOut,
}

impl AutoPostKind {
    const fn heading_id(self) -> &'static str {
        match self {
            Self::SignedIn => "taking-you-to",
            Self::Refused | Self::SignedOut => "going-back-to",
        }
    }

    const fn text_id(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in-moving-on",
            Self::Refused => "refused-moving-on",
            Self::SignedOut => "signed-out-moving-on",
        }
    }

    const fn button_id(self) -> &'static str {
        match self {
            Self::SignedIn => "continue-to",
            Self::Refused | Self::SignedOut => "go-back-to",
        }
    }

    fn is_sign_in(self) -> bool {
        match self {
            Self::SignedIn => true,
            Self::Refused | Self::SignedOut => false,
        }
    }
}

/// A message that we encoded in base64: nothing in it needs escaping.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Base64(pub(super) String);

impl Base64 {
    /// Encodes a message (saml-bindings, 3.5.4).
    pub fn encode(message: &str) -> Self {
        Self(STANDARD.encode(message))
    }
}

/// What the browser posts.
#[derive(Clone, Debug)]
pub enum PostBody<'a> {
    Saml {
        /// The parameter `SAMLResponse`.
        message: Base64,
        /// The parameter `RelayState`, if there was one.
        relay_state: Option<&'a str>,
    },
    /// Names and values (OAuth 2.0 Form Post Response Mode, 2).
    Fields(&'a [(&'static str, String)]),
}

/// The page that takes the browser to an application by itself, with what it says in the URL; with a link for browsers
/// that do not. It follows a form of ours, after which Chromium lets no redirect leave (`form-action`).
#[derive(Clone, Debug, Template)]
#[template(path = "redirect.html", config = "src/web/askama.toml")]
pub struct RedirectPage<'a> {
    pub page: PageContext,
    pub application: AppMark,
    pub kind: AutoPostKind,
    /// With all that the application is told.
    pub url: &'a str,
    /// The signed-in user, if the answer names them.
    pub user: Option<UserMark>,
}

/// The form that carries a message to an application (saml-bindings, 3.5.4).
#[derive(Clone, Debug, Template)]
#[template(path = "auto_post.html", config = "src/web/askama.toml")]
pub struct AutoPostPage<'a> {
    pub page: PageContext,
    pub application: AppMark,
    pub kind: AutoPostKind,
    /// The registered address that receives the message.
    pub destination: &'a str,
    pub body: PostBody<'a>,
    /// The signed-in user, if the message names them.
    pub user: Option<UserMark>,
}
