//! A look at a message that was refused, for whoever has to find out why. Nothing of it is believed, and nothing
//! is ever decided by what is seen here.

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::sha::sha256;

use crate::{
    model::text::hex,
    saml::{
        scan::WHITE,
        urn::{ASSERTION, DSIG},
        xml::{Element, Message},
    },
};

/// How many certificates are looked at.
const MOST_CERTIFICATES: usize = 4;

/// What a message seems to say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Glance {
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
pub fn glance(xml: &str) -> Glance {
    let Ok(message) = Message::parse(xml) else {
        return Glance::default();
    };
    let root = message.top();
    let attribute = |name| root.attribute(name).map(str::to_owned);
    let of_signature = |name| {
        let found = root.all(DSIG, name).next()?;
        found.attribute("Algorithm").map(str::to_owned)
    };
    let issuer = root.child(ASSERTION, "Issuer").ok().flatten();
    Glance {
        name: Some(root.name().to_owned()),
        id: attribute("ID"),
        issuer: issuer.and_then(|issuer| issuer.text().ok()),
        destination: attribute("Destination"),
        algorithm: of_signature("SignatureMethod"),
        digest: of_signature("DigestMethod"),
        certificates: root
            .all(DSIG, "X509Certificate")
            .take(MOST_CERTIFICATES)
            .filter_map(fingerprint)
            .collect(),
    }
}

fn fingerprint(certificate: Element<'_, '_>) -> Option<String> {
    let text: String = certificate.text().ok()?.split(WHITE).collect();
    STANDARD.decode(text).ok().map(|der| hex(&sha256(&der)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_brings_is_seen_wherever_it_stands() {
        let seen = glance(
            "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_a\" Destination=\"https://x/\"><Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:x</Issuer><d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><d:SignedInfo><d:SignatureMethod Algorithm=\"urn:m\"/><d:Reference><d:DigestMethod Algorithm=\"urn:d\"/></d:Reference></d:SignedInfo><d:KeyInfo><d:X509Certificate>\nYW\tJj\n</d:X509Certificate><d:X509Certificate>%</d:X509Certificate></d:KeyInfo></d:Signature></p:AuthnRequest>",
        );
        assert_eq!(
            seen,
            Glance {
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
    fn nothing_is_seen_in_what_is_not_read() {
        for text in ["", "<a>", "<!DOCTYPE a><a/>", "no XML"] {
            assert_eq!(glance(text), Glance::default(), "{text}");
        }
    }
}
