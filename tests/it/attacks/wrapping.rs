//! Signature wrapping: the signed element is not the one that is read.

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
    let mut setup = SignedSsoSetup::new(database);
    let validly_signed = setup.signed_request("_good");
    let validly_signed = validly_signed.split_once("?>\n").unwrap().1.to_owned();
    posted_response(&post_authn_request(&mut setup.browser, &validly_signed));
    let evil = setup.unsigned_request("_evil");
    for (what, xml, code) in wrapping_layouts(&validly_signed, &evil)
        .into_iter()
        .chain(tampered_layouts(&validly_signed, &evil))
    {
        setup.assert_refused(what, code, &xml);
    }
    malformed_signature_layouts(&mut setup);
}

/// What was done to the message, the message, and the code of its refusal.
type ForgedMessage = (&'static str, String, &'static str);

const SIGNATURE_SHAPE: &str = "SIGNATURE-SHAPE";

/// The signed element is placed somewhere in an unsigned message; the signature with it, or above it.
fn wrapping_layouts(validly_signed: &str, evil: &str) -> Vec<ForgedMessage> {
    let signature = slice_between(validly_signed, "<ds:Signature ", "</ds:Signature>");
    let bare = validly_signed.replace(signature, "");
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
        (
            "3 whole in Extensions",
            extensions(validly_signed),
            SIGNATURE_SHAPE,
        ),
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
            extensions(validly_signed).replace("ID=\"_evil\"", "ID=\"_good\""),
            "REQUEST-MALFORMED",
        ),
        (
            "8 in a root of its own",
            format!("<w xmlns=\"urn:w\">{evil}{validly_signed}</w>"),
            "REQUEST-MALFORMED",
        ),
        (
            "9 a second signature",
            insert_after_issuer(
                &extensions(validly_signed),
                &signature.replace("#_good", "#_evil"),
            ),
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
            validly_signed.replace("</samlp:AuthnRequest>", &format!("{evil}</samlp:AuthnRequest>")),
            "REQUEST-MALFORMED",
        ),
    ]
}

/// A signed message that was changed afterwards.
fn tampered_layouts(validly_signed: &str, evil: &str) -> Vec<ForgedMessage> {
    let signature = slice_between(validly_signed, "<ds:Signature ", "</ds:Signature>");
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
            validly_signed.replace(
                digest,
                &digest.replace("<ds:DigestValue>", "<ds:DigestValue><!-- x -->"),
            ),
            "REQUEST-MALFORMED",
        ),
        (
            "a second digest",
            validly_signed.replace(digest, &format!("{digest}{digest}")),
            SIGNATURE_SHAPE,
        ),
        (
            "a reference to nothing",
            validly_signed.replace("URI=\"#_good\"", ""),
            SIGNATURE_SHAPE,
        ),
        (
            "its ID changed",
            validly_signed.replace("ID=\"_good\"", "ID=\"_evil\""),
            SIGNATURE_SHAPE,
        ),
        (
            "one attribute more",
            validly_signed.replacen("Version", "ForceAuthn=\"false\" Version", 1),
            "SIGNATURE-WRONG",
        ),
        (
            "one element more",
            insert_after_issuer(validly_signed, "<samlp:Extensions/>"),
            "SIGNATURE-WRONG",
        ),
        (
            "one blank more",
            validly_signed.replace("</saml:Issuer>", "</saml:Issuer> "),
            "SIGNATURE-WRONG",
        ),
        (
            "an issuer cut by a comment",
            validly_signed.replace(WIKI, &format!("{WIKI}<!-- -->")),
            "REQUEST-MALFORMED",
        ),
        (
            "an issuer cut by a comment, and evil",
            validly_signed.replace(WIKI, "urn:<!-- -->test:wiki"),
            "REQUEST-MALFORMED",
        ),
        (
            "a message of another kind around it",
            format!(
                "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"_l\">{validly_signed}</samlp:LogoutRequest>"
            ),
            "REQUEST-MALFORMED",
        ),
    ]
}

/// Signed with the registered key, but not over exactly what is read.
fn malformed_signature_layouts(setup: &mut SignedSsoSetup) {
    let whole = setup.request_signed_with(
        "_w",
        &SignatureTemplate {
            uri: "",
            ..saml_template("_w")
        },
    );
    setup.assert_refused("over the document without a name", SIGNATURE_SHAPE, &whole);
    let twice = format!(
        "<ds:Reference URI=\"#_t\"><ds:Transforms>{}{}</ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>",
        transform(ENVELOPED_SIGNATURE, ""),
        transform(EXC_C14N, "")
    );
    let two = setup.request_signed_with(
        "_t",
        &SignatureTemplate {
            more_references: &twice,
            ..saml_template("_t")
        },
    );
    setup.assert_refused("two references", SIGNATURE_SHAPE, &two);
    let object = "<ds:Object><x xmlns=\"urn:x\"/></ds:Object>";
    let with_object = setup.request_signed_with(
        "_o",
        &SignatureTemplate {
            after_signature_value: object,
            ..saml_template("_o")
        },
    );
    setup.assert_refused("an Object", SIGNATURE_SHAPE, &with_object);
    let deep = setup.sso.sp.authn_request(
        "_d",
        setup.sso.now(),
        DESTINATION,
        "<samlp:Extensions>SIGNATURE</samlp:Extensions>",
    );
    let deep = sign_with_xmlsec1(
        &deep.replace("SIGNATURE", &saml_template("_d").xml()),
        &setup.key.private_pem(),
    );
    setup.assert_refused("deep down", SIGNATURE_SHAPE, &deep);
    // A comment that splits no text is no part of what was signed, and does no harm.
    let commented = setup
        .signed_request("_c")
        .replace("</saml:Issuer>", "</saml:Issuer><!-- fine -->");
    posted_response(&post_authn_request(&mut setup.browser, &commented));
}
