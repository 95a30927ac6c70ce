//! Keys that are sent with the message.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::crypto::pem;

use crate::{
    attacks::signed_setup::{Canary, SignedSsoSetup, post_authn_request},
    support::{
        sp_keys::SpKey,
        test_server::Database,
        test_sp::posted_response,
        xml_signature::{append_to_signature, insert_after_issuer, saml_template, sign_with_xmlsec1},
    },
};

pub(super) fn a_key_in_the_message_is_not_trusted(database: &Database) {
    let mut setup = SignedSsoSetup::new(database);
    let canary = Canary::new();
    let foreign = SpKey::rsa(2048);
    let der = |key: &SpKey| STANDARD.encode(&key.certificate.der);
    let x509 = |key: &SpKey| {
        format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
            der(key)
        )
    };
    let value = {
        let key = pem::parse_certificates(&foreign.pem).unwrap().remove(0);
        let key = openssl::x509::X509::from_der(&key.der)
            .unwrap()
            .public_key()
            .unwrap()
            .rsa()
            .unwrap();
        format!(
            "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>",
            STANDARD.encode(key.n().to_vec()),
            STANDARD.encode(key.e().to_vec())
        )
    };
    let forged = sign_with_xmlsec1(
        &insert_after_issuer(&setup.unsigned_request("_f"), &saml_template("_f").xml()),
        &foreign.private_pem(),
    );
    for (what, key_info) in [
        ("nothing", String::new()),
        ("its own certificate", x509(&foreign)),
        ("the registered certificate", x509(&setup.key)),
        (
            "both certificates",
            x509(&setup.key).replace(
                "</ds:X509Data>",
                &format!(
                    "<ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
                    der(&foreign)
                ),
            ),
        ),
        ("its own key", value.clone()),
        (
            "a name",
            "<ds:KeyInfo><ds:KeyName>sp.example</ds:KeyName></ds:KeyInfo>".to_owned(),
        ),
    ] {
        setup.assert_refused(what, "SIGNATURE-WRONG", &append_to_signature(&forged, &key_info));
    }
    let validly_signed = setup.signed_request("_h");
    for (n, fetched) in [
        format!("<ds:RetrievalMethod URI=\"{}\"/>", canary.url()),
        "<ds:RetrievalMethod URI=\"file:///etc/hostname\"/>".to_owned(),
        "<ds:RetrievalMethod URI=\"#_h\" Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"/>".to_owned(),
        format!("<ds:X509Data/><ds:RetrievalMethod URI=\"{}\"/>", canary.url()),
        format!(
            "<KeyInfoReference xmlns=\"http://www.w3.org/2009/xmldsig11#\" URI=\"{}\"/>",
            canary.url()
        ),
        "<ds:SPKIData><ds:SPKISexp>AAAA</ds:SPKISexp></ds:SPKIData>".to_owned(),
        "<ds:PGPData><ds:PGPKeyID>AAAA</ds:PGPKeyID></ds:PGPData>".to_owned(),
        "<ds:MgmtData>x</ds:MgmtData>".to_owned(),
        "<EncryptedKey xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let info = format!("<ds:KeyInfo>{fetched}</ds:KeyInfo>");
        setup.assert_refused(
            &format!("KeyInfo {n}"),
            "SIGNATURE-SHAPE",
            &append_to_signature(&validly_signed, &info),
        );
    }
    // Further KeyInfo beside a signature of the registered key is not read: Keycloak sends both.
    posted_response(&post_authn_request(
        &mut setup.browser,
        &append_to_signature(&validly_signed, &value),
    ));
    canary.assert_no_connection();
}
