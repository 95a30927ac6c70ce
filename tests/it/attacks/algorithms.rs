//! Algorithms that are weak, or that do not fit the key.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::saml::urn::{RSA_SHA1, SHA1};

use crate::{
    attacks::signed_setup::{SignedSsoSetup, post_authn_request, slice_between},
    support::{
        assertions::assert_contains,
        sp_keys::SpKey,
        test_server::Database,
        xml_signature::{
            SignatureTemplate, hmac_with_xmlsec1, insert_after_issuer, saml_template, sign_with_xmlsec1,
        },
    },
};

pub(super) fn no_weak_or_substituted_algorithm_is_accepted(database: &Database) {
    let mut setup = SignedSsoSetup::new(database);
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
        let signed = setup.request_signed_with(
            "_w",
            &SignatureTemplate {
                algorithm,
                digest,
                ..saml_template("_w")
            },
        );
        setup.assert_refused(what, "SIGNATURE-ALGORITHM", &signed);
        if what.contains("pysaml2") {
            let page = post_authn_request(&mut setup.browser, &signed);
            assert!(
                page.body.contains("signing_algorithm"),
                "it names how to mend it: {}",
                page.body
            );
        }
    }
    // The public key as the secret of an HMAC.
    let certificate = &setup.key.certificate.der.clone();
    let public = openssl::x509::X509::from_der(certificate)
        .unwrap()
        .public_key()
        .unwrap();
    for secret in [
        setup.key.pem.clone(),
        certificate.clone(),
        public.public_key_to_pem().unwrap(),
        public.public_key_to_der().unwrap(),
    ] {
        for algorithm in [
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        ] {
            let template = SignatureTemplate {
                algorithm,
                ..saml_template("_m")
            };
            let signed = hmac_with_xmlsec1(
                &insert_after_issuer(&setup.unsigned_request("_m"), &template.xml()),
                &secret,
            );
            setup.assert_refused(algorithm, "SIGNATURE-ALGORITHM", &signed);
        }
    }
    algorithm_changed_after_signing(&mut setup);
}

/// An honest signature with its algorithm changed, or with another value.
fn algorithm_changed_after_signing(setup: &mut SignedSsoSetup) {
    let validly_signed = setup.signed_request("_h");
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
        setup.assert_refused(algorithm, code, &validly_signed.replace(rsa, algorithm));
    }
    let value = slice_between(&validly_signed, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let with_value = |inside: &str| {
        validly_signed.replace(value, &format!("<ds:SignatureValue>{inside}</ds:SignatureValue>"))
    };
    setup.assert_refused(
        "rsa-sha512 over it",
        "SIGNATURE-WRONG",
        &validly_signed.replace("#rsa-sha256", "#rsa-sha512"),
    );
    setup.assert_refused("no value", "SIGNATURE-WRONG", &with_value(""));
    setup.assert_refused("a short value", "SIGNATURE-WRONG", &with_value("AAAA"));
    setup.assert_refused("a value that is none", "SIGNATURE-SHAPE", &with_value("!!!!"));
    setup.assert_refused(
        "zeros",
        "SIGNATURE-WRONG",
        &with_value(&STANDARD.encode([0; 256])),
    );
    let method = format!("<ds:SignatureMethod Algorithm=\"{rsa}\"/>");
    let length = format!(
        "<ds:SignatureMethod Algorithm=\"{rsa}\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
    );
    assert_contains(&validly_signed, &method);
    setup.assert_refused(
        "a length",
        "SIGNATURE-SHAPE",
        &validly_signed.replace(&method, &length),
    );
    // The algorithm of another kind of key.
    let ec = SpKey::p256();
    let signed = sign_with_xmlsec1(
        &insert_after_issuer(
            &setup.unsigned_request("_e"),
            &SignatureTemplate {
                algorithm: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
                ..saml_template("_e")
            }
            .xml(),
        ),
        &ec.private_pem(),
    );
    setup.assert_refused("a key of another kind", "SIGNATURE-WRONG", &signed);
}
