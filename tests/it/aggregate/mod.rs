//! Aggregate metadata: only what is signed is used, and xmlsec1 agrees.

mod mutated;
mod refused;
mod signing;

use std::{cell::Cell, fs, io::Read};

use chrono::{DateTime, Utc};
use hallpass::{
    model::key::Certificate,
    saml::metadata::aggregate::{self, BadMetadata, Error, FileVerification, ParsedEntity},
};

use self::signing::{SignatureParameters, sign_with_xmlsec1, transforms_with_prefixes, xmlsec1_accepts};
use crate::support::{assertions::assert_matches, sp_keys::SpKey};

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Verifies and reads `text`; returns its entities.
fn read_verified(text: &[u8], certificates: &[Certificate]) -> Result<Vec<ParsedEntity>, Error> {
    let checked = aggregate::verify(text, certificates, now(), |_| ())?;
    assert!(checked.is_signed(), "read without a signature");
    aggregate::entities(text, &checked, now())?.collect()
}

fn entity_ids(found: &[ParsedEntity]) -> Vec<&str> {
    found.iter().filter_map(ParsedEntity::entity_id).collect()
}

fn sp_metadata(name: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{name}\"><md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://sp.example/{name}\" index=\"0\"/></md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

/// An aggregate of two entities, to be signed.
fn two_entities() -> String {
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_root\" Name=\"urn:two\">{{signature}}\n{}\n{}\n</md:EntitiesDescriptor>",
        sp_metadata("one"),
        sp_metadata("two")
    )
}

/// The same meaning in the ways in which publishers write it, each with its number of service providers.
fn document_variants() -> Vec<(&'static str, String, usize)> {
    let plain = two_entities();
    let wrap = |attributes: &str, inside: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_root\" {attributes}>{{signature}}{inside}</md:EntitiesDescriptor>"
        )
    };
    let bare = plain.replace("md:", "").replace(":md", "");
    vec![
        ("prefixed", plain.clone(), 2),
        ("default namespace", bare.clone(), 2),
        (
            "declaration, byte order mark, comments around",
            format!("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<!-- a -->{plain}\r\n<!-- b -->\n"),
            2,
        ),
        ("white space before the signature", plain.replace("{signature}", "\n  <!-- c -->\r\n\t{signature}"), 2),
        ("line ends of Windows", plain.replace('\n', "\r\n").replace(" entityID", "\r\n\tentityID"), 2),
        ("one entity", sp_metadata("alone").replace(" entityID", " ID=\"_root\" entityID").replacen('>', ">{signature}", 1), 1),
        (
            "namespaces that nobody uses, and that are declared again",
            wrap(
                "xmlns:x=\"urn:x\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns=\"urn:d\"",
                &format!("<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" xmlns:x=\"urn:y\">{}</md:EntitiesDescriptor>", sp_metadata("deep")),
            ),
            1,
        ),
        (
            "a default namespace undeclared and declared again",
            bare.replace(
                "</SPSSODescriptor></EntityDescriptor>\n</",
                "</SPSSODescriptor><Extensions><x xmlns=\"\"><y xmlns=\"urn:y\"/><z/></x></Extensions></EntityDescriptor>\n</",
            ),
            2,
        ),
        (
            "languages, CDATA, references, other scripts, attributes with white space in them",
            wrap(
                "Name=' a\tb\n&#10;c&#x9;&quot;&apos;&lt;&gt;&amp; ä&#228; 李 '",
                &sp_metadata("speaking").replace(
                    "</md:EntityDescriptor>",
                    "<md:Organization xml:space=\"preserve\"><md:OrganizationName xml:lang=\"en\">A &amp; B<![CDATA[ <c> & ]]>&#x1F600;&#13;\r\n</md:OrganizationName><md:OrganizationDisplayName xml:lang='de'>Ä</md:OrganizationDisplayName><md:OrganizationURL xml:lang='de'>x</md:OrganizationURL></md:Organization></md:EntityDescriptor>",
                ),
            ),
            1,
        ),
        (
            "attributes in namespaces",
            wrap("xmlns:b=\"urn:a\" xmlns:a=\"urn:b\" a:z=\"1\" b:a=\"2\" z=\"3\"", &sp_metadata("attributes")),
            1,
        ),
        ("single quotes, gaps in tags", plain.replace('"', "'").replace(" index=", "\n  index = ").replace("/>", " />"), 2),
        ("end tags for empty elements", plain.replace("index=\"0\"/>", "index=\"0\"></md:AssertionConsumerService  >"), 2),
        (
            "a signature of its own on an entity",
            wrap("", &format!("{}{}", sp_metadata("a").replacen('>', &format!(">{DUMMY_SIGNATURE}"), 1), sp_metadata("b"))),
            2,
        ),
        ("hardly anything", wrap("", ""), 0),
    ]
}

const DUMMY_SIGNATURE: &str = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"x\"/><ds:SignatureMethod Algorithm=\"x\"/><ds:Reference URI=\"#a\"><ds:DigestMethod Algorithm=\"x\"/><ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>AA==</ds:SignatureValue></ds:Signature>";

#[test]
fn a_signature_by_xmlsec_is_accepted_in_every_xml_serialization() {
    let (rsa, ec) = (SpKey::rsa(2048), SpKey::p256());
    let dir = tempfile::tempdir().unwrap();
    let listed = transforms_with_prefixes("md x #default xml nobody");
    let (rsa_512, ecdsa) = (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    );
    let key_info = "<ds:KeyInfo><ds:KeyName>key</ds:KeyName></ds:KeyInfo>";
    let plain = SignatureParameters::default();
    let variants = [
        ("as most do", &rsa, plain),
        (
            "prefixes listed",
            &rsa,
            SignatureParameters {
                transforms: &listed,
                ..plain
            },
        ),
        (
            "SHA-512",
            &rsa,
            SignatureParameters {
                signature_method: rsa_512,
                digest: "http://www.w3.org/2001/04/xmlenc#sha512",
                ..plain
            },
        ),
        (
            "SHA-384",
            &rsa,
            SignatureParameters {
                digest: "http://www.w3.org/2001/04/xmldsig-more#sha384",
                ..plain
            },
        ),
        (
            "elliptic curve",
            &ec,
            SignatureParameters {
                signature_method: ecdsa,
                ..plain
            },
        ),
        (
            "a key named",
            &rsa,
            SignatureParameters {
                after_signature_value: key_info,
                ..plain
            },
        ),
    ];
    for (what, text, count) in document_variants() {
        for (variant, key, parameters) in variants {
            let text = sign_with_xmlsec1(&text, parameters, key);
            let named = !parameters.after_signature_value.is_empty();
            assert!(
                named || xmlsec1_accepts(text.as_bytes(), &key.certificate.der, dir.path()),
                "xmlsec1: {what}, {variant}"
            );
            let found = read_verified(text.as_bytes(), std::slice::from_ref(&key.certificate))
                .unwrap_or_else(|why| panic!("{what}, {variant}: {why}\n{text}"));
            assert_eq!(found.len(), count, "{what}, {variant}");
            // One of several certificates is enough, and one is required.
            let either = [ec.certificate.clone(), rsa.certificate.clone()];
            let found = read_verified(text.as_bytes(), &either);
            assert!(found.is_ok(), "{what}, {variant}: {found:?}");
            for others in [vec![], vec![SpKey::p256().certificate]] {
                assert_matches!(
                    read_verified(text.as_bytes(), &others),
                    Err(Error::Bad(BadMetadata::Signature(_)))
                );
            }
        }
    }
}

#[test]
fn a_file_replaced_after_verification_is_not_read() {
    let key = SpKey::rsa(2048);
    let good = sign_with_xmlsec1(&two_entities(), SignatureParameters::default(), &key);
    let checked = aggregate::verify(good.as_bytes(), &[key.certificate], now(), |_| ()).unwrap();
    for other in [
        good.replace("sp.example/two", "evil.example/"),
        good.replace("</md:EntitiesDescriptor>", " </md:EntitiesDescriptor>"),
        format!("{good}\n"),
        good.trim_end_matches('>').to_owned(),
        String::new(),
        sp_metadata("evil"),
    ] {
        let read = aggregate::entities(other.as_bytes(), &checked, now());
        let read = read.and_then(Iterator::collect::<Result<Vec<_>, _>>);
        assert!(matches!(read, Err(Error::Bad(BadMetadata::Changed))), "{read:?}");
    }
    // The same where the change lies after entities that were already read: nothing of the changed part is returned.
    let long = two_entities().replace(
        "{signature}",
        &format!("{{signature}}{}", sp_metadata("one").repeat(2000)),
    );
    let key = SpKey::rsa(2048);
    let good = sign_with_xmlsec1(&long, SignatureParameters::default(), &key);
    let checked = aggregate::verify(good.as_bytes(), &[key.certificate], now(), |_| ()).unwrap();
    let swapped = good.replace("sp.example/two", "sp.example/2");
    let mut names = Vec::new();
    let mut last = None;
    for found in aggregate::entities(swapped.as_bytes(), &checked, now()).unwrap() {
        match found {
            Ok(found) => names.push(found.entity_id().unwrap().to_owned()),
            Err(why) => last = Some(why),
        }
    }
    names.dedup();
    assert_eq!(names, ["one"]);
    assert_matches!(last, Some(Error::Bad(BadMetadata::Changed)));
}

#[test]
fn an_unsigned_file_is_read_where_no_signature_is_required() {
    let text = fs::read("fixtures/sp/aggregate.xml").unwrap();
    let checked = FileVerification::without_signature();
    assert!(!checked.is_signed(), "{checked:?}");
    let mut entities = aggregate::entities(text.as_slice(), &checked, now()).unwrap();
    let about = entities.root_attributes().clone();
    assert_eq!(about.name.as_deref(), Some("urn:example:federation"));
    assert_eq!(about.cache_duration, Some(chrono::TimeDelta::hours(6)));
    assert_matches!(
        about.check_valid_until(chrono::TimeDelta::days(4000), now()),
        Ok(())
    );
    assert_matches!(
        about.check_valid_until(chrono::TimeDelta::days(30), now()),
        Err(_)
    );
    let found: Result<Vec<_>, _> = entities.by_ref().collect();
    assert_eq!(
        entity_ids(&found.unwrap()),
        ["https://board.example/sp", "https://both.example/"]
    );
    let progress = entities.progress();
    assert_eq!((progress.bytes, progress.entities), (text.len() as u64, 3));
    assert_matches!(entities.next(), None);
}

#[test]
fn one_bad_entity_does_not_hide_the_others() {
    let broken = sp_metadata("broken").replace(
        "sp.example/broken\" index",
        "sp.example/broken\" validUntil=\"2020-01-01T00:00:00Z\" index",
    );
    let inside = [
        sp_metadata("good"),
        broken,
        sp_metadata("late").replace(" entityID", " validUntil=\"2020-01-01T00:00:00Z\" entityID"),
        sp_metadata("two words"),
        sp_metadata(""),
        sp_metadata("large").replace(
            "</md:SPSSODescriptor>",
            &format!(
                "{}</md:SPSSODescriptor>",
                "<md:NameIDFormat>x</md:NameIDFormat>".repeat(70_000)
            ),
        ),
        sp_metadata("last"),
    ]
    .concat();
    let text = format!(
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">{inside}</EntitiesDescriptor>"
    );
    let found: Vec<_> = aggregate::entities(text.as_bytes(), &FileVerification::without_signature(), now())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let verdicts: Vec<_> = found
        .iter()
        .map(|entity| match entity {
            ParsedEntity::ServiceProvider(entity) => entity.entity_id.to_string(),
            ParsedEntity::Unusable { entity_id, why } => format!("{entity_id}: {why}"),
            ParsedEntity::Other => "other".to_owned(),
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            "good",
            "broken",
            "late: the metadata was valid until 2020-01-01T00:00:00Z only; fetch it again",
            "two words: this is no SAML metadata: the entity ID holds white space: copy it again, without a space or line break",
            ": this is no SAML metadata: the entity has no entityID",
            "large: the metadata is larger than 2 MB",
            "last",
        ]
    );
}

/// Files are streamed: this covers a reader that returns one byte at a time, and one that fails.
#[test]
fn chunked_reads_give_the_same_result_and_read_errors_are_reported() {
    struct FailingReader<'t>(&'t [u8], usize);
    impl Read for FailingReader<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.1 == 0 {
                return Err(std::io::Error::other("the line is dead"));
            }
            self.1 -= 1;
            let length = 1.min(self.0.len()).min(into.len());
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }
    let key = SpKey::rsa(2048);
    let text = sign_with_xmlsec1(&two_entities(), SignatureParameters::default(), &key);
    let seen = Cell::new(aggregate::ReadProgress::default());
    let certificates = [key.certificate];
    let checked = aggregate::verify(
        FailingReader(text.as_bytes(), usize::MAX),
        &certificates,
        now(),
        |at| {
            seen.set(at);
        },
    )
    .unwrap();
    assert_eq!((seen.get().bytes, seen.get().entities), (text.len() as u64, 2));
    let found: Result<Vec<_>, _> =
        aggregate::entities(FailingReader(text.as_bytes(), usize::MAX), &checked, now())
            .unwrap()
            .collect();
    assert_eq!(entity_ids(&found.unwrap()), ["one", "two"]);
    let broken = aggregate::verify(FailingReader(text.as_bytes(), 700), &certificates, now(), |_| ());
    assert!(matches!(broken, Err(Error::Io(_))), "{broken:?}");
}
