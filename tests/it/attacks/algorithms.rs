//! Algorithms that are weak, or that are not the key's.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::saml::urn::{RSA_SHA1, SHA1};

use crate::{
    attacks::posted::{Signed, part, post},
    support::{
        enveloped::{Template, behind_issuer, over, xmlsec1_macs, xmlsec1_signs},
        house::Database,
        signing::Key,
    },
};

pub(super) fn no_weak_or_borrowed_algorithm_counts(database: &Database) {
    let mut wiki = Signed::new(database);
    for (what, algorithm, digest) in [
        ("rsa-sha1", RSA_SHA1, "http://www.w3.org/2001/04/xmlenc#sha256"),
        (
            "a SHA-1 digest",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            SHA1,
        ),
        ("both, as pysaml2 does", RSA_SHA1, SHA1),
        (
            "sha224",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
            "http://www.w3.org/2001/04/xmldsig-more#sha224",
        ),
    ] {
        let signed = wiki.with(
            "_w",
            &Template {
                algorithm,
                digest,
                ..over("_w")
            },
        );
        wiki.refuses(what, "SIGNATURE-ALGORITHM", &signed);
        if what.contains("pysaml2") {
            let page = post(&mut wiki.browser, &signed);
            assert!(
                page.body.contains("signing_algorithm"),
                "it names how to mend it: {}",
                page.body
            );
        }
    }
    // The public key as the secret of a MAC.
    let certificate = &wiki.key.certificate.der.clone();
    let public = openssl::x509::X509::from_der(certificate)
        .unwrap()
        .public_key()
        .unwrap();
    for secret in [
        wiki.key.pem.clone(),
        certificate.clone(),
        public.public_key_to_pem().unwrap(),
        public.public_key_to_der().unwrap(),
    ] {
        for algorithm in [
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        ] {
            let template = Template {
                algorithm,
                ..over("_m")
            };
            let signed = xmlsec1_macs(&behind_issuer(&wiki.plain("_m"), &template.xml()), &secret);
            wiki.refuses(algorithm, "SIGNATURE-ALGORITHM", &signed);
        }
    }
    changed_afterwards(&mut wiki);
}

/// An honest signature under another name, or another value under it.
fn changed_afterwards(wiki: &mut Signed) {
    let honest = wiki.honest("_h");
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    for algorithm in [
        "",
        "none",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        " http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    ] {
        let code = if algorithm.contains("#ecdsa") {
            "SIGNATURE-SHAPE"
        } else {
            "SIGNATURE-ALGORITHM"
        };
        wiki.refuses(algorithm, code, &honest.replace(rsa, algorithm));
    }
    let value = part(&honest, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let with_value =
        |inside: &str| honest.replace(value, &format!("<ds:SignatureValue>{inside}</ds:SignatureValue>"));
    wiki.refuses(
        "rsa-sha512 over it",
        "SIGNATURE-WRONG",
        &honest.replace("#rsa-sha256", "#rsa-sha512"),
    );
    wiki.refuses("no value", "SIGNATURE-WRONG", &with_value(""));
    wiki.refuses("a short value", "SIGNATURE-WRONG", &with_value("AAAA"));
    wiki.refuses("a value that is none", "SIGNATURE-SHAPE", &with_value("!!!!"));
    wiki.refuses(
        "zeros",
        "SIGNATURE-WRONG",
        &with_value(&STANDARD.encode([0; 256])),
    );
    let method = format!("<ds:SignatureMethod Algorithm=\"{rsa}\"/>");
    let length = format!(
        "<ds:SignatureMethod Algorithm=\"{rsa}\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
    );
    assert!(honest.contains(&method));
    wiki.refuses("a length", "SIGNATURE-SHAPE", &honest.replace(&method, &length));
    // Another key's algorithm.
    let ec = Key::p256();
    let signed = xmlsec1_signs(
        &behind_issuer(
            &wiki.plain("_e"),
            &Template {
                algorithm: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
                ..over("_e")
            }
            .xml(),
        ),
        &ec.private_pem(),
    );
    wiki.refuses("a key of another kind", "SIGNATURE-WRONG", &signed);
}
