//! Keys that come with the message.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::keys::pem;

use crate::{
    attacks::posted::{Canary, Signed, post},
    support::{
        enveloped::{behind_issuer, into_signature, over, xmlsec1_signs},
        house::Database,
        signing::Key,
        sp::posted,
    },
};

pub(super) fn a_key_in_the_message_counts_for_nothing(database: &Database) {
    let mut wiki = Signed::new(database);
    let canary = Canary::new();
    let foreign = Key::rsa(2048);
    let der = |key: &Key| STANDARD.encode(&key.certificate.der);
    let x509 = |key: &Key| {
        format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
            der(key)
        )
    };
    let value = {
        let key = pem::certificates_from(&foreign.pem).unwrap().remove(0);
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
    let forged = xmlsec1_signs(
        &behind_issuer(&wiki.plain("_f"), &over("_f").xml()),
        &foreign.private_pem(),
    );
    for (what, key_info) in [
        ("nothing", String::new()),
        ("its own certificate", x509(&foreign)),
        ("the registered certificate", x509(&wiki.key)),
        (
            "both certificates",
            x509(&wiki.key).replace(
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
        wiki.refuses(what, "SIGNATURE-WRONG", &into_signature(&forged, &key_info));
    }
    let honest = wiki.honest("_h");
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
        wiki.refuses(
            &format!("KeyInfo {n}"),
            "SIGNATURE-SHAPE",
            &into_signature(&honest, &info),
        );
    }
    // What is inert beside the registered key's own signature is not read: Keycloak sends both.
    posted(&post(&mut wiki.browser, &into_signature(&honest, &value)));
    canary.was_left_alone();
}
