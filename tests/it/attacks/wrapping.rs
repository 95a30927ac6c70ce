//! Signature wrapping: what was signed is one thing, what is read another.

use hallpass::saml::urn::{ENVELOPED_SIGNATURE, EXC_C14N, PROTOCOL};

use crate::{
    attacks::signed_setup::{DESTINATION, SignedSsoSetup, post_authn_request, slice_between},
    support::{
        sso_setup::WIKI,
        test_server::Database,
        test_sp::posted_response,
        xml_signature::{
            SignatureTemplate, append_to_signature, insert_after_issuer, saml_template, sign_with_xmlsec1,
            transform,
        },
    },
};

pub(super) fn signature_wrapping_is_refused(database: &Database) {
    let mut wiki = SignedSsoSetup::new(database);
    let honest = wiki.signed_request("_good");
    let honest = honest.split_once("?>\n").unwrap().1.to_owned();
    posted_response(&post_authn_request(&mut wiki.browser, &honest));
    let evil = wiki.unsigned_request("_evil");
    for (what, xml, code) in wrapping_layouts(&honest, &evil)
        .into_iter()
        .chain(tampered_layouts(&honest, &evil))
    {
        wiki.assert_refused(what, code, &xml);
    }
    malformed_signature_layouts(&mut wiki);
}

/// What is done to a message, the message, and the code of its refusal.
type ForgedMessage = (&'static str, String, &'static str);

const SIGNATURE_SHAPE: &str = "SIGNATURE-SHAPE";

/// What is signed lies somewhere in what is not; the signature with it, or above it.
fn wrapping_layouts(honest: &str, evil: &str) -> Vec<ForgedMessage> {
    let signature = slice_between(honest, "<ds:Signature ", "</ds:Signature>");
    let bare = honest.replace(signature, "");
    let inside = |part: &str| evil.replace("</samlp:AuthnRequest>", &format!("{part}</samlp:AuthnRequest>"));
    let extensions =
        |part: &str| insert_after_issuer(evil, &format!("<samlp:Extensions>{part}</samlp:Extensions>"));
    let object = |part: &str| append_to_signature(signature, &format!("<ds:Object>{part}</ds:Object>"));
    let key_info = |part: &str| append_to_signature(signature, &format!("<ds:KeyInfo>{part}</ds:KeyInfo>"));
    let info = slice_between(signature, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let forged_info = info.replace("#_good", "#_evil");
    vec![
        (
            "1 in Object",
            insert_after_issuer(evil, &object(&bare)),
            SIGNATURE_SHAPE,
        ),
        (
            "2 signed beside it",
            inside(&format!("{signature}{bare}")),
            "REQUEST-MALFORMED",
        ),
        ("3 whole in Extensions", extensions(honest), SIGNATURE_SHAPE),
        (
            "4 bare in Extensions, its signature above",
            insert_after_issuer(&extensions(&bare), signature),
            SIGNATURE_SHAPE,
        ),
        (
            "5 in KeyInfo",
            insert_after_issuer(evil, &key_info(&bare)),
            SIGNATURE_SHAPE,
        ),
        (
            "6 both in Extensions",
            extensions(&format!("{bare}{signature}")),
            SIGNATURE_SHAPE,
        ),
        (
            "7 under the same ID",
            extensions(honest).replace("ID=\"_evil\"", "ID=\"_good\""),
            "REQUEST-MALFORMED",
        ),
        (
            "8 in a root of its own",
            format!("<w xmlns=\"urn:w\">{evil}{honest}</w>"),
            "REQUEST-MALFORMED",
        ),
        (
            "9 a second signature",
            insert_after_issuer(&extensions(honest), &signature.replace("#_good", "#_evil")),
            SIGNATURE_SHAPE,
        ),
        (
            "10 another attribute of the same meaning",
            insert_after_issuer(evil, signature).replace("ID=\"_evil\"", "ID=\"_evil\" xml:id=\"_good\""),
            SIGNATURE_SHAPE,
        ),
        (
            "11 a second SignedInfo",
            insert_after_issuer(evil, &signature.replace(info, &format!("{forged_info}{info}"))),
            SIGNATURE_SHAPE,
        ),
        (
            "12 the honest one around it",
            honest.replace("</samlp:AuthnRequest>", &format!("{evil}</samlp:AuthnRequest>")),
            "REQUEST-MALFORMED",
        ),
    ]
}

/// What was signed, changed afterwards.
fn tampered_layouts(honest: &str, evil: &str) -> Vec<ForgedMessage> {
    let signature = slice_between(honest, "<ds:Signature ", "</ds:Signature>");
    let digest = slice_between(signature, "<ds:DigestValue>", "</ds:DigestValue>");
    vec![
        (
            "its reference bent",
            insert_after_issuer(evil, &signature.replace("#_good", "#_evil")),
            "SIGNATURE-WRONG",
        ),
        (
            "taken over as it is",
            insert_after_issuer(evil, signature),
            SIGNATURE_SHAPE,
        ),
        (
            "a comment in the digest",
            honest.replace(
                digest,
                &digest.replace("<ds:DigestValue>", "<ds:DigestValue><!-- x -->"),
            ),
            "REQUEST-MALFORMED",
        ),
        (
            "a second digest",
            honest.replace(digest, &format!("{digest}{digest}")),
            SIGNATURE_SHAPE,
        ),
        (
            "a reference to nothing",
            honest.replace("URI=\"#_good\"", ""),
            SIGNATURE_SHAPE,
        ),
        (
            "its ID changed",
            honest.replace("ID=\"_good\"", "ID=\"_evil\""),
            SIGNATURE_SHAPE,
        ),
        (
            "one attribute more",
            honest.replacen("Version", "ForceAuthn=\"false\" Version", 1),
            "SIGNATURE-WRONG",
        ),
        (
            "one element more",
            insert_after_issuer(honest, "<samlp:Extensions/>"),
            "SIGNATURE-WRONG",
        ),
        (
            "one blank more",
            honest.replace("</saml:Issuer>", "</saml:Issuer> "),
            "SIGNATURE-WRONG",
        ),
        (
            "an issuer cut by a comment",
            honest.replace(WIKI, &format!("{WIKI}<!-- -->")),
            "REQUEST-MALFORMED",
        ),
        (
            "an issuer cut by a comment, and evil",
            honest.replace(WIKI, "urn:<!-- -->test:wiki"),
            "REQUEST-MALFORMED",
        ),
        (
            "a message of another kind around it",
            format!(
                "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"_l\">{honest}</samlp:LogoutRequest>"
            ),
            "REQUEST-MALFORMED",
        ),
    ]
}

/// By the registered key, but not over all of what is read and nothing else.
fn malformed_signature_layouts(wiki: &mut SignedSsoSetup) {
    let whole = wiki.request_signed_with(
        "_w",
        &SignatureTemplate {
            uri: "",
            ..saml_template("_w")
        },
    );
    wiki.assert_refused("over the document without a name", SIGNATURE_SHAPE, &whole);
    let twice = format!(
        "<ds:Reference URI=\"#_t\"><ds:Transforms>{}{}</ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>",
        transform(ENVELOPED_SIGNATURE, ""),
        transform(EXC_C14N, "")
    );
    let two = wiki.request_signed_with(
        "_t",
        &SignatureTemplate {
            more_references: &twice,
            ..saml_template("_t")
        },
    );
    wiki.assert_refused("two references", SIGNATURE_SHAPE, &two);
    let object = "<ds:Object><x xmlns=\"urn:x\"/></ds:Object>";
    let with_object = wiki.request_signed_with(
        "_o",
        &SignatureTemplate {
            after_signature_value: object,
            ..saml_template("_o")
        },
    );
    wiki.assert_refused("an Object", SIGNATURE_SHAPE, &with_object);
    let deep = wiki.scene.sp.authn_request(
        "_d",
        wiki.scene.now(),
        DESTINATION,
        "<samlp:Extensions>SIGNATURE</samlp:Extensions>",
    );
    let deep = sign_with_xmlsec1(
        &deep.replace("SIGNATURE", &saml_template("_d").xml()),
        &wiki.key.private_pem(),
    );
    wiki.assert_refused("deep down", SIGNATURE_SHAPE, &deep);
    // A comment that cuts nothing is no part of what was signed, and does no harm.
    let commented = wiki
        .signed_request("_c")
        .replace("</saml:Issuer>", "</saml:Issuer><!-- fine -->");
    posted_response(&post_authn_request(&mut wiki.browser, &commented));
}
