//! Signatures that xmlsec1 accepts and we refuse, and manipulations that both refuse.

use super::{
    now, read_verified,
    signing::{ENVELOPED, EXCLUSIVE, SignatureParameters, TRANSFORMS, sign_with_xmlsec1, xmlsec1_accepts},
    sp_metadata, two_entities,
};
use crate::support::{
    assertions::{assert_contains, assert_matches},
    sp_keys::SpKey,
};
use hallpass::saml::metadata::aggregate::{self, BadMetadata, Error};

fn refusal_reason(text: &str, key: &SpKey) -> String {
    match aggregate::verify(
        text.as_bytes(),
        std::slice::from_ref(&key.certificate),
        now(),
        |_| (),
    ) {
        Err(Error::Bad(bad)) => bad.to_string(),
        other => panic!("{other:?}: {text}"),
    }
}

#[test]
fn signatures_valid_for_xmlsec_but_not_allowed_by_saml_are_refused() {
    let key = SpKey::rsa(2048);
    let dir = tempfile::tempdir().unwrap();
    let plain = SignatureParameters::default();
    let only = |algorithm: &str| format!("<ds:Transform Algorithm=\"{algorithm}\"/>");
    let (enveloped, inclusive) = (
        only(ENVELOPED),
        format!(
            "{}{}",
            only(ENVELOPED),
            only("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
        ),
    );
    let twice = format!("{TRANSFORMS}{}", only(EXCLUSIVE));
    let xpath = format!(
        "{}<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>not(ancestor-or-self::*[@entityID='two'])</ds:XPath></ds:Transform>{}",
        only(ENVELOPED),
        only(EXCLUSIVE)
    );
    let object = "<ds:Object>x</ds:Object>";
    for (what, how) in [
        (
            "the whole document by an empty URI",
            SignatureParameters { uri: "", ..plain },
        ),
        (
            "only enveloped",
            SignatureParameters {
                transforms: &enveloped,
                ..plain
            },
        ),
        (
            "inclusive canonical form",
            SignatureParameters {
                transforms: &inclusive,
                ..plain
            },
        ),
        (
            "a transform twice",
            SignatureParameters {
                transforms: &twice,
                ..plain
            },
        ),
        (
            "a transform that leaves an entity out",
            SignatureParameters {
                transforms: &xpath,
                ..plain
            },
        ),
        (
            "SHA-1 as digest",
            SignatureParameters {
                digest: "http://www.w3.org/2000/09/xmldsig#sha1",
                ..plain
            },
        ),
        (
            "SHA-1 in the signature",
            SignatureParameters {
                signature_method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                ..plain
            },
        ),
        (
            "inclusive canonical form of SignedInfo",
            SignatureParameters {
                canonicalization: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
                ..plain
            },
        ),
        (
            "something beside it",
            SignatureParameters {
                after_signature_value: object,
                ..plain
            },
        ),
    ] {
        let text = sign_with_xmlsec1(&two_entities(), how, &key);
        assert!(
            xmlsec1_accepts(text.as_bytes(), &key.certificate.der, dir.path()),
            "{what}"
        );
        refusal_reason(&text, &key);
    }
    // Processing instructions are refused everywhere.
    for text in [
        two_entities().replace("{signature}", "{signature}<?x y?>"),
        format!("<?x y?>{}", two_entities()),
    ] {
        let text = sign_with_xmlsec1(&text, plain, &key);
        assert!(
            xmlsec1_accepts(text.as_bytes(), &key.certificate.der, dir.path()),
            "{text}"
        );
        assert_contains(&refusal_reason(&text, &key), "processing instruction");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
fn a_signature_is_accepted_only_as_child_of_the_root() {
    let key = SpKey::rsa(2048);
    let plain = SignatureParameters::default();
    let good = sign_with_xmlsec1(&two_entities(), plain, &key);
    let signature = {
        let (_, rest) = good.split_once("<ds:Signature ").unwrap();
        format!(
            "<ds:Signature {}</ds:Signature>",
            rest.split_once("</ds:Signature>").unwrap().0
        )
    };
    let (head, tail) = good.split_once(&signature).unwrap();
    let evil = sp_metadata("evil");
    for (what, text) in [
        ("none", format!("{head}{tail}")),
        ("twice", format!("{head}{signature}{signature}{tail}")),
        (
            "once more at the end",
            good.replace("\n</md:Ent", &format!("{signature}\n</md:Ent")),
        ),
        (
            "not first",
            format!(
                "{head}{}",
                tail.replace("\n</md:Ent", &format!("{signature}\n</md:Ent"))
            ),
        ),
        (
            "around it",
            head.replace("ID=\"_root\"", "ID=\"_evil\"")
                + &signature
                + &evil
                + &good
                + "</md:EntitiesDescriptor>",
        ),
        (
            "around it, under its ID",
            head.to_owned() + &signature + &evil + &good + "</md:EntitiesDescriptor>",
        ),
        (
            "inside an extension",
            format!("{head}<md:Extensions>{signature}</md:Extensions>{tail}"),
        ),
        (
            "the signed one inside the signature",
            format!(
                "{head}{}{evil}</md:EntitiesDescriptor>",
                signature.replace(
                    "</ds:Signature>",
                    &format!("<ds:Object>{good}</ds:Object></ds:Signature>")
                )
            ),
        ),
        (
            "an entity inside KeyInfo",
            format!(
                "{head}{}{tail}",
                signature.replace(
                    "</ds:Signature>",
                    &format!("<ds:KeyInfo>{evil}</ds:KeyInfo></ds:Signature>")
                )
            ),
        ),
        (
            "an entity inside a KeyValue",
            format!(
                "{head}{}{tail}",
                signature.replace(
                    "</ds:Signature>",
                    &format!("<ds:KeyInfo><ds:KeyValue>{evil}</ds:KeyValue></ds:KeyInfo></ds:Signature>")
                )
            ),
        ),
        (
            "another root",
            good.replacen("md:EntitiesDescriptor ", "md:Entities ", 1),
        ),
        ("no ID", good.replace(" ID=\"_root\"", "")),
        (
            "an ID twice",
            good.replace("entityID=\"two\"", "ID=\"_root\" entityID=\"two\""),
        ),
        (
            "an ID twice, as xml:id",
            good.replace("entityID=\"two\"", "xml:id=\"_root\" entityID=\"two\""),
        ),
        (
            "another reference",
            good.replace("URI=\"#_root\"", "URI=\"#_other\""),
        ),
        (
            "a reference by pointer",
            good.replace("URI=\"#_root\"", "URI=\"#xpointer(id('_root'))\""),
        ),
        (
            "a reference to a file",
            good.replace("URI=\"#_root\"", "URI=\"file:///etc/passwd\""),
        ),
        ("a DTD", format!("<!DOCTYPE x>{good}")),
        (
            "an entity more",
            good.replace("\n</md:Ent", &format!("{evil}\n</md:Ent")),
        ),
        ("an entity less", good.replace(&sp_metadata("two"), "")),
        (
            "an address changed",
            good.replace("sp.example/two", "evil.example/"),
        ),
        (
            "an HMAC",
            good.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
        ),
        (
            "no value",
            good.replace(
                "<ds:SignatureValue>",
                "<ds:SignatureValue></ds:SignatureValue><ds:SignatureValue>",
            ),
        ),
    ] {
        // An entity in a KeyValue changes nothing that is signed: the file may be accepted, if the entity is not read.
        if what == "an entity inside a KeyValue"
            && let Ok(found) = read_verified(text.as_bytes(), std::slice::from_ref(&key.certificate))
        {
            assert_eq!(super::entity_ids(&found), ["one", "two"]);
            continue;
        }
        let read = read_verified(text.as_bytes(), std::slice::from_ref(&key.certificate));
        assert!(matches!(read, Err(Error::Bad(_))), "{what}: {read:?}");
    }
    assert_matches!(
        read_verified(good.as_bytes(), std::slice::from_ref(&key.certificate)),
        Ok(_)
    );
}

#[test]
fn a_key_in_key_info_is_not_trusted() {
    let (key, foreign) = (SpKey::rsa(2048), SpKey::rsa(2048));
    let certificate = String::from_utf8(foreign.pem.clone()).unwrap();
    let body: String = certificate
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let behind = format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    );
    let text = sign_with_xmlsec1(
        &two_entities(),
        SignatureParameters {
            after_signature_value: &behind,
            ..SignatureParameters::default()
        },
        &foreign,
    );
    assert_matches!(
        read_verified(text.as_bytes(), std::slice::from_ref(&foreign.certificate)),
        Ok(_)
    );
    assert_matches!(
        read_verified(text.as_bytes(), &[key.certificate]),
        Err(Error::Bad(BadMetadata::Signature(_)))
    );
}

#[test]
fn expired_or_unbounded_metadata_is_refused() {
    let key = SpKey::rsa(2048);
    let over = two_entities().replace(" ID=", " validUntil=\"2026-11-22T12:00:00Z\" ID=");
    let text = sign_with_xmlsec1(&over, SignatureParameters::default(), &key);
    assert_contains(
        &refusal_reason(&text, &key),
        "valid until 2026-11-22T12:00:00Z only",
    );
    let text = sign_with_xmlsec1(&two_entities(), SignatureParameters::default(), &key);
    let checked = aggregate::verify(text.as_bytes(), &[key.certificate], now(), |_| ()).unwrap();
    let entities = aggregate::entities(text.as_bytes(), &checked, now()).unwrap();
    let within = entities
        .root_attributes()
        .check_valid_until(chrono::TimeDelta::days(30), now());
    assert_matches!(within, Err(_));
}
