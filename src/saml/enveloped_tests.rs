//! Held to others: what is changed at random and still believed here, xmlsec believes too; and what the W3C and
//! Baltimore's Merlin wrote to try readers of signatures.

use std::{fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use openssl::{
    asn1::Asn1Time,
    hash::{MessageDigest, hash},
    pkey::PKey,
    rsa::Rsa,
    sign::Signer as Mac,
    x509::X509,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::*;
use crate::{
    model::{
        application::{EntityId, SpUrl},
        id::KeyId,
        key::{Certificate, SigningKey},
        response_options::SignatureAlgorithm,
        secret::Secret,
    },
    saml::{
        response::{self, ResponseHeader},
        second_opinion,
        signature::{Unverified, VerificationOutcome},
        signer::Signer,
        urn::{PROTOCOL, status},
    },
    xml::{scanner::normalize_line_ends, tree::XmlDocument},
};

fn key() -> SigningKey {
    let pair = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_pubkey(&pair).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder
        .set_not_after(&Asn1Time::from_unix(4_000_000_000).unwrap())
        .unwrap();
    builder.sign(&pair, MessageDigest::sha256()).unwrap();
    SigningKey {
        id: KeyId::new(DateTime::<Utc>::UNIX_EPOCH, [0; 10]),
        private: Secret::new(pair.private_key_to_pkcs8().unwrap()),
        certificate: Certificate {
            der: builder.build().to_der().unwrap(),
            sha256: "test".to_owned(),
            subject: "test".to_owned(),
            not_before: DateTime::<Utc>::UNIX_EPOCH,
            not_after: DateTime::<Utc>::UNIX_EPOCH,
        },
    }
}

/// Whether we believe a message with the root `samlp:Response`.
fn verifies(xml: &str, certificate: &Certificate) -> bool {
    matches!(verify(xml, certificate), Ok(VerificationOutcome::Signed(_)))
}

/// What a reader of messages with the root `samlp:Response` makes of it.
fn verify(xml: &str, certificate: &Certificate) -> Result<VerificationOutcome<()>, Refusal> {
    let message = XmlDocument::parse(xml)?;
    let claimed = unverified_signature(message.root(PROTOCOL, "Response")?, xml)?;
    let judged = Unverified::new((), claimed).verify(std::slice::from_ref(certificate))?;
    Ok(judged)
}

/// Changes `xml` in one to three places: a byte, a piece twice, a piece gone, a piece elsewhere, a piece that
/// readers differ about.
fn mutated(xml: &str, rng: &mut ChaCha20Rng) -> Option<String> {
    const PIECES: [&str; 12] = [
        "<!-- -->",
        "&#13;",
        "&amp;",
        " ",
        "\n",
        "\t",
        " xmlns:x=\"urn:x\"",
        " xmlns=\"\"",
        "<![CDATA[x]]>",
        "&#x41;",
        "<x/>",
        "\"",
    ];
    let mut bytes = xml.as_bytes().to_vec();
    let mut below = |limit: usize| usize::try_from(rng.next_u64() % limit.max(1) as u64).unwrap();
    for _change in 0..=below(3) {
        let (at, length) = (below(bytes.len()), 1 + below(60));
        let end = (at + length).min(bytes.len());
        match below(5) {
            0 => bytes[at] ^= 1 << below(7),
            1 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece: Vec<_> = bytes.drain(at..end).collect();
                let to = below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => drop(bytes.splice(at..at, PIECES[below(PIECES.len())].bytes())),
        }
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn a_mutated_message_that_verifies_here_verifies_with_xmlsec_too() {
    let key = key();
    let signer = Signer::new(&key).unwrap();
    let header = ResponseHeader {
        issuer: &EntityId::parse("https://idp.example/saml/metadata").unwrap(),
        id: "_response",
        acs: &SpUrl::parse("https://sp.example/acs?a=b&c=d").unwrap(),
        in_response_to: Some("_request"),
        now: DateTime::<Utc>::UNIX_EPOCH,
    };
    let status_message = "R&D <\"'> \u{e4}\u{1f600}";
    let denied = (status::REQUESTER, Some(status::REQUEST_DENIED));
    let xml = response::failure(
        &header,
        denied,
        status_message,
        &signer,
        SignatureAlgorithm::RsaSha256,
    )
    .unwrap();
    assert!(verifies(&xml, &key.certificate), "{xml}");
    assert_eq!(second_opinion::verify(&xml, &key.certificate.der).unwrap(), 1);

    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let (mut changed, mut accepted) = (0, 0);
    while changed < 20_000 {
        let Some(other) = mutated(&xml, &mut rng).filter(|other| *other != xml) else {
            continue;
        };
        changed += 1;
        if verifies(&other, &key.certificate) {
            accepted += 1;
            let verdict = second_opinion::verify(&other, &key.certificate.der);
            assert!(verdict.is_ok(), "{verdict:?}\n{other}");
        }
    }
    // White space and comments in places that are not signed, for the most part.
    assert!(accepted > 0 && accepted < changed / 4, "{accepted} of {changed}");
}

/// Where the tests of Debian's xmlsec1 source package lie; the test command fetches them.
fn test_vectors() -> Option<PathBuf> {
    let folder = std::env::var_os("HALLPASS_TEST_VECTORS").map(PathBuf::from);
    let wanted = std::env::var_os("CI").is_some();
    assert!(
        folder.is_some() || !wanted,
        "HALLPASS_TEST_VECTORS is not set: `bash tests/run.sh` fetches the vectors"
    );
    folder
}

fn collect_xml_files(folder: PathBuf, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_xml_files(path, found);
        } else if path.extension().is_some_and(|ending| ending == "xml") {
            found.push(path);
        }
    }
}

/// None of them is of the shape that SAML prescribes: no root with an ID that its one Reference names.
#[test]
fn every_vector_of_the_w3c_and_merlin_is_outside_our_profile_and_refused() {
    let Some(folder) = test_vectors() else { return };
    let mut found = Vec::new();
    collect_xml_files(folder, &mut found);
    let (mut signed, mut parsed) = (0, 0);
    for path in found {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if !text.contains("SignatureValue>") {
            continue;
        }
        signed += 1;
        let Ok(message) = XmlDocument::parse(&text) else {
            continue;
        };
        parsed += 1;
        let verdict =
            unverified_signature(message.root_element(), &text).and_then(|_claimed| signed_octets(&text));
        assert!(verdict.is_err(), "{}: {verdict:?}", path.display());
    }
    assert!(signed > 100 && parsed > 50, "{signed} files, {parsed} parsed");
}

fn decoded(element: Element<'_, '_>) -> Vec<u8> {
    STANDARD
        .decode(element.text().unwrap().split_whitespace().collect::<String>())
        .unwrap()
}

/// Their own digests, over our canonical form. (SHA-1 is what they were made with; nothing else here knows it.)
#[test]
fn canonical_forms_are_those_that_merlin_and_phaos_digested() {
    let Some(folder) = test_vectors() else { return };
    let text = fs::read_to_string(folder.join("merlin-exc-c14n-one/exc-signature.xml")).unwrap();
    let document = XmlDocument::parse(&text).unwrap();
    let root = document.root_element();
    let to_be_signed = root
        .descendants(DSIG, "Object")
        .find(|element| element.attribute("Id") == Some("to-be-signed"))
        .unwrap();
    let digests = root.descendants(DSIG, "DigestValue");
    for (digest, prefixes) in digests.zip([&[][..], &["bar", "#default"][..]]) {
        let form = c14n::tree::exclusive(to_be_signed, None, prefixes).unwrap();
        assert_eq!(
            *hash(MessageDigest::sha1(), form.as_bytes()).unwrap(),
            *decoded(digest),
            "{form}"
        );
    }

    let text = fs::read_to_string(
        folder.join("phaos-xmldsig-three/signature-hmac-sha1-exclusive-c14n-enveloped.xml"),
    )
    .unwrap();
    let text = normalize_line_ends(text);
    let document = XmlDocument::parse(&text).unwrap();
    let root = document.root_element();
    let info = root.descendants(DSIG, "SignedInfo").next().unwrap();
    let form = c14n::tree::exclusive(info, None, &[]).unwrap();
    let secret = PKey::hmac(b"test").unwrap();
    let mut mac = Mac::new(MessageDigest::sha1(), &secret).unwrap();
    assert_eq!(
        mac.sign_oneshot_to_vec(form.as_bytes()).unwrap(),
        decoded(root.descendants(DSIG, "SignatureValue").next().unwrap()),
        "{form}"
    );
}
