//! Attacks by a SAML message.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{
    model::application::SpUrl,
    provider::saml::import,
    saml::{
        binding::redirect::{deflate_base64, percent_encode},
        urn::{PROTOCOL, RSA_SHA256},
    },
};

use crate::support::{
    browser::Browser,
    http::Response,
    inspect,
    sp_keys::SpKey,
    sso_setup::{ACS, SsoSetup, WIKI},
    test_server::Database,
    test_sp::{TestSp, posted_response},
    xml_signature::{insert_after_issuer, saml_template, sign_with_xmlsec1},
};

pub(super) fn send_authn_request(browser: &mut Browser, xml: &str) -> Response {
    browser.get(&format!(
        "/saml/sso?SAMLRequest={}",
        percent_encode(&deflate_base64(xml))
    ))
}

pub(super) fn assert_refused(page: &Response, what: &str) {
    assert!(
        (400..500).contains(&page.status),
        "{what}: {} {}",
        page.status,
        page.body
    );
    assert!(
        page.field("SAMLResponse").is_none() && page.header("location").is_none(),
        "{what}"
    );
}

pub(super) fn a_response_goes_only_where_it_is_registered(database: &Database) {
    let setup = SsoSetup::new(database);
    setup
        .server
        .add_application("Other", "urn:test:other", "https://other.example/acs", |_| {});
    let mut browser = setup.signed_in_browser();
    for bad in [
        "https://evil.example/acs",
        "https://other.example/acs",
        "https://wiki.example/acs",
        "https://wiki.example/acs?connection=a&amp;b=c&amp;d=e",
        "https://wiki.example/acs?connection=a&amp;b=c#",
        "https://wiki.example/acs?b=c&amp;connection=a",
        "https://wiki.example/acs?connection=a&amp;b=c ",
        " https://wiki.example/acs?connection=a&amp;b=c",
        "https://wiki.example.evil.example/acs?connection=a&amp;b=c",
        "https://wiki.example@evil.example/acs?connection=a&amp;b=c",
        "https://evil.example#@wiki.example/acs?connection=a&amp;b=c",
        "https://evil.example\\@wiki.example/acs?connection=a&amp;b=c",
        "https://wiki.example:443/acs?connection=a&amp;b=c",
        "https://wiki.example:8443/acs?connection=a&amp;b=c",
        "https://WIKI.example/acs?connection=a&amp;b=c",
        "https://wiki.example/ACS?connection=a&amp;b=c",
        "https://wiki.example/acs/../acs?connection=a&amp;b=c",
        "https://wiki.example//acs?connection=a&amp;b=c",
        "https://wiki.example/%61cs?connection=a&amp;b=c",
        "http://wiki.example/acs?connection=a&amp;b=c",
        "//wiki.example/acs?connection=a&amp;b=c",
        "/acs",
        "",
    ] {
        let attributes = format!("AssertionConsumerServiceURL=\"{bad}\"");
        assert_refused(&browser.get(&setup.sso_url_with("_r1", &attributes, "")), bad);
    }
    let both = format!(
        "AssertionConsumerServiceURL=\"{}\" AssertionConsumerServiceIndex=\"0\"",
        ACS.replace('&', "&amp;")
    );
    assert_refused(
        &browser.get(&setup.sso_url_with("_r1", &both, "")),
        "URL and index",
    );
    // Nor can a change of the sign-in form choose another ACS.
    let mut fresh = setup.server.browser();
    let login = fresh.get_following_redirects(&setup.sso_url("_r2"));
    let fields = [
        ("csrf", login.field("csrf").unwrap()),
        ("continue", login.field("continue").unwrap()),
        ("email", crate::support::sso_setup::ADA.to_owned()),
        ("password", crate::support::test_server::PASSWORD.to_owned()),
        ("acs", "https://evil.example/".to_owned()),
        ("AssertionConsumerServiceURL", "https://evil.example/".to_owned()),
        ("RelayState", "https://evil.example/".to_owned()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let after = fresh.post("/login", &fields);
    let (_, action) = posted_response(&fresh.get(after.location()));
    assert_eq!(action, ACS);
}

pub(super) fn an_acs_url_is_never_a_script(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    let scripts = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "java\tscript:alert(1)",
        "file:///etc/passwd",
        "blob:https://wiki.example/x",
        "https:javascript:alert(1)",
        "http://wiki.example/acs",
    ];
    for bad in scripts {
        let attributes = format!("AssertionConsumerServiceURL=\"{}\"", bad.replace('\t', "&#9;"));
        assert_refused(&browser.get(&setup.sso_url_with("_r1", &attributes, "")), bad);
        assert!(SpUrl::parse(bad).is_err() || bad.starts_with("https:"), "{bad}");
        let metadata = format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"x\"><md:SPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\"><md:AssertionConsumerService index=\"0\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{bad}\"/></md:SPSSODescriptor></md:EntityDescriptor>"
        );
        if let Ok(imported) = import::import(&metadata, None, setup.now()) {
            assert!(
                imported
                    .acs_endpoints
                    .iter()
                    .all(|endpoint| endpoint.location.as_str().starts_with("https:")),
                "{bad}"
            );
        }
    }
}

pub(super) fn a_bad_signature_is_never_ignored(database: &Database) {
    let setup = SsoSetup::with(database, &[], |sp, new| {
        new.saml.signing_certificates = vec![sp.certificate()];
    });
    let mut browser = setup.signed_in_browser();
    let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
    let foreign = TestSp::new(WIKI, ACS);
    let xml = setup.sp.authn_request("_r1", setup.now(), sso, "");
    assert_refused(
        &browser.get(&format!("/saml/sso?{}", foreign.redirect_query(&xml, None, true))),
        "optional and wrong",
    );
    // Another binding is checked in the same way.
    let form = |xml: &str| format!("SAMLRequest={}", percent_encode(&STANDARD.encode(xml)));
    let kind = "application/x-www-form-urlencoded";
    let signed = |key| {
        let template = insert_after_issuer(&xml, &saml_template("_r1").xml());
        form(&sign_with_xmlsec1(&template, key))
    };
    let foreign = SpKey::rsa(2048).private_pem();
    assert_refused(
        &browser.post_body("/saml/sso", kind, &signed(&foreign)),
        "POST, wrong",
    );
    assert_refused(
        &browser.post_body("/saml/slo", kind, &form(&xml)),
        "POST to logout",
    );
    let strict = SsoSetup::with(
        &crate::support::test_server::fresh_database_like(database),
        &[],
        |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            new.saml.require_signed_requests = true;
        },
    );
    let response_page = strict
        .signed_in_browser()
        .post_body("/saml/sso", kind, &form(&xml));
    let (response, action) = posted_response(&response_page);
    assert_eq!(action, ACS);
    assert_eq!(
        inspect::status_codes(&response).0,
        "Requester",
        "unsigned over the other binding"
    );
}

pub(super) fn parameters_are_never_ambiguous(database: &Database) {
    let setup = SsoSetup::with(database, &[], |sp, new| {
        new.saml.signing_certificates = vec![sp.certificate()];
    });
    let mut browser = setup.signed_in_browser();
    let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
    let good = setup.sp.redirect_query(
        &setup.sp.authn_request("_r1", setup.now(), sso, ""),
        Some("a"),
        true,
    );
    let evil = format!(
        "SAMLRequest={}",
        percent_encode(&deflate_base64(&setup.sp.authn_request(
            "_evil",
            setup.now(),
            sso,
            ""
        )))
    );
    let evil_value = evil.split_once('=').unwrap().1;
    let plain = good.split_once("&SigAlg").unwrap().0;
    for bad in [
        format!("{evil}&{good}"),
        format!("{good}&{evil}"),
        format!("SAML%52equest={evil_value}&{good}"),
        format!("{good}&SAML%52equest={evil_value}"),
        format!("{good}&%53AMLRequest={evil_value}"),
        format!("{good}&samlrequest={evil_value}"),
        format!("{good}&+SAMLRequest={evil_value}"),
        format!("{good}&SAMLRequest%20={evil_value}"),
        format!("{good}&SAMLResponse={evil_value}"),
        format!("SAMLResponse={evil_value}&{good}"),
        format!("{good}&RelayState=b"),
        format!("RelayState=b&{good}"),
        format!("{good}&Relay%53tate=b"),
        format!("{good}&SigAlg={}", percent_encode(RSA_SHA256)),
        format!("{good}&Signature=AAAA"),
        format!("{good}&SAMLEncoding=urn:x"),
        format!("{evil};{good}"),
        plain.replace('&', ";"),
        good.replacen("SAMLRequest", "SAMLResponse", 1),
    ] {
        assert_refused(
            &browser.get(&format!("/saml/sso?{bad}")),
            &bad[..bad.len().min(60)],
        );
    }
    let form = format!(
        "SAMLRequest={}",
        percent_encode(&STANDARD.encode(setup.sp.authn_request("_f", setup.now(), "", "")))
    );
    let kind = "application/x-www-form-urlencoded";
    for (query, body) in [
        ("", format!("{form}&{form}")),
        ("", format!("{form}&SAML%52equest={evil_value}")),
        ("", format!("{form}&SAMLResponse={evil_value}")),
        ("", format!("{form}&samlrequest={evil_value}")),
        ("", format!("{form}&RelayState=a&RelayState=b")),
        (
            "",
            format!("{form}&SigAlg={}&Signature=AAAA", percent_encode(RSA_SHA256)),
        ),
        ("", form.replacen("SAMLRequest", "SAMLResponse", 1)),
        (good.as_str(), form.clone()),
        (evil.as_str(), form.clone()),
        ("RelayState=b", form.clone()),
    ] {
        assert_refused(
            &browser.post_body(&format!("/saml/sso?{query}"), kind, &body),
            &body[..body.len().min(60)],
        );
    }
    assert_eq!(browser.post_body("/saml/sso?tenant=1", kind, &form).status, 303);
    // Unknown parameters, and another order, do no harm.
    let mut parts: Vec<_> = good.split('&').collect();
    parts.reverse();
    for fine in [format!("tenant=1&{good}&utm=x"), parts.join("&")] {
        posted_response(&browser.get(&format!("/saml/sso?{fine}")));
    }
}

pub(super) fn broken_combinations_are_refused_without_an_internal_error(database: &Database) {
    let setup = SsoSetup::with(database, &[], |sp, new| {
        new.saml.signing_certificates = vec![sp.certificate()];
    });
    let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
    let good = setup.sp.redirect_query(
        &setup.sp.authn_request("_r1", setup.now(), sso, ""),
        Some("a"),
        true,
    );
    let without = |name: &str| {
        good.split('&')
            .filter(|part| !part.starts_with(&format!("{name}=")))
            .collect::<Vec<_>>()
            .join("&")
    };
    let with = |name: &str, value: &str| format!("{}&{name}={value}", without(name));
    let mut browser = setup.signed_in_browser();
    for path in ["/saml/sso", "/saml/slo"] {
        for bad in [
            without("SigAlg"),
            without("Signature"),
            without("SAMLRequest"),
            with("Signature", ""),
            with("SigAlg", ""),
            with("Signature", "%"),
            with("Signature", "%ZZ"),
            with("Signature", "!!!!"),
            with("SigAlg", "%ff"),
            with("SAMLRequest", ""),
            with("SAMLRequest", "%"),
            with("SAMLRequest", "AAAA"),
            with("SAMLRequest", "%00"),
            with("SAMLRequest", "PA%3D%3D"),
            with("RelayState", "%f"),
            with("RelayState", "%ff"),
            "SAMLRequest".to_owned(),
            "SAMLRequest=".to_owned(),
            "=".to_owned(),
            "&&&".to_owned(),
            "%".to_owned(),
        ] {
            let page = browser.get(&format!("{path}?{bad}"));
            assert!(
                page.status < 500 && page.status >= 200,
                "{path}?{bad}: {}",
                page.status
            );
            assert!(
                page.field("SAMLResponse").is_none() && SsoSetup::is_signed_in(&browser),
                "{path}?{bad}"
            );
        }
    }
}
