//! Pages that go on by themselves, with a button for browsers that do not.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::web::page::part::{AppMark, Brand, UserMark};

/// With what the browser goes to the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AutoPostKind {
    /// With the answer that lets the person in.
    SignedIn,
    /// With a refusal.
    Refused,
    /// With the answer that the person is signed out.
    SignedOut,
}

impl AutoPostKind {
    fn heading(self) -> &'static str {
        match self {
            Self::SignedIn => "Taking you to",
            Self::Refused | Self::SignedOut => "Going back to",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::SignedIn => "You are signed in.",
            Self::Refused => "We could not do what the application asked for, and are telling it why.",
            Self::SignedOut => "You are signed out here, and we are telling the application.",
        }
    }

    fn button_label(self) -> &'static str {
        match self {
            Self::SignedIn => "Continue to",
            Self::Refused | Self::SignedOut => "Go back to",
        }
    }

    fn is_sign_in(self) -> bool {
        match self {
            Self::SignedIn => true,
            Self::Refused | Self::SignedOut => false,
        }
    }
}

/// A message in base64, made here: nothing in it needs escaping.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Base64(pub(super) String);

impl Base64 {
    /// Encodes a message (saml-bindings, 3.5.4).
    pub fn encode(message: &str) -> Self {
        Self(STANDARD.encode(message))
    }
}

/// The form that carries a message to an application (saml-bindings, 3.5.4).
#[derive(Clone, Debug, Template)]
#[template(path = "self_post.html", config = "src/web/askama.toml")]
pub struct AutoPostPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// To whom it goes.
    pub application: AppMark,
    /// With what.
    pub kind: AutoPostKind,
    /// The registered address that takes it.
    pub destination: &'a str,
    /// `SAMLResponse`.
    pub message: Base64,
    /// `RelayState`, when there was one.
    pub relay_state: Option<&'a str>,
    /// Who is signed in, when the application learns it.
    pub user: Option<UserMark>,
}
