//! Attacks by the XML signature of a posted message: wrapping, foreign keys, transforms, references, algorithms.

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{
    keys::pem,
    saml::urn::{DSIG, ENVELOPED, EXC_C14N, PROTOCOL, RSA_SHA1, SHA1},
};

use crate::{
    attacks::message::is_refused,
    support::{
        browser::Browser,
        enveloped::{Template, behind_issuer, into_signature, over, transform, xmlsec1_macs, xmlsec1_signs},
        house::Database,
        http::{Response, percent},
        scene::{Scene, WIKI},
        signing::Key,
        sp::posted,
    },
};

const SSO: &str = "Destination=\"https://login.fernweh.example/saml/sso\"";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

pub(super) fn post(browser: &mut Browser, xml: &str) -> Response {
    let body = format!("SAMLRequest={}", percent(&STANDARD.encode(xml)));
    let sent = browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &body);
    if sent.status == 303 {
        return browser.follow(sent.location());
    }
    sent
}

/// A wiki that must sign, its key, and a browser in which Ada is signed in.
struct Signed {
    scene: Scene,
    key: Key,
    browser: Browser,
}

impl Signed {
    fn new(database: &Database) -> Self {
        let key = Key::rsa(2048);
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.certificates = vec![key.certificate.clone()];
            new.saml.require_signed_requests = true;
        });
        let browser = scene.signed_in();
        Self { scene, key, browser }
    }

    /// A request that asks for what its sender wants.
    fn plain(&self, id: &str) -> String {
        self.scene.sp.authn_request(id, self.scene.now(), SSO, "")
    }

    /// The same, with an honest signature.
    fn honest(&self, id: &str) -> String {
        self.with(id, &over(id))
    }

    /// Signed with the registered key, but not as it should be.
    fn with(&self, id: &str, template: &Template<'_>) -> String {
        let xml = behind_issuer(&self.plain(id), &template.xml());
        xmlsec1_signs(&xml, &self.key.private_pem())
    }

    fn refuses(&mut self, what: &str, code: &str, xml: &str) {
        let page = post(&mut self.browser, xml);
        is_refused(&page, what);
        assert!(page.body.contains(code), "{what}: {}", page.body);
    }
}

/// The part of `xml` from `from` to the end of `to`.
fn part<'x>(xml: &'x str, from: &str, to: &str) -> &'x str {
    let start = xml.find(from).unwrap();
    let end = xml[start..].find(to).unwrap();
    &xml[start..start + end + to.len()]
}

pub(super) fn what_is_wrapped_is_never_read(database: &Database) {
    let mut wiki = Signed::new(database);
    let honest = wiki.honest("_good");
    let honest = honest.split_once("?>\n").unwrap().1.to_owned();
    posted(&post(&mut wiki.browser, &honest));
    let signature = part(&honest, "<ds:Signature ", "</ds:Signature>");
    let bare = honest.replace(signature, "");
    let evil = wiki.plain("_evil");
    let inside = |part: &str| evil.replace("</samlp:AuthnRequest>", &format!("{part}</samlp:AuthnRequest>"));
    let extensions =
        |part: &str| behind_issuer(&evil, &format!("<samlp:Extensions>{part}</samlp:Extensions>"));
    let object = |part: &str| into_signature(signature, &format!("<ds:Object>{part}</ds:Object>"));
    let key_info = |part: &str| into_signature(signature, &format!("<ds:KeyInfo>{part}</ds:KeyInfo>"));
    let info = part(signature, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let forged_info = info.replace("#_good", "#_evil");
    let digest = part(info, "<ds:DigestValue>", "</ds:DigestValue>");
    let shape = "SIGNATURE-SHAPE";
    let layouts = [
        // What is signed lies somewhere in what is not; the signature with it, or above it.
        ("1 in Object", behind_issuer(&evil, &object(&bare)), shape),
        (
            "2 signed beside it",
            inside(&format!("{signature}{bare}")),
            "REQUEST-MALFORMED",
        ),
        ("3 whole in Extensions", extensions(&honest), shape),
        (
            "4 bare in Extensions, its signature above",
            behind_issuer(&extensions(&bare), signature),
            shape,
        ),
        ("5 in KeyInfo", behind_issuer(&evil, &key_info(&bare)), shape),
        (
            "6 both in Extensions",
            extensions(&format!("{bare}{signature}")),
            shape,
        ),
        (
            "7 under the same ID",
            extensions(&honest).replace("ID=\"_evil\"", "ID=\"_good\""),
            "REQUEST-MALFORMED",
        ),
        (
            "8 in a root of its own",
            format!("<w xmlns=\"urn:w\">{evil}{honest}</w>"),
            "REQUEST-MALFORMED",
        ),
        (
            "9 a second signature",
            behind_issuer(&extensions(&honest), &signature.replace("#_good", "#_evil")),
            shape,
        ),
        (
            "10 another attribute of the same meaning",
            behind_issuer(&evil, signature).replace("ID=\"_evil\"", "ID=\"_evil\" xml:id=\"_good\""),
            shape,
        ),
        (
            "11 a second SignedInfo",
            behind_issuer(&evil, &signature.replace(info, &format!("{forged_info}{info}"))),
            shape,
        ),
        (
            "12 the honest one around it",
            honest.replace("</samlp:AuthnRequest>", &format!("{evil}</samlp:AuthnRequest>")),
            "REQUEST-MALFORMED",
        ),
        (
            "its reference bent",
            behind_issuer(&evil, &signature.replace("#_good", "#_evil")),
            "SIGNATURE-WRONG",
        ),
        ("taken over as it is", behind_issuer(&evil, signature), shape),
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
            shape,
        ),
        (
            "a reference to nothing",
            honest.replace("URI=\"#_good\"", ""),
            shape,
        ),
        (
            "its ID changed",
            honest.replace("ID=\"_good\"", "ID=\"_evil\""),
            shape,
        ),
        (
            "one attribute more",
            honest.replacen("Version", "ForceAuthn=\"false\" Version", 1),
            "SIGNATURE-WRONG",
        ),
        (
            "one element more",
            behind_issuer(&honest, "<samlp:Extensions/>"),
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
    ];
    for (what, xml, code) in layouts {
        wiki.refuses(what, code, &xml);
    }
    // Signed with the registered key, but not all of what is read.
    let marked = wiki
        .plain("_p")
        .replace("<saml:Issuer ", "<saml:Issuer ID=\"_part\" ");
    let id_of = |name: &str, xml: &str| {
        let xml = behind_issuer(xml, &over(name).xml());
        // xmlsec1 takes the attribute of an Issuer for an ID only where it is told so.
        xml.replace("URI=\"#_part\"", "URI=\"#xpointer(id('_part'))\"")
    };
    let unsigned = id_of("_part", &marked);
    wiki.refuses("over a part", shape, &unsigned);
    let whole = wiki.with(
        "_w",
        &Template {
            uri: "",
            ..over("_w")
        },
    );
    wiki.refuses("over the document without a name", shape, &whole);
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
    wiki.refuses("two references", shape, &two);
    let object = "<ds:Object><x xmlns=\"urn:x\"/></ds:Object>";
    let with_object = wiki.with("_o", &Template { object, ..over("_o") });
    wiki.refuses("an Object", shape, &with_object);
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
    wiki.refuses("deep down", shape, &deep);
    // A comment that cuts nothing is no part of what was signed, and does no harm.
    let commented = wiki
        .honest("_c")
        .replace("</saml:Issuer>", "</saml:Issuer><!-- fine -->");
    posted(&post(&mut wiki.browser, &commented));
}

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

pub(super) fn nothing_in_a_signature_is_fetched_or_run(database: &Database) {
    let mut wiki = Signed::new(database);
    let canary = Canary::new();
    let url = canary.url();
    let honest = wiki.honest("_h");
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
        let bent = honest.replace("URI=\"#_h\"", &format!("URI=\"{uri}\""));
        wiki.refuses(uri, "SIGNATURE-SHAPE", &bent);
    }
    let xslt = format!(
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"><xsl:template match=\"/\"><xsl:copy-of select=\"document('{url}')\"/></xsl:template></xsl:stylesheet>"
    );
    let all = transform(ENVELOPED, "") + &transform(EXC_C14N, "");
    let exclusive = transform(EXC_C14N, "");
    let enveloped = transform(ENVELOPED, "");
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
            "with comments",
            enveloped.clone() + &transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", ""),
        ),
        (
            "something in enveloped",
            transform(ENVELOPED, "<x xmlns=\"urn:x\"/>") + &exclusive,
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
        let bent = honest.replace(&all_of(&honest), &transforms);
        wiki.refuses(what, "SIGNATURE-SHAPE", &bent);
    }
    // The same where the signature itself is good.
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
        (
            "_x3",
            enveloped.clone() + &transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", ""),
        ),
        ("_x4", enveloped.clone()),
    ] {
        let signed = wiki.with(
            id,
            &Template {
                transforms,
                ..over(id)
            },
        );
        wiki.refuses(id, "SIGNATURE-SHAPE", &signed);
    }
    for c14n in [
        INCLUSIVE,
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
    ] {
        let signed = wiki.with("_c", &Template { c14n, ..over("_c") });
        wiki.refuses(c14n, "SIGNATURE-SHAPE", &signed);
    }
    let manifest = format!("<ds:Object><ds:Manifest><ds:Reference URI=\"{url}\"/></ds:Manifest></ds:Object>");
    wiki.refuses(
        "a manifest",
        "SIGNATURE-SHAPE",
        &into_signature(&honest, &manifest),
    );
    canary.was_left_alone();
}

/// The transforms of a signature that stands in `xml`.
fn all_of(xml: &str) -> String {
    let transforms = part(xml, "<ds:Transforms>", "</ds:Transforms>");
    transforms
        .trim_start_matches("<ds:Transforms>")
        .trim_end_matches("</ds:Transforms>")
        .to_owned()
}

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
    // Another key's algorithm, and DER where r and s belong.
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
    assert!(honest.contains(DSIG));
}

/// An address that nobody may come to.
struct Canary(TcpListener);

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}/x", self.0.local_addr().unwrap())
    }

    fn was_left_alone(&self) {
        assert!(self.0.accept().is_err(), "somebody came to the canary");
    }
}
