//! Pages that go on by themselves, with a button for browsers that do not.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::web::page::part::{AppMark, Brand, PersonMark};

/// With what the browser goes to the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Going {
    /// With the answer that lets the person in.
    SignedIn,
    /// With a refusal.
    Refused,
    /// With the answer that the person is signed out.
    SignedOut,
}

impl Going {
    fn heading(self) -> &'static str {
        match self {
            Self::SignedIn => "Taking you to",
            Self::Refused | Self::SignedOut => "Going back to",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::SignedIn => "You are signed in.",
            Self::Refused => "We could not do what the application asked for, and are telling it why.",
            Self::SignedOut => "You are signed out here, and we are telling the application.",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::SignedIn => "Continue to",
            Self::Refused | Self::SignedOut => "Go back to",
        }
    }

    fn lets_in(self) -> bool {
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
    pub fn of(message: &str) -> Self {
        Self(STANDARD.encode(message))
    }
}

/// The form that carries a message to an application (saml-bindings, 3.5.4).
#[derive(Clone, Debug, Template)]
#[template(path = "self_post.html", config = "src/web/askama.toml")]
pub struct SelfPost<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// To whom it goes.
    pub application: AppMark,
    /// With what.
    pub going: Going,
    /// The registered address that takes it.
    pub acs: &'a str,
    /// `SAMLResponse`.
    pub message: Base64,
    /// `RelayState`, when there was one.
    pub relay_state: Option<&'a str>,
    /// Who is signed in, when the application learns it.
    pub person: Option<PersonMark>,
}
