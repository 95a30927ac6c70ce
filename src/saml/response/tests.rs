use chrono::TimeZone;
use openssl::{hash::MessageDigest, pkey::PKey, rsa::Rsa, x509::X509};
use proptest::prelude::*;

use super::*;
use crate::{
    model::{
        id::KeyId,
        key::{Certificate, SigningKey},
        name_id::EMAIL_ADDRESS,
        secret::Secret,
    },
    saml::{second_opinion, xml::Message},
};

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

/// A key of this test's own: rooms on one floor are strangers, so `keys` cannot lend one.
fn key() -> (SigningKey, Vec<u8>) {
    let pair = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(&pair).unwrap();
    builder
        .set_not_before(&openssl::asn1::Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&openssl::asn1::Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    builder.sign(&pair, MessageDigest::sha256()).unwrap();
    let der = builder.build().to_der().unwrap();
    let certificate = Certificate {
        der: der.clone(),
        sha256: "test".to_owned(),
        subject: "test".to_owned(),
        not_before: noon(),
        not_after: noon(),
    };
    let private = Secret::new(pair.private_key_to_pkcs8().unwrap());
    (
        SigningKey {
            id: KeyId::new(noon(), [0; 10]),
            private,
            certificate,
        },
        der,
    )
}

struct Parts {
    us: EntityId,
    consumer: AcsUrl,
    audience: EntityId,
    name_id: NameId,
    attributes: Vec<Attribute>,
}

fn parts(name: &str) -> Parts {
    Parts {
        us: EntityId::parse("https://idp.example/saml/metadata").unwrap(),
        consumer: AcsUrl::parse("https://sp.example/acs?connection=a&b=c").unwrap(),
        audience: EntityId::parse("urn:auth0:openai:org-TEST").unwrap(),
        name_id: NameId::plain(EMAIL_ADDRESS, "mira@fernweh.example"),
        attributes: vec![
            Attribute::new("firstName", name),
            Attribute::new("urn:x:lastName", name),
        ],
    }
}

fn write(parts: &Parts, signer: &Signer, in_response_to: Option<&str>) -> String {
    let frame = Frame {
        issuer: &parts.us,
        id: "_response",
        consumer: &parts.consumer,
        in_response_to,
        now: noon(),
    };
    let statement = Statement {
        context_class: crate::saml::authn_context::OURS,
        id: "_assertion",
        audience: &parts.audience,
        name_id: &parts.name_id,
        authenticated_at: noon(),
        session_index: "_index",
        attributes: &parts.attributes,
    };
    success(&frame, &statement, &Policy::default(), signer).unwrap()
}

#[test]
fn both_signatures_hold_under_the_second_implementation() {
    let (key, der) = key();
    let signer = Signer::new(&key).unwrap();
    let xml = write(&parts("Mira"), &signer, Some("_request"));
    assert_eq!(second_opinion::verify(&xml, &der).unwrap(), 2);
    second_opinion::precheck(&xml).unwrap();
    for (was, is) in [
        ("mira@", "eve@"),
        ("Mira", "Eve"),
        ("_index", "_other"),
        ("org-TEST", "org-EVIL"),
        ("Success", "Responder"),
    ] {
        let changed = xml.replace(was, is);
        assert_ne!(changed, xml);
        assert!(second_opinion::verify(&changed, &der).is_err(), "{was}");
    }
}

#[test]
fn a_refusal_is_signed_and_carries_no_assertion() {
    let (key, der) = key();
    let signer = Signer::new(&key).unwrap();
    let parts = parts("Mira");
    let frame = Frame {
        issuer: &parts.us,
        id: "_r",
        consumer: &parts.consumer,
        in_response_to: Some("_q"),
        now: noon(),
    };
    let xml = failure(
        &frame,
        (status::RESPONDER, Some(status::NO_PASSIVE)),
        "a < b & \"c\"",
        &signer,
    )
    .unwrap();
    assert_eq!(second_opinion::verify(&xml, &der).unwrap(), 1);
    assert!(!xml.contains("Assertion>"));
    assert!(xml.contains("a &lt; b &amp; \"c\""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Canonical as written: libxmlsec1 canonicalises what it parses before it digests, so a signature
    /// over our own bytes holds only if they were canonical.
    #[test]
    fn any_name_round_trips_and_is_canonical_as_written(name in "[^\\p{Cc}\u{fffe}\u{ffff}\u{2028}\u{2029}]{1,40}") {
        static KEY: std::sync::LazyLock<(SigningKey, Vec<u8>)> = std::sync::LazyLock::new(key);
        let signer = Signer::new(&KEY.0).unwrap();
        let xml = write(&parts(&name), &signer, Some("_request"));
        prop_assert_eq!(second_opinion::verify(&xml, &KEY.1).unwrap(), 2);
        let message = Message::parse(&xml).unwrap();
        let root = message.root(PROTOCOL, "Response").unwrap();
        let assertion = root.child(ASSERTION, "Assertion").unwrap().unwrap();
        let statement = assertion.child(ASSERTION, "AttributeStatement").unwrap().unwrap();
        for attribute in statement.children().unwrap() {
            let value = attribute.child(ASSERTION, "AttributeValue").unwrap().unwrap();
            prop_assert_eq!(value.text().unwrap(), name.clone());
        }
    }
}
