//! References and transforms that fetch, execute or omit something.

use hallpass::saml::urn::{ENVELOPED_SIGNATURE, EXC_C14N, EXC_C14N_WITH_COMMENTS};

use crate::{
    attacks::signed_setup::{Canary, SignedSsoSetup, slice_between},
    support::{
        test_server::Database,
        xml_signature::{SignatureTemplate, append_to_signature, saml_template, transform},
    },
};

const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

pub(super) fn no_transform_or_reference_is_fetched_or_executed(database: &Database) {
    let mut setup = SignedSsoSetup::new(database);
    let canary = Canary::new();
    let url = canary.url();
    let validly_signed = setup.signed_request("_h");
    for uri in [
        url.as_str(),
        "file:///etc/hostname",
        "file:///etc/passwd#_h",
        "/etc/hostname",
        "ftp://127.0.0.1/x",
        "",
        "#xpointer(/)",
        "#xpointer(id('_h'))",
        "#_other",
        "_h",
        " #_h",
        "#_h ",
        "#%5fh",
    ] {
        let bent = validly_signed.replace("URI=\"#_h\"", &format!("URI=\"{uri}\""));
        setup.assert_refused(uri, "SIGNATURE-SHAPE", &bent);
    }
    unsigned_transforms(&mut setup, &validly_signed, &url);
    signed_transforms(&mut setup);
    let manifest = format!("<ds:Object><ds:Manifest><ds:Reference URI=\"{url}\"/></ds:Manifest></ds:Object>");
    setup.assert_refused(
        "a manifest",
        "SIGNATURE-SHAPE",
        &append_to_signature(&validly_signed, &manifest),
    );
    canary.assert_no_connection();
}

fn unsigned_transforms(setup: &mut SignedSsoSetup, validly_signed: &str, url: &str) {
    let xslt = format!(
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"><xsl:template match=\"/\"><xsl:copy-of select=\"document('{url}')\"/></xsl:template></xsl:stylesheet>"
    );
    let all = transform(ENVELOPED_SIGNATURE, "") + &transform(EXC_C14N, "");
    let exclusive = transform(EXC_C14N, "");
    let enveloped = transform(ENVELOPED_SIGNATURE, "");
    for (what, transforms) in [
        (
            "XSLT",
            transform("http://www.w3.org/TR/1999/REC-xslt-19991116", &xslt) + &all,
        ),
        (
            "XSLT alone",
            transform("http://www.w3.org/TR/1999/REC-xslt-19991116", &xslt),
        ),
        (
            "XPath",
            enveloped.clone()
                + &transform(
                    "http://www.w3.org/TR/1999/REC-xpath-19991116",
                    "<ds:XPath>false()</ds:XPath>",
                )
                + &exclusive,
        ),
        (
            "XPath filter",
            enveloped.clone()
                + &transform(
                    "http://www.w3.org/2002/06/xmldsig-filter2",
                    "<x:XPath xmlns:x=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"intersect\">/none</x:XPath>",
                )
                + &exclusive,
        ),
        (
            "base64",
            enveloped.clone() + &transform("http://www.w3.org/2000/09/xmldsig#base64", ""),
        ),
        (
            "XPointer",
            enveloped.clone()
                + &transform(
                    "http://www.w3.org/2001/04/xmldsig-more/xptr",
                    &format!("<x:XPointer xmlns:x=\"urn:x\">{url}</x:XPointer>"),
                ),
        ),
        (
            "decryption",
            enveloped.clone() + &transform("http://www.w3.org/2002/07/decrypt#XML", ""),
        ),
        ("none", String::new()),
        ("enveloped alone", enveloped.clone()),
        ("exclusive alone", exclusive.clone()),
        ("the other way round", exclusive.clone() + &enveloped),
        ("enveloped twice", enveloped.clone() + &all),
        ("exclusive twice", all.clone() + &exclusive),
        ("inclusive", enveloped.clone() + &transform(INCLUSIVE, "")),
        (
            "something in enveloped",
            transform(ENVELOPED_SIGNATURE, "<x xmlns=\"urn:x\"/>") + &exclusive,
        ),
        (
            "something in exclusive",
            enveloped.clone() + &transform(EXC_C14N, "<ds:XPath>false()</ds:XPath>"),
        ),
        (
            "a foreign list",
            enveloped.clone()
                + &transform(
                    EXC_C14N,
                    "<InclusiveNamespaces xmlns=\"urn:x\" PrefixList=\"a\"/>",
                ),
        ),
    ] {
        let bent = validly_signed.replace(&transforms_in(validly_signed), &transforms);
        setup.assert_refused(what, "SIGNATURE-SHAPE", &bent);
    }
}

/// The same transforms under a correct signature.
fn signed_transforms(setup: &mut SignedSsoSetup) {
    let exclusive = transform(EXC_C14N, "");
    let enveloped = transform(ENVELOPED_SIGNATURE, "");
    for (id, transforms) in [
        (
            "_x1",
            enveloped.clone()
                + &transform(
                    "http://www.w3.org/TR/1999/REC-xpath-19991116",
                    "<ds:XPath>ancestor-or-self::*[local-name()='Issuer']</ds:XPath>",
                )
                + &exclusive,
        ),
        ("_x2", enveloped.clone() + &transform(INCLUSIVE, "")),
        ("_x4", enveloped.clone()),
    ] {
        let signed = setup.request_signed_with(
            id,
            &SignatureTemplate {
                transforms,
                ..saml_template(id)
            },
        );
        setup.assert_refused(id, "SIGNATURE-SHAPE", &signed);
    }
    for c14n in [INCLUSIVE, "http://www.w3.org/2006/12/xml-c14n11"] {
        let signed = setup.request_signed_with(
            "_c",
            &SignatureTemplate {
                c14n,
                ..saml_template("_c")
            },
        );
        setup.assert_refused(c14n, "SIGNATURE-SHAPE", &signed);
    }
    // Comments matter only where they are part of what is signed: in SignedInfo, where nobody writes any.
    let signed = setup.request_signed_with(
        "_d",
        &SignatureTemplate {
            c14n: EXC_C14N_WITH_COMMENTS,
            c14n_parameters: "<!-- c -->",
            ..saml_template("_d")
        },
    );
    setup.assert_refused("a comment in SignedInfo", "SIGNATURE-SHAPE", &signed);
}

fn transforms_in(xml: &str) -> String {
    let transforms = slice_between(xml, "<ds:Transforms>", "</ds:Transforms>");
    transforms
        .trim_start_matches("<ds:Transforms>")
        .trim_end_matches("</ds:Transforms>")
        .to_owned()
}
