//! An AuthnRequest over HTTP-POST (saml-bindings, 3.5): signed by other implementations, without cookies, in every
//! encoding.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::saml::{
    binding::redirect::deflate_base64,
    urn::{
        ECDSA_SHA256, ENVELOPED_SIGNATURE, EXC_C14N, EXC_C14N_WITH_COMMENTS, RSA_SHA256, RSA_SHA384,
        RSA_SHA512, SHA256, SHA384, SHA512,
    },
};

use crate::support::{
    assertions::{assert_contains, assert_starts_with},
    browser::Browser,
    http::Response,
    inspect,
    sp_keys::SpKey,
    sso_setup::{ADA, RELAY_STATE, SsoSetup},
    test_server::{Database, PASSWORD, on_each_database},
    test_sp::posted_response,
    xml_signature::{
        SignatureTemplate, append_to_signature, insert_after_issuer, saml_template, sign_with_xmlsec1,
        transform,
    },
};

const DESTINATION: &str = "Destination=\"https://login.fernweh.example/saml/sso\"";

/// What a browser sends when a page of another site posts a form: no cookies.
fn post_cross_site(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Response {
    let headers = [
        ("Origin", "https://wiki.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
    ];
    browser.post_with_headers(path, &headers, fields, false)
}

/// Posts a request, and follows where the response leads.
fn post_message(browser: &mut Browser, message: &str) -> Response {
    let sent = post_cross_site(
        browser,
        "/saml/sso",
        &[("SAMLRequest", message), ("RelayState", RELAY_STATE)],
    );
    if sent.status == 303 {
        return browser.get_following_redirects(sent.location());
    }
    sent
}

fn post_authn_request(browser: &mut Browser, xml: &str) -> Response {
    post_message(browser, &STANDARD.encode(xml))
}

/// The wiki is registered with the certificate of `key`.
fn setup_with_key(database: &Database, key: &SpKey) -> SsoSetup {
    SsoSetup::with(database, &[], |_, new| {
        new.saml.signing_certificates = vec![key.certificate.clone()];
        new.saml.require_signed_requests = true;
    })
}

fn signed_request(setup: &SsoSetup, key: &SpKey, id: &str, template: &SignatureTemplate<'_>) -> String {
    let xml = setup.sp.authn_request(id, setup.now(), DESTINATION, "");
    sign_with_xmlsec1(&insert_after_issuer(&xml, &template.xml()), &key.private_pem())
}

#[test]
fn a_request_signed_by_another_implementation_is_accepted() {
    on_each_database(|database| {
        let (rsa, ec) = (SpKey::rsa(2048), SpKey::p256());
        let listed = transform(
            EXC_C14N,
            &format!(
                "<ec:InclusiveNamespaces xmlns:ec=\"{EXC_C14N}\" PrefixList=\"#default saml samlp xs\"/>"
            ),
        );
        let base = saml_template("_r");
        let templates = [
            ("RSA-SHA256", &rsa, base.clone()),
            (
                "RSA-SHA384",
                &rsa,
                SignatureTemplate {
                    algorithm: RSA_SHA384,
                    digest: SHA384,
                    ..base.clone()
                },
            ),
            (
                "RSA-SHA512",
                &rsa,
                SignatureTemplate {
                    algorithm: RSA_SHA512,
                    digest: SHA512,
                    ..base.clone()
                },
            ),
            (
                "ECDSA",
                &ec,
                SignatureTemplate {
                    algorithm: ECDSA_SHA256,
                    digest: SHA256,
                    ..base.clone()
                },
            ),
            (
                "default namespace",
                &rsa,
                SignatureTemplate {
                    prefix: "",
                    ..base.clone()
                },
            ),
            (
                "with comments, as pyFF signs",
                &rsa,
                SignatureTemplate {
                    c14n: EXC_C14N_WITH_COMMENTS,
                    transforms: transform(ENVELOPED_SIGNATURE, "") + &transform(EXC_C14N_WITH_COMMENTS, ""),
                    ..base.clone()
                },
            ),
            (
                "listed prefixes",
                &rsa,
                SignatureTemplate {
                    transforms: base.transforms.replace(&transform(EXC_C14N, ""), &listed),
                    algorithm: RSA_SHA256,
                    ..base.clone()
                },
            ),
        ];
        for (what, key, template) in templates {
            let setup = setup_with_key(&crate::support::test_server::fresh_database_like(database), key);
            let mut browser = setup.signed_in_browser();
            let xml = signed_request(&setup, key, "_r", &template);
            let answer = post_authn_request(&mut browser, &xml);
            assert_eq!(
                answer.field("RelayState").as_deref(),
                Some(RELAY_STATE),
                "{what}: {}",
                answer.body
            );
            let (response, action) = posted_response(&answer);
            assert_eq!(action, setup.sp.acs, "{what}");
            assert!(
                response.contains("InResponseTo=\"_r\"") && response.contains(ADA),
                "{what}"
            );
        }
        // KeyInfo is not read: keys come from the registration.
        let setup = setup_with_key(database, &rsa);
        let mut browser = setup.signed_in_browser();
        let inert = "<ds:KeyInfo><ds:KeyName>k1</ds:KeyName><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AAAA</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>";
        posted_response(&post_authn_request(
            &mut browser,
            &append_to_signature(&signed_request(&setup, &rsa, "_k", &saml_template("_k")), inert),
        ));
    });
}

#[test]
fn a_message_is_read_in_every_encoding_that_senders_use() {
    on_each_database(|database| {
        let key = SpKey::rsa(2048);
        let setup = setup_with_key(database, &key);
        let mut browser = setup.signed_in_browser();
        let plain = |id: &str| signed_request(&setup, &key, id, &saml_template(id));
        let lines = |text: &str| -> String {
            let chunks: Vec<_> = text
                .as_bytes()
                .chunks(76)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            chunks.join("\r\n")
        };
        let pretty = |id: &str| {
            let xml = setup.sp.authn_request(id, setup.now(), DESTINATION, "\n  <samlp:Extensions>\r\n\t<x:y xmlns:x=\"urn:x\" a='1'>&#13;\u{e9}<![CDATA[<&]]><!-- c --></x:y>\r\n</samlp:Extensions>\n");
            sign_with_xmlsec1(
                &insert_after_issuer(&xml, &saml_template(id).xml()),
                &key.private_pem(),
            )
            .replace('\n', "\r\n")
        };
        for (what, message) in [
            ("plain", STANDARD.encode(plain("_a"))),
            ("deflated", deflate_base64(&plain("_b"))),
            ("in lines", lines(&STANDARD.encode(plain("_c")))),
            (
                "with a byte order mark",
                STANDARD.encode(format!("\u{feff}{}", plain("_d"))),
            ),
            ("pretty, with CRLF", STANDARD.encode(pretty("_e"))),
            (
                "behind white space",
                STANDARD.encode(format!("\r\n\t {}", plain("_f").split_once("?>").unwrap().1)),
            ),
        ] {
            let answer = post_message(&mut browser, &message);
            assert!(
                answer.field("SAMLResponse").is_some(),
                "{what}: {} {}",
                answer.status,
                answer.body
            );
        }
    });
}

#[test]
fn a_cross_site_form_without_cookies_still_finds_the_session() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let xml = |id: &str, attributes: &str| {
            STANDARD.encode(setup.sp.authn_request(id, setup.now(), attributes, ""))
        };
        let mut browser = setup.signed_in_browser();
        let sent = post_cross_site(&mut browser, "/saml/sso", &[("SAMLRequest", &xml("_a", ""))]);
        assert_eq!(sent.status, 303, "{}", sent.body);
        assert_starts_with(sent.location(), "/continue/");
        let waiting: Vec<_> = sent.set_cookies().collect();
        assert!(
            matches!(waiting.as_slice(), [cookie] if cookie.starts_with("__Host-hallpass-posted=") && cookie.contains("SameSite=Lax")),
            "{waiting:?}"
        );
        posted_response(&browser.get(sent.location()));
        // In another browser the address leads nowhere.
        assert_eq!(setup.signed_in_browser().get(sent.location()).status, 410);
        // Where the browser sends the session cookie at once, the response comes at once.
        let form = [("SAMLRequest", xml("_b", ""))];
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let site = [
            ("Origin", "https://other.fernweh.example"),
            ("Sec-Fetch-Site", "same-site"),
        ];
        posted_response(&browser.post_with_headers("/saml/sso", &site, &form, true));
        // Nobody is signed in: the sign-in form, then the response.
        let mut fresh = setup.server.browser();
        let before = fresh.get_following_redirects("/login");
        let own = fresh.cookies["__Host-hallpass-browser"].clone();
        let login = post_message(&mut fresh, &xml("_c", ""));
        assert_eq!(
            fresh.cookies["__Host-hallpass-browser"], own,
            "a form of another site does not replace it"
        );
        assert_eq!(fresh.submit_password(&before, ADA, "wrong").status, 200);
        let (response, _) = posted_response(&fresh.sign_in(&login, ADA, PASSWORD));
        assert_contains(&response, "InResponseTo=\"_c\"");
    });
}

#[test]
fn is_passive_is_decided_after_the_redirect_with_cookies() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let ask = |browser: &mut Browser, id: &str, attributes: &str| {
            let xml = setup.sp.authn_request(id, setup.now(), attributes, "");
            posted_response(&post_authn_request(browser, &xml)).0
        };
        let mut browser = setup.signed_in_browser();
        let answer = ask(&mut browser, "_a", "IsPassive=\"true\"");
        assert_eq!(inspect::status_codes(&answer), ("Success".to_owned(), None));
        let no_passive = ("Responder".to_owned(), Some("NoPassive".to_owned()));
        let answer = ask(&mut browser, "_b", "IsPassive=\"1\" ForceAuthn=\"1\"");
        assert_eq!(inspect::status_codes(&answer), no_passive);
        let mut nobody = setup.server.browser();
        let answer = ask(&mut nobody, "_c", "IsPassive=\"true\"");
        assert_eq!(inspect::status_codes(&answer), no_passive);
        assert_contains(&answer, "InResponseTo=\"_c\"");
    });
}

#[test]
fn a_missing_required_signature_is_refused_at_the_registered_acs() {
    on_each_database(|database| {
        let key = SpKey::rsa(2048);
        let setup = setup_with_key(database, &key);
        let mut browser = setup.signed_in_browser();
        let xml = setup.sp.authn_request("_a", setup.now(), DESTINATION, "");
        let (response, action) = posted_response(&post_authn_request(&mut browser, &xml));
        assert_eq!(action, setup.sp.acs);
        assert_eq!(
            inspect::status_codes(&response),
            ("Requester".to_owned(), Some("RequestDenied".to_owned()))
        );
        // Signed in the XML but sent by HTTP-Redirect: there the signature does not count (saml-bindings, 3.4.4.1).
        let inside = signed_request(&setup, &key, "_b", &saml_template("_b"));
        let query = setup.sp.redirect_query(&inside, None, false);
        let (response, _) = posted_response(&browser.get(&format!("/saml/sso?{query}")));
        assert_eq!(inspect::status_codes(&response).0, "Requester");
        // A signed message must have a Destination.
        let xml = setup.sp.authn_request("_c", setup.now(), "", "");
        let xml = sign_with_xmlsec1(
            &insert_after_issuer(&xml, &saml_template("_c").xml()),
            &key.private_pem(),
        );
        let page = post_authn_request(&mut browser, &xml);
        assert!(
            page.status == 400 && page.body.contains("DESTINATION-WRONG"),
            "{}",
            page.body
        );
    });
}

#[test]
fn a_body_that_is_no_form_or_too_large_is_refused() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let message = STANDARD.encode(setup.sp.authn_request("_a", setup.now(), "", ""));
        for path in ["/saml/sso", "/saml/slo"] {
            let long = "y".repeat(256 * 1024);
            let page = post_cross_site(&mut browser, path, &[("SAMLRequest", &message), ("x", &long)]);
            assert!(
                page.status == 400 && page.body.contains("REQUEST-TOO-LARGE"),
                "{path} {}",
                page.body
            );
            for (kind, body) in [
                ("text/plain", format!("SAMLRequest={message}")),
                (
                    "multipart/form-data; boundary=b",
                    format!(
                        "--b\r\nContent-Disposition: form-data; name=\"SAMLRequest\"\r\n\r\n{message}\r\n--b--\r\n"
                    ),
                ),
                ("application/json", format!("{{\"SAMLRequest\":\"{message}\"}}")),
                ("application/samlmetadata+xml", message.clone()),
            ] {
                let page = browser.post_body(path, kind, &body);
                assert!(
                    page.status == 400 && page.body.contains("REQUEST-MALFORMED"),
                    "{path} {kind}: {} {}",
                    page.status,
                    page.body
                );
            }
        }
        SsoSetup::assert_signed_in(&browser);
        let kind = "application/x-www-form-urlencoded; charset=UTF-8";
        let body = format!("SAMLRequest={}", crate::support::http::percent_encode(&message));
        assert_eq!(browser.post_body("/saml/sso", kind, &body).status, 303);
    });
}

/// Expensive work is done only for a known sender with a key that could have made the signature. A wrong digest is
/// found last: a message that is refused for another reason was not digested.
#[test]
fn cheap_checks_run_first() {
    on_each_database(|database| {
        let (key, short) = (SpKey::rsa(2048), SpKey::rsa(3072));
        let setup = setup_with_key(database, &key);
        let mut browser = setup.signed_in_browser();
        let honest = signed_request(&setup, &key, "_a", &saml_template("_a"));
        let digest = honest
            .split("DigestValue>")
            .nth(1)
            .unwrap()
            .trim_end_matches("</ds:");
        let undigested = honest.replace(digest, &STANDARD.encode([7; 32]));
        assert_contains(
            &post_authn_request(&mut browser, &undigested).body,
            "SIGNATURE-WRONG",
        );
        let stranger = undigested.replace(&setup.sp.entity_id, "urn:test:nobody");
        assert_contains(
            &post_authn_request(&mut browser, &stranger).body,
            "ISSUER-UNKNOWN",
        );
        // A signature that is longer than the key can make is not verified.
        let long = signed_request(&setup, &short, "_b", &saml_template("_b"));
        assert_contains(&post_authn_request(&mut browser, &long).body, "SIGNATURE-WRONG");
        // The cost is elements times prefixes: nobody needs so many.
        let declared: String = (0..200).map(|n| format!(" xmlns:n{n}=\"urn:n{n}\"")).collect();
        let listed: Vec<_> = (0..16).map(|n| format!("n{n}")).collect();
        let inside = format!(
            "<samlp:Extensions{declared}>{}</samlp:Extensions>",
            "<n1:x/>".repeat(1900)
        );
        let xml = setup.sp.authn_request("_c", setup.now(), DESTINATION, &inside);
        let list = format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"{EXC_C14N}\" PrefixList=\"{}\"/>",
            listed.join(" ")
        );
        let template = SignatureTemplate {
            transforms: transform(ENVELOPED_SIGNATURE, "") + &transform(EXC_C14N, &list),
            ..saml_template("_c")
        };
        let dear = sign_with_xmlsec1(&insert_after_issuer(&xml, &template.xml()), &key.private_pem());
        let answer = post_authn_request(&mut browser, &dear);
        assert!(answer.body.contains("REQUEST-TOO-LARGE"), "{}", answer.body);
    });
}
