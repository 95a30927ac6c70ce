//! Signature wrapping: what was signed is one thing, what is read another.

use hallpass::saml::urn::{ENVELOPED, EXC_C14N, PROTOCOL};

use crate::{
    attacks::posted::{SSO, Signed, part, post},
    support::{
        enveloped::{Template, behind_issuer, into_signature, over, transform, xmlsec1_signs},
        house::Database,
        scene::WIKI,
        sp::posted,
    },
};

pub(super) fn what_is_wrapped_is_never_read(database: &Database) {
    let mut wiki = Signed::new(database);
    let honest = wiki.honest("_good");
    let honest = honest.split_once("?>\n").unwrap().1.to_owned();
    posted(&post(&mut wiki.browser, &honest));
    let evil = wiki.plain("_evil");
    for (what, xml, code) in wrapped(&honest, &evil).into_iter().chain(bent(&honest, &evil)) {
        wiki.refuses(what, code, &xml);
    }
    signed_but_not_as_it_should_be(&mut wiki);
}

/// What is done to a message, the message, and the code of its refusal.
type Layout = (&'static str, String, &'static str);

const SHAPE: &str = "SIGNATURE-SHAPE";

/// What is signed lies somewhere in what is not; the signature with it, or above it.
fn wrapped(honest: &str, evil: &str) -> Vec<Layout> {
    let signature = part(honest, "<ds:Signature ", "</ds:Signature>");
    let bare = honest.replace(signature, "");
    let inside = |part: &str| evil.replace("</samlp:AuthnRequest>", &format!("{part}</samlp:AuthnRequest>"));
    let extensions =
        |part: &str| behind_issuer(evil, &format!("<samlp:Extensions>{part}</samlp:Extensions>"));
    let object = |part: &str| into_signature(signature, &format!("<ds:Object>{part}</ds:Object>"));
    let key_info = |part: &str| into_signature(signature, &format!("<ds:KeyInfo>{part}</ds:KeyInfo>"));
    let info = part(signature, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let forged_info = info.replace("#_good", "#_evil");
    vec![
        ("1 in Object", behind_issuer(evil, &object(&bare)), SHAPE),
        (
            "2 signed beside it",
            inside(&format!("{signature}{bare}")),
            "REQUEST-MALFORMED",
        ),
        ("3 whole in Extensions", extensions(honest), SHAPE),
        (
            "4 bare in Extensions, its signature above",
            behind_issuer(&extensions(&bare), signature),
            SHAPE,
        ),
        ("5 in KeyInfo", behind_issuer(evil, &key_info(&bare)), SHAPE),
        (
            "6 both in Extensions",
            extensions(&format!("{bare}{signature}")),
            SHAPE,
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
            behind_issuer(&extensions(honest), &signature.replace("#_good", "#_evil")),
            SHAPE,
        ),
        (
            "10 another attribute of the same meaning",
            behind_issuer(evil, signature).replace("ID=\"_evil\"", "ID=\"_evil\" xml:id=\"_good\""),
            SHAPE,
        ),
        (
            "11 a second SignedInfo",
            behind_issuer(evil, &signature.replace(info, &format!("{forged_info}{info}"))),
            SHAPE,
        ),
        (
            "12 the honest one around it",
            honest.replace("</samlp:AuthnRequest>", &format!("{evil}</samlp:AuthnRequest>")),
            "REQUEST-MALFORMED",
        ),
    ]
}

/// What was signed, changed afterwards.
fn bent(honest: &str, evil: &str) -> Vec<Layout> {
    let signature = part(honest, "<ds:Signature ", "</ds:Signature>");
    let digest = part(signature, "<ds:DigestValue>", "</ds:DigestValue>");
    vec![
        (
            "its reference bent",
            behind_issuer(evil, &signature.replace("#_good", "#_evil")),
            "SIGNATURE-WRONG",
        ),
        ("taken over as it is", behind_issuer(evil, signature), SHAPE),
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
            SHAPE,
        ),
        (
            "a reference to nothing",
            honest.replace("URI=\"#_good\"", ""),
            SHAPE,
        ),
        (
            "its ID changed",
            honest.replace("ID=\"_good\"", "ID=\"_evil\""),
            SHAPE,
        ),
        (
            "one attribute more",
            honest.replacen("Version", "ForceAuthn=\"false\" Version", 1),
            "SIGNATURE-WRONG",
        ),
        (
            "one element more",
            behind_issuer(honest, "<samlp:Extensions/>"),
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
fn signed_but_not_as_it_should_be(wiki: &mut Signed) {
    let whole = wiki.with(
        "_w",
        &Template {
            uri: "",
            ..over("_w")
        },
    );
    wiki.refuses("over the document without a name", SHAPE, &whole);
    let twice = format!(
        "<ds:Reference URI=\"#_t\"><ds:Transforms>{}{}</ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>",
        transform(ENVELOPED, ""),
        transform(EXC_C14N, "")
    );
    let two = wiki.with(
        "_t",
        &Template {
            more_references: &twice,
            ..over("_t")
        },
    );
    wiki.refuses("two references", SHAPE, &two);
    let object = "<ds:Object><x xmlns=\"urn:x\"/></ds:Object>";
    let with_object = wiki.with("_o", &Template { object, ..over("_o") });
    wiki.refuses("an Object", SHAPE, &with_object);
    let deep = wiki.scene.sp.authn_request(
        "_d",
        wiki.scene.now(),
        SSO,
        "<samlp:Extensions>SIGNATURE</samlp:Extensions>",
    );
    let deep = xmlsec1_signs(
        &deep.replace("SIGNATURE", &over("_d").xml()),
        &wiki.key.private_pem(),
    );
    wiki.refuses("deep down", SHAPE, &deep);
    // A comment that cuts nothing is no part of what was signed, and does no harm.
    let commented = wiki
        .honest("_c")
        .replace("</saml:Issuer>", "</saml:Issuer><!-- fine -->");
    posted(&post(&mut wiki.browser, &commented));
}
