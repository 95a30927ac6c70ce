//! Diagnostics of a message that was refused, for whoever has to find out why. Nothing in it is trusted, and no
//! decision ever depends on what is read here.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    model::hash::sha256_hex,
    saml::urn::{ASSERTION, DSIG},
    xml::{
        characters::WHITESPACE,
        tree::{Element, XmlDocument},
    },
};

/// How many certificates are looked at.
const MAX_CERTIFICATES: usize = 4;

/// What a message seems to say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PeekedMessage {
    /// The name of its root element.
    pub name: Option<String>,
    /// `ID`.
    pub id: Option<String>,
    /// `Issuer`.
    pub issuer: Option<String>,
    /// `Destination`.
    pub destination: Option<String>,
    /// `SignatureMethod` of an XML signature.
    pub algorithm: Option<String>,
    /// `DigestMethod` of an XML signature.
    pub digest: Option<String>,
    /// SHA-256 of each `X509Certificate` that it brings along.
    pub certificates: Vec<String>,
}

/// Looks at `xml`; sees nothing in what the strict reader does not take.
pub fn peek(xml: &str) -> PeekedMessage {
    let Ok(message) = XmlDocument::parse(xml) else {
        return PeekedMessage::default();
    };
    let root = message.root_element();
    let attribute = |name| root.attribute(name).map(str::to_owned);
    let of_signature = |name| {
        let found = root.descendants(DSIG, name).next()?;
        found.attribute("Algorithm").map(str::to_owned)
    };
    let issuer = root.child(ASSERTION, "Issuer").ok().flatten();
    PeekedMessage {
        name: Some(root.name().to_owned()),
        id: attribute("ID"),
        issuer: issuer.and_then(|issuer| issuer.text().ok()),
        destination: attribute("Destination"),
        algorithm: of_signature("SignatureMethod"),
        digest: of_signature("DigestMethod"),
        certificates: root
            .descendants(DSIG, "X509Certificate")
            .take(MAX_CERTIFICATES)
            .filter_map(fingerprint)
            .collect(),
    }
}

fn fingerprint(certificate: Element<'_, '_>) -> Option<String> {
    let text: String = certificate.text().ok()?.split(WHITESPACE).collect();
    STANDARD.decode(text).ok().map(|der| sha256_hex(&der))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_wherever_they_stand() {
        let seen = peek(
            "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_a\" Destination=\"https://x/\"><Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:x</Issuer><d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><d:SignedInfo><d:SignatureMethod Algorithm=\"urn:m\"/><d:Reference><d:DigestMethod Algorithm=\"urn:d\"/></d:Reference></d:SignedInfo><d:KeyInfo><d:X509Certificate>\nYW\tJj\n</d:X509Certificate><d:X509Certificate>%</d:X509Certificate></d:KeyInfo></d:Signature></p:AuthnRequest>",
        );
        assert_eq!(
            seen,
            PeekedMessage {
                name: Some("AuthnRequest".to_owned()),
                id: Some("_a".to_owned()),
                issuer: Some("urn:x".to_owned()),
                destination: Some("https://x/".to_owned()),
                algorithm: Some("urn:m".to_owned()),
                digest: Some("urn:d".to_owned()),
                certificates: vec![
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned()
                ],
            }
        );
    }

    #[test]
    fn a_message_that_cannot_be_parsed_has_no_details() {
        for text in ["", "<a>", "<!DOCTYPE a><a/>", "no XML"] {
            assert_eq!(peek(text), PeekedMessage::default(), "{text}");
        }
    }
}
