use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeZone;
use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::{Padding, Rsa},
    symm::{Cipher, decrypt_aead},
    x509::X509,
};
use proptest::prelude::*;

use super::*;
use crate::{
    crypto::{encrypt::UnusableRecipient, strength::UnusableKey},
    model::{
        id::KeyId,
        key::{Certificate, SigningKey},
        name_id::EMAIL_ADDRESS,
        response_options::ContentCipher,
        secret::Secret,
    },
    saml::{encryption::RANDOM_LEN, second_opinion},
    xml::tree::XmlDocument,
};

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

/// A key of this test's own.
fn key() -> (SigningKey, Vec<u8>) {
    let pair = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let der = certificate_of(&pair);
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

fn certificate_of(pair: &PKey<Private>) -> Vec<u8> {
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(pair).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    builder.sign(pair, MessageDigest::sha256()).unwrap();
    builder.build().to_der().unwrap()
}

struct ResponseInput {
    entity_id: EntityId,
    acs: SpUrl,
    audience: EntityId,
    name_id: NameId,
    attributes: Vec<Attribute<'static>>,
}

fn response_input(name: &str) -> ResponseInput {
    ResponseInput {
        entity_id: EntityId::parse("https://idp.example/saml/metadata").unwrap(),
        acs: SpUrl::parse("https://sp.example/acs?connection=a&b=c").unwrap(),
        audience: EntityId::parse("urn:auth0:openai:org-TEST").unwrap(),
        name_id: NameId::plain(EMAIL_ADDRESS, "mira@fernweh.example"),
        attributes: vec![
            Attribute::new("firstName", name),
            Attribute::new("urn:x:lastName", name),
        ],
    }
}

const BOTH: (SignedParts, SignatureAlgorithm) = (SignedParts::Both, SignatureAlgorithm::RsaSha256);

fn write(input: &ResponseInput, signer: &Signer, in_response_to: Option<&str>) -> String {
    write_with(input, signer, BOTH, None, in_response_to)
}

fn write_with(
    input: &ResponseInput,
    signer: &Signer,
    (signs, algorithm): (SignedParts, SignatureAlgorithm),
    encryption: Option<AssertionEncryption<'_>>,
    in_response_to: Option<&str>,
) -> String {
    let header = ResponseHeader {
        issuer: &input.entity_id,
        id: "_response",
        acs: &input.acs,
        in_response_to,
        now: noon(),
    };
    let statement = Assertion {
        context_class: crate::model::authn_context::AuthnContextClass::PasswordProtectedTransport.uri(),
        id: "_assertion",
        audience: &input.audience,
        name_id: &input.name_id,
        authenticated_at: noon(),
        session_index: "_index",
        attributes: &input.attributes,
    };
    let protection = ResponseProtection {
        signer,
        signed_parts: signs,
        algorithm,
        encryption,
    };
    success(&header, &statement, &Policy::default(), protection).unwrap()
}

#[test]
fn both_signatures_verify_with_xmlsec() {
    let (key, der) = key();
    let signer = Signer::new(&key).unwrap();
    let xml = write(&response_input("Mira"), &signer, Some("_request"));
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

const ALGORITHMS: [(SignatureAlgorithm, &str, &str); 3] = [
    (SignatureAlgorithm::RsaSha256, urn::RSA_SHA256, urn::SHA256),
    (SignatureAlgorithm::RsaSha384, urn::RSA_SHA384, urn::SHA384),
    (SignatureAlgorithm::RsaSha512, urn::RSA_SHA512, urn::SHA512),
];

#[test]
fn signed_parts_and_algorithm_are_as_configured() {
    let (key, der) = key();
    let signer = Signer::new(&key).unwrap();
    for (algorithm, method, digest) in ALGORITHMS {
        for (signs, on_assertion, on_response) in [
            (SignedParts::Assertion, true, false),
            (SignedParts::Response, false, true),
            (SignedParts::Both, true, true),
        ] {
            let xml = write_with(
                &response_input("Mira"),
                &signer,
                (signs, algorithm),
                None,
                Some("_request"),
            );
            let count = usize::from(on_assertion) + usize::from(on_response);
            assert_eq!(second_opinion::verify(&xml, &der).unwrap(), count, "{signs:?}");
            second_opinion::precheck(&xml).unwrap();
            let message = XmlDocument::parse(&xml).unwrap();
            let root = message.root(PROTOCOL, "Response").unwrap();
            let assertion = root.child(ASSERTION, "Assertion").unwrap().unwrap();
            for (element, is_signed) in [(root, on_response), (assertion, on_assertion)] {
                let signature = element.child(urn::DSIG, "Signature").unwrap();
                assert_eq!(signature.is_some(), is_signed, "{signs:?}");
            }
            for (uri, others) in [(method, ["rsa-sha1", "dsa"]), (digest, ["xmldsig#sha1", "md5"])] {
                assert_eq!(xml.matches(&format!("Algorithm=\"{uri}\"")).count(), count);
                let mut named = xml
                    .split("Algorithm=\"")
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next());
                assert!(
                    named.all(|name| others.iter().all(|weak| !name.contains(weak))),
                    "{xml}"
                );
            }
            let changed = xml.replace("mira@", "eve@");
            assert!(
                second_opinion::verify(&changed, &der).is_err(),
                "{signs:?} {algorithm:?}"
            );
        }
    }
}

#[test]
fn a_name_id_carries_its_qualifiers() {
    let (key, der) = key();
    let signer = Signer::new(&key).unwrap();
    let mut input = response_input("Mira");
    input.name_id.name_qualifier = Some("https://idp.example/?a&b".to_owned());
    input.name_id.sp_name_qualifier = Some("urn:sp".to_owned());
    let xml = write(&input, &signer, None);
    assert_eq!(second_opinion::verify(&xml, &der).unwrap(), 2);
    assert!(
        xml.contains(
            "emailAddress\" NameQualifier=\"https://idp.example/?a&amp;b\" SPNameQualifier=\"urn:sp\">"
        ),
        "{xml}"
    );
}

#[test]
fn an_encrypted_assertion_opens_with_the_key_and_its_signature_still_holds() {
    let (signing_key, our_certificate) = key();
    let (encryption_key, _) = key();
    let signer = Signer::new(&signing_key).unwrap();
    for cipher in [ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm] {
        for signs in [SignedParts::Assertion, SignedParts::Response, SignedParts::Both] {
            let random = Secret::new([7; RANDOM_LEN]);
            let encryption = AssertionEncryption::new(cipher, &encryption_key.certificate, random);
            let options = (signs, SignatureAlgorithm::RsaSha256);
            let xml = write_with(
                &response_input("Mira"),
                &signer,
                options,
                Some(encryption),
                Some("_request"),
            );
            for plain in ["mira@", "Mira", "_assertion"] {
                assert!(!xml.contains(plain), "{plain}: {xml}");
            }
            let plain = decrypted(&xml, &encryption_key, cipher);
            let (inner, outer) = match signs {
                SignedParts::Assertion => (true, false),
                SignedParts::Response => (false, true),
                SignedParts::Both => (true, true),
            };
            if inner {
                assert_eq!(second_opinion::verify(&plain, &our_certificate).unwrap(), 1);
            } else {
                assert!(!plain.contains("Signature"), "{plain}");
            }
            if outer {
                assert_eq!(second_opinion::verify(&xml, &our_certificate).unwrap(), 1);
                let changed = xml.replacen("<xenc:CipherValue>", "<xenc:CipherValue>A", 1);
                let verified = second_opinion::verify(&changed, &our_certificate);
                assert!(verified.is_err(), "{verified:?}");
            } else {
                assert!(
                    second_opinion::verify(&xml, &our_certificate).is_err(),
                    "nothing to verify"
                );
            }
        }
    }
}

/// Decrypts what [`AssertionEncryption`] encrypted, from the XML alone.
fn decrypted(xml: &str, recipient: &SigningKey, cipher: ContentCipher) -> String {
    let document = XmlDocument::parse(xml).unwrap();
    let values: Vec<_> = document
        .root_element()
        .descendants(urn::XENC, "CipherValue")
        .map(|node| STANDARD.decode(node.text().unwrap()).unwrap())
        .collect();
    let [wrapped, content] = &values[..] else {
        panic!("a key and a text: {xml}");
    };
    let key = PKey::private_key_from_pkcs8(recipient.private.expose()).unwrap();
    let rsa = key.rsa().unwrap();
    let mut secret = vec![0; wrapped.len()];
    let length = rsa
        .private_decrypt(wrapped, &mut secret, Padding::PKCS1_OAEP)
        .unwrap();
    secret.truncate(length);
    let (cipher, wanted) = match cipher {
        ContentCipher::Aes128Gcm => (Cipher::aes_128_gcm(), 16),
        ContentCipher::Aes256Gcm => (Cipher::aes_256_gcm(), 32),
    };
    assert_eq!(length, wanted);
    let (iv, rest) = content.split_at(12);
    let (text, tag) = rest.split_at(rest.len() - 16);
    String::from_utf8(decrypt_aead(cipher, &secret, Some(iv), &[], text, tag).unwrap()).unwrap()
}

#[test]
fn only_to_a_strong_rsa_key_is_anything_encrypted() {
    let (mut recipient, _) = key();
    assert_eq!(encryption::check_recipient(&recipient.certificate), Ok(()));
    recipient.certificate.der = certificate_of(&PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap());
    let weak = UnusableKey::Weak("RSA with 1024 bits".to_owned());
    assert_eq!(
        encryption::check_recipient(&recipient.certificate),
        Err(UnusableRecipient::Unusable(weak))
    );
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    recipient.certificate.der = certificate_of(&PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap());
    assert_eq!(
        encryption::check_recipient(&recipient.certificate),
        Err(UnusableRecipient::NotRsa)
    );
    recipient.certificate.der = b"no certificate".to_vec();
    assert_eq!(
        encryption::check_recipient(&recipient.certificate),
        Err(UnusableRecipient::Unreadable)
    );
}

#[test]
fn a_refusal_is_signed_and_carries_no_assertion() {
    let (key, der) = key();
    let signer = Signer::new(&key).unwrap();
    let input = response_input("Mira");
    let header = ResponseHeader {
        issuer: &input.entity_id,
        id: "_r",
        acs: &input.acs,
        in_response_to: Some("_q"),
        now: noon(),
    };
    let xml = failure(
        &header,
        (status::RESPONDER, Some(status::NO_PASSIVE)),
        "a < b & \"c\"",
        &signer,
        SignatureAlgorithm::RsaSha256,
    )
    .unwrap();
    assert_eq!(second_opinion::verify(&xml, &der).unwrap(), 1);
    assert!(!xml.contains("Assertion>"), "{xml}");
    assert!(xml.contains("a &lt; b &amp; \"c\""), "{xml}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Canonical as written: libxmlsec1 canonicalises what it parses before it digests, so a signature over our own
    /// bytes verifies only if they were canonical. This includes what was encrypted.
    #[test]
    fn any_name_round_trips_and_is_canonical_as_written(
        name in "[^\\p{Cc}\u{fffe}\u{ffff}\u{2028}\u{2029}]{1,40}",
        signs in prop::sample::select(&[SignedParts::Assertion, SignedParts::Response, SignedParts::Both][..]),
        (algorithm, ..) in prop::sample::select(&ALGORITHMS[..]),
        cipher in prop::option::of(prop::sample::select(&[ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm][..])),
        random in any::<[u8; 32]>(),
    ) {
        static KEYS: std::sync::LazyLock<[(SigningKey, Vec<u8>); 2]> = std::sync::LazyLock::new(|| [key(), key()]);
        let [(signing_key, certificate), (encryption_key, _)] = &*KEYS;
        let signer = Signer::new(signing_key).unwrap();
        let mut bytes = [0; RANDOM_LEN];
        bytes[..32].copy_from_slice(&random);
        let encryption = cipher.map(|cipher| AssertionEncryption::new(cipher, &encryption_key.certificate, Secret::new(bytes)));
        let xml = write_with(&response_input(&name), &signer, (signs, algorithm), encryption, Some("_request"));
        let (on_assertion, on_response) = match signs {
            SignedParts::Assertion => (1, 0),
            SignedParts::Response => (0, 1),
            SignedParts::Both => (1, 1),
        };
        // The number of signatures outside the encrypted part, and within it.
        let outside = if cipher.is_some() { on_response } else { on_response + on_assertion };
        if outside > 0 {
            prop_assert_eq!(second_opinion::verify(&xml, certificate).unwrap(), outside);
        }
        let opened = cipher.map(|cipher| decrypted(&xml, encryption_key, cipher));
        if let Some(opened) = &opened && on_assertion > 0 {
            prop_assert_eq!(second_opinion::verify(opened, certificate).unwrap(), 1);
        }
        let message = XmlDocument::parse(opened.as_ref().unwrap_or(&xml)).unwrap();
        let assertion = if opened.is_some() {
            message.root(ASSERTION, "Assertion").unwrap()
        } else {
            let root = message.root(PROTOCOL, "Response").unwrap();
            root.child(ASSERTION, "Assertion").unwrap().unwrap()
        };
        let statement = assertion.child(ASSERTION, "AttributeStatement").unwrap().unwrap();
        for attribute in statement.children().unwrap() {
            let value = attribute.child(ASSERTION, "AttributeValue").unwrap().unwrap();
            prop_assert_eq!(value.text().unwrap(), name.clone());
        }
    }
}
