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
            Self::Refused => "We could not do what was asked of us, and the application is told why.",
            Self::SignedOut => "You are signed out here, and the application is told so.",
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
pub struct Base64(String);

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

/// An address that a browser may be sent to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Onward(String);

impl Onward {
    /// Takes `https:`, `http:` and paths of our own; nothing that a browser would run, trim or read as
    /// the address of another host.
    pub fn parse(address: &str) -> Option<Self> {
        let whole = address.starts_with("https://") || address.starts_with("http://");
        let ours = address.starts_with('/') && !address.starts_with("//");
        let clean = !address
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '\\');
        ((whole || ours) && clean).then(|| Self(address.to_owned()))
    }

    /// The address, octet for octet: a signature may cover its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A page that sends the browser on by itself. A form of ours cannot be answered by a redirect to
/// another origin: `form-action 'self'` holds for every redirect that follows it (Chromium).
#[derive(Clone, Debug, Template)]
#[template(path = "go_on.html", config = "src/web/askama.toml")]
pub struct GoOn<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// What happens.
    pub heading: String,
    /// In a sentence or two.
    pub words: String,
    /// Where it goes.
    pub location: Onward,
    /// What the link says.
    pub label: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_gone_on_to() {
        for good in [
            "https://sp.example/slo?SAMLResponse=a%2Bb&Signature=c%3D",
            "http://127.0.0.1:1/x",
            "/",
            "/a?b='c;d\"",
        ] {
            assert_eq!(Onward::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "",
            " https://sp.example",
            "https://a\nb",
            "/\\evil.example",
            "'https://x'",
            "/\t/evil.example",
        ] {
            assert_eq!(Onward::parse(bad), None, "{bad:?}");
        }
    }
}
