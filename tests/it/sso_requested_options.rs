//! What a request may ask for beyond plain SSO: granted, or refused with its status.

use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{model::authn_context::AuthnContextClass, saml::second_opinion};
use roxmltree::Document;

use crate::support::{
    assertions::assert_contains,
    browser::Browser,
    inspect::{self, only_element},
    sso_setup::{ACS, ADA, RELAY_STATE, SsoSetup},
    test_server::{PASSWORD, on_each_database},
    test_sp::posted_response,
};

/// Sends a request, and reads the status of the response at the registered ACS, signed and without an assertion.
fn status_and_message(
    setup: &SsoSetup,
    browser: &mut Browser,
    id: &str,
    attributes: &str,
    inside: &str,
) -> (String, String) {
    let page = browser.get(&setup.sso_url_with(id, attributes, inside));
    let (xml, action) = posted_response(&page);
    assert_eq!(
        (action.as_str(), page.field("RelayState").as_deref()),
        (ACS, Some(RELAY_STATE))
    );
    assert!(
        !xml.contains("Assertion>") && xml.contains(&format!("InResponseTo=\"{id}\"")),
        "{xml}"
    );
    let (certificate, _) = setup.server.provider.saml().certificate_pem().unwrap();
    assert_eq!(second_opinion::verify(&xml, &certificate.der).unwrap(), 1);
    let (top, second) = inspect::status_codes(&xml);
    (top, second.unwrap_or_default())
}

fn authn_instant_and_session_index(xml: &str) -> (DateTime<Utc>, String) {
    let document = Document::parse(xml).unwrap();
    let statement = only_element(&document, "AuthnStatement");
    let instant = statement.attribute("AuthnInstant").unwrap().parse().unwrap();
    (instant, statement.attribute("SessionIndex").unwrap().to_owned())
}

#[test]
fn force_authn_asks_for_the_password_again_and_keeps_the_session() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let (before, index) =
            authn_instant_and_session_index(&posted_response(&browser.get(&setup.sso_url("_r1"))).0);
        setup.server.clock.advance(TimeDelta::minutes(30));
        for (n, force) in ["true", "1"].into_iter().enumerate() {
            setup.server.clock.advance(TimeDelta::minutes(1));
            let login = browser.get_following_redirects(&setup.sso_url_with(
                &format!("_f{n}"),
                &format!("ForceAuthn=\"{force}\""),
                "",
            ));
            assert!(
                login.field("SAMLResponse").is_none(),
                "a live session does not do"
            );
            assert_eq!(login.field("email").as_deref(), Some(ADA));
            let old = browser.cookies["__Host-hallpass-session"].clone();
            let page = browser.sign_in(&login, ADA, PASSWORD);
            let (instant, same) = authn_instant_and_session_index(&posted_response(&page).0);
            assert!(
                (instant - setup.now()).abs() < TimeDelta::seconds(1) && instant > before,
                "{instant}, before it {before}"
            );
            assert_eq!(same, index, "the participants of the session stay together");
            assert_ne!(browser.cookies["__Host-hallpass-session"], old);
            let mut planted = setup.server.browser();
            planted.cookies.insert("__Host-hallpass-session".to_owned(), old);
            assert!(!SsoSetup::is_signed_in(&planted), "the token before is dead");
        }
        posted_response(&browser.get(&setup.sso_url_with("_n", "ForceAuthn=\"false\"", "")));
    });
}

#[test]
fn is_passive_shows_no_page() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut nobody = setup.server.browser();
        let no_passive = ("Responder".to_owned(), "NoPassive".to_owned());
        for (n, passive) in [
            "IsPassive=\"true\"",
            "IsPassive=\"1\"",
            "IsPassive=\"true\" ForceAuthn=\"true\"",
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(
                status_and_message(&setup, &mut nobody, &format!("_p{n}"), passive, ""),
                no_passive
            );
        }
        let mut browser = setup.signed_in_browser();
        assert_eq!(
            status_and_message(&setup, &mut browser, "_q", "IsPassive=\"1\" ForceAuthn=\"1\"", ""),
            no_passive
        );
        assert_contains(
            &posted_response(&browser.get(&setup.sso_url_with("_r", "IsPassive=\"true\"", ""))).0,
            "<saml:Assertion",
        );
    });
}

#[test]
fn a_requested_subject_must_be_the_user() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let mut browser = setup.signed_in_browser();
        let subject = |name: &str, format: &str| {
            format!(
                "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID{format}>{name}</saml:NameID></saml:Subject>"
            )
        };
        let unknown = ("Responder".to_owned(), "UnknownPrincipal".to_owned());
        let persistent = " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"";
        for (n, inside) in [subject("eve@fernweh.example", ""), subject(ADA, persistent)]
            .iter()
            .enumerate()
        {
            assert_eq!(
                status_and_message(&setup, &mut browser, &format!("_s{n}"), "", inside),
                unknown
            );
        }
        posted_response(&browser.get(&setup.sso_url_with("_ok", "", &subject("ADA@fernweh.example", ""))));
        let mut other = setup.server.browser();
        let login = other.get_following_redirects(&setup.sso_url_with("_x", "", &subject(ADA, "")));
        assert_eq!(login.field("email").as_deref(), Some(ADA));
        let page = other.sign_in(&login, "eve@fernweh.example", PASSWORD);
        assert_eq!(
            inspect::status_codes(&posted_response(&page).0),
            ("Responder".to_owned(), Some("UnknownPrincipal".to_owned()))
        );
    });
}

#[test]
fn a_requested_option_is_met_where_supported_and_else_refused_with_its_status() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_SECOND_FACTOR_RULE", "never")], |_, _| {});
        let mut browser = setup.signed_in_browser();
        let policy = |format: &str| format!("<samlp:NameIDPolicy {format} AllowCreate=\"true\"/>");
        let context = |comparison: &str, classes: &[&str]| {
            let refs: String = classes
                .iter()
                .map(|class| format!("<saml:AuthnContextClassRef xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{class}</saml:AuthnContextClassRef>"))
                .collect();
            format!("<samlp:RequestedAuthnContext {comparison}>{refs}</samlp:RequestedAuthnContext>")
        };
        let mfa = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";
        let granted = [
            policy(""),
            policy("Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\""),
            policy("Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\""),
            context("", &[AuthnContextClass::PasswordProtectedTransport.uri()]),
            context(
                "Comparison=\"exact\"",
                &[mfa, AuthnContextClass::PasswordProtectedTransport.uri()],
            ),
            context(
                "Comparison=\"minimum\"",
                &[AuthnContextClass::PasswordProtectedTransport.uri()],
            ),
            context("Comparison=\"maximum\"", &[mfa]),
            context(
                "Comparison=\"better\"",
                &["urn:oasis:names:tc:SAML:2.0:ac:classes:Password"],
            ),
            "<samlp:Extensions><x:y xmlns:x=\"urn:x\">z</x:y></samlp:Extensions>".to_owned(),
        ];
        for (n, inside) in granted.iter().enumerate() {
            let (xml, _) = posted_response(&browser.get(&setup.sso_url_with(&format!("_g{n}"), "", inside)));
            assert!(xml.contains("<saml:Assertion"), "{inside}");
        }
        // The response names the class that was requested, or the default where none was.
        for (id, inside, named) in [
            (
                "_c1",
                context("", &["urn:oasis:names:tc:SAML:2.0:ac:classes:Password"]),
                "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            ),
            (
                "_c2",
                String::new(),
                AuthnContextClass::PasswordProtectedTransport.uri(),
            ),
        ] {
            let (xml, _) = posted_response(&browser.get(&setup.sso_url_with(id, "", &inside)));
            assert!(
                xml.contains(&format!(
                    "<saml:AuthnContextClassRef>{named}</saml:AuthnContextClassRef>"
                )),
                "{xml}"
            );
        }
        let post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
        posted_response(&browser.get(&setup.sso_url_with("_b", &format!("ProtocolBinding=\"{post}\""), "")));
        let refused = [
            (policy("SPNameQualifier=\"urn:other\""), "Requester", "InvalidNameIDPolicy"),
            (policy("Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted\""), "Requester", "InvalidNameIDPolicy"),
            (context("", &[mfa]), "Responder", "NoAuthnContext"),
            (context("Comparison=\"minimum\"", &[mfa]), "Responder", "NoAuthnContext"),
            (context("Comparison=\"maximum\"", &["urn:oasis:names:tc:SAML:2.0:ac:classes:Password"]), "Responder", "NoAuthnContext"),
            (context("Comparison=\"better\"", &[AuthnContextClass::PasswordProtectedTransport.uri()]), "Responder", "NoAuthnContext"),
            ("<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID=\"urn:other\"/></samlp:IDPList></samlp:Scoping>".to_owned(), "Responder", "NoSupportedIDP"),
            ("<saml:Conditions xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>".to_owned(), "Requester", "RequestUnsupported"),
        ];
        for (n, (inside, top, second)) in refused.iter().enumerate() {
            let status = status_and_message(&setup, &mut browser, &format!("_n{n}"), "", inside);
            assert_eq!(
                (status.0.as_str(), status.1.as_str()),
                (*top, *second),
                "{inside}"
            );
        }
        let artifact = "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"";
        assert_eq!(
            status_and_message(&setup, &mut browser, "_a", artifact, ""),
            ("Requester".to_owned(), "UnsupportedBinding".to_owned())
        );
    });
}

#[test]
fn a_stale_early_or_older_version_request_is_refused_with_a_status_to_the_acs() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let at = |id: &str, by: TimeDelta| setup.sp.authn_request(id, setup.now() + by, "", "");
        for (id, by, taken) in [
            ("_1", TimeDelta::seconds(-299), true),
            ("_2", TimeDelta::seconds(-303), false),
            ("_3", TimeDelta::seconds(178), true),
            ("_4", TimeDelta::seconds(183), false),
        ] {
            let page = browser.get(&format!(
                "/saml/sso?{}",
                setup.sp.redirect_query(&at(id, by), None, false)
            ));
            let status = inspect::status_codes(&posted_response(&page).0);
            let wanted = if taken {
                ("Success", None)
            } else {
                ("Requester", Some("RequestDenied".to_owned()))
            };
            assert_eq!((status.0.as_str(), status.1), wanted, "{id}");
        }
        let old = at("_5", TimeDelta::zero()).replace("Version=\"2.0\"", "Version=\"1.1\"");
        let page = browser.get(&format!(
            "/saml/sso?{}",
            setup.sp.redirect_query(&old, None, false)
        ));
        assert_eq!(
            inspect::status_codes(&posted_response(&page).0).0,
            "VersionMismatch"
        );
    });
}

#[test]
fn a_login_hint_only_prefills_the_form() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects(&format!(
            "{}&login_hint=ADA%40fernweh.example",
            setup.sso_url("_h1")
        ));
        assert_eq!(login.field("email").as_deref(), Some(ADA));
        let page = browser.sign_in(&login, "eve@fernweh.example", PASSWORD);
        assert_eq!(
            inspect::status_codes(&posted_response(&page).0).0,
            "Success",
            "another person may sign in"
        );
        let login = setup
            .server
            .browser()
            .get_following_redirects(&format!("{}&login_hint=%22%3E%3Cscript%3E", setup.sso_url("_h2")));
        assert_eq!(login.field("email").as_deref(), Some(""));
    });
}
