//! `RequestedAuthnContext` (saml-core, 3.3.2.2.1), held against the one kind of login that there is here: a
//! password over TLS.

use crate::{
    saml::{
        refusal::Refusal,
        urn::{ASSERTION, PASSWORD, PASSWORD_PROTECTED_TRANSPORT},
    },
    xml::{characters::trim, tree::Element},
};

/// What every login here is.
pub const PROVIDED_CLASS: &str = PASSWORD_PROTECTED_TRANSPORT;
/// A class that says nothing, and is true of every login (saml-authn-context, 3.4.25).
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";

/// How the classes of a request are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// One of them.
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as can be, and not stronger than one of them.
    Maximum,
    /// Stronger than any of them.
    Better,
}

/// What a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAuthnContext {
    /// How `classes` are meant.
    pub comparison: Comparison,
    /// The classes, in the order of preference. Declarations are not known here, and satisfied by nothing.
    pub classes: Vec<String>,
}

/// Reads the element.
pub(super) fn read(element: Element<'_, '_>) -> Result<RequestedAuthnContext, Refusal> {
    let mut classes = Vec::new();
    for child in element.children()? {
        if child.is(ASSERTION, "AuthnContextClassRef") {
            classes.push(trim(&child.text()?).to_owned());
        }
    }
    let comparison = match element.attribute("Comparison") {
        None | Some("exact") => Comparison::Exact,
        Some("minimum") => Comparison::Minimum,
        Some("maximum") => Comparison::Maximum,
        Some("better") => Comparison::Better,
        Some(_) => return Err(Refusal::Malformed("a Comparison that is none")),
    };
    Ok(RequestedAuthnContext { comparison, classes })
}

/// How strong a class is beside ours; none for a class that nobody here can place.
fn strength(class: &str) -> Option<u8> {
    const PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:";
    if class == "https://refeds.org/profile/mfa" {
        return Some(3);
    }
    Some(match class.strip_prefix(PREFIX)? {
        "unspecified" => 0,
        "InternetProtocol" | "InternetProtocolPassword" | "Password" | "PreviousSession" => 1,
        "PasswordProtectedTransport" => PROVIDED_STRENGTH,
        "MobileTwoFactorContract"
        | "MobileTwoFactorUnregistered"
        | "Smartcard"
        | "SmartcardPKI"
        | "SoftwarePKI"
        | "TimeSyncToken"
        | "TLSClient"
        | "X509" => 3,
        _ => return None,
    })
}

const PROVIDED_STRENGTH: u8 = 2;

impl RequestedAuthnContext {
    /// The class to answer with; none if our login is not what is asked for (`NoAuthnContext`).
    pub fn satisfied_class(&self) -> Option<&'static str> {
        let ranks = || self.classes.iter().filter_map(|class| strength(class));
        match self.comparison {
            // A password over TLS is a password: whoever asks for exactly that is answered so.
            Comparison::Exact => [PROVIDED_CLASS, PASSWORD, UNSPECIFIED]
                .into_iter()
                .filter_map(|class| Some((self.classes.iter().position(|asked| asked == class)?, class)))
                .min()
                .map(|(_at, class)| class),
            Comparison::Minimum => ranks()
                .any(|rank| rank <= PROVIDED_STRENGTH)
                .then_some(PROVIDED_CLASS),
            Comparison::Maximum => ranks()
                .any(|rank| rank >= PROVIDED_STRENGTH)
                .then_some(PROVIDED_CLASS),
            Comparison::Better => (!self.classes.is_empty()
                && self
                    .classes
                    .iter()
                    .all(|class| strength(class).is_some_and(|rank| rank < PROVIDED_STRENGTH)))
            .then_some(PROVIDED_CLASS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn satisfied_class(comparison: Comparison, classes: &[&str]) -> Option<&'static str> {
        let named = |class: &&str| {
            if class.contains(':') {
                (*class).to_owned()
            } else {
                format!("urn:oasis:names:tc:SAML:2.0:ac:classes:{class}")
            }
        };
        RequestedAuthnContext {
            comparison,
            classes: classes.iter().map(named).collect(),
        }
        .satisfied_class()
    }

    #[test]
    fn every_comparison_is_as_the_specification_says() {
        use Comparison::{Better, Exact, Maximum, Minimum};
        for (comparison, classes, expected) in [
            (Exact, &["PasswordProtectedTransport"][..], Some(PROVIDED_CLASS)),
            (
                Exact,
                &["X509", "PasswordProtectedTransport"],
                Some(PROVIDED_CLASS),
            ),
            (
                Exact,
                &["unspecified", "PasswordProtectedTransport"],
                Some(UNSPECIFIED),
            ),
            (
                Exact,
                &["PasswordProtectedTransport", "unspecified"],
                Some(PROVIDED_CLASS),
            ),
            (Exact, &["Password"], Some(PASSWORD)),
            (Exact, &["X509", "Password"], Some(PASSWORD)),
            (
                Exact,
                &["PasswordProtectedTransport", "Password"],
                Some(PROVIDED_CLASS),
            ),
            (Exact, &["urn:x:own"], None),
            (Exact, &[], None),
            (Minimum, &["Password"], Some(PROVIDED_CLASS)),
            (Minimum, &["X509", "unspecified"], Some(PROVIDED_CLASS)),
            (Minimum, &["X509"], None),
            (Minimum, &["urn:x:own"], None),
            (Maximum, &["X509"], Some(PROVIDED_CLASS)),
            (Maximum, &["PasswordProtectedTransport"], Some(PROVIDED_CLASS)),
            (Maximum, &["Password"], None),
            (Maximum, &["https://refeds.org/profile/mfa"], Some(PROVIDED_CLASS)),
            (Better, &["Password"], Some(PROVIDED_CLASS)),
            (Better, &["Password", "PasswordProtectedTransport"], None),
            (Better, &["urn:x:own"], None),
            (Better, &[], None),
        ] {
            assert_eq!(
                satisfied_class(comparison, classes),
                expected,
                "{comparison:?} {classes:?}"
            );
        }
    }
}
