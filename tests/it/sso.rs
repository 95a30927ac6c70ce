//! SP-initiated SSO: a service provider sends a request, a user signs in, the service provider receives a response.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::provider::people::email_decisions::{EmailDecision, EmailDecisions};

use crate::support::{
    assertions::{assert_contains, assert_lacks},
    http, sql,
    sso_setup::{ACS, ADA, RELAY_STATE, SsoSetup, WIKI},
    test_server::{PASSWORD, on_each_database},
    test_sp::{TestSp, posted_response},
};

#[test]
fn a_user_without_a_session_signs_in_and_gets_the_response() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let first = browser.get(&setup.sso_url("_r1"));
        assert_eq!(first.status, 303);
        assert!(first.location().starts_with("/continue/"), "{}", first.location());
        let login = browser.get(first.location());
        assert!(
            login.body.contains("Sign in to <bdi>Wiki</bdi>"),
            "{}",
            login.body
        );
        let after = browser.submit_password(&login, " ADA@Fernweh.example ", PASSWORD);
        assert_eq!((after.status, after.location()), (303, first.location()));
        let page = browser.get(after.location());
        let (xml, action) = posted_response(&page);
        assert_eq!((page.status, action.as_str()), (200, ACS));
        assert_eq!(page.field("RelayState").as_deref(), Some(RELAY_STATE));
        assert!(xml.contains("InResponseTo=\"_r1\""), "{xml}");
    });
}

#[test]
fn an_active_session_gets_the_response_in_the_same_exchange() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let page = browser.get(&setup.sso_url("_r1"));
        assert_eq!(page.status, 200);
        let (xml, action) = posted_response(&page);
        assert_eq!(action, ACS);
        assert_contains(&xml, "InResponseTo=\"_r1\"");
        assert_eq!(page.set_cookies().count(), 0);
        let nothing_waits = sql::number(
            &setup.server.settings,
            "SELECT count(*) AS n FROM waiting_sign_ons",
        );
        assert_eq!(nothing_waits, 0);
    });
}

#[test]
fn relay_state_is_returned_unchanged() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut warm = setup.signed_in_browser();
        let long = "x".repeat(1024);
        let relays = [
            Some(""),
            Some(RELAY_STATE),
            Some(&long),
            Some("  \u{1f600} "),
            Some("javascript:alert(1)"),
            None,
        ];
        for (n, relay) in relays.into_iter().enumerate() {
            for cold in [false, true] {
                let xml = setup
                    .sp
                    .authn_request(&format!("_r{n}{cold}"), setup.now(), "", "");
                let address = format!("/saml/sso?{}", setup.sp.redirect_query(&xml, relay, false));
                let page = if cold {
                    let mut browser = setup.server.browser();
                    let login = browser.get_following_redirects(&address);
                    browser.sign_in(&login, ADA, PASSWORD)
                } else {
                    warm.get(&address)
                };
                assert_eq!(page.field("RelayState").as_deref(), relay, "{}", page.body);
                assert!(!page.body.contains("href=\"javascript"), "{}", page.body);
            }
        }
    });
}

#[test]
fn a_relay_state_that_cannot_be_returned_unchanged_is_refused() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let xml = setup.sp.authn_request("_r1", setup.now(), "", "");
        for relay in ["a\nb", "a\r\nb", "\0", &"x".repeat(4097)] {
            let page = browser.get(&format!(
                "/saml/sso?{}",
                setup.sp.redirect_query(&xml, Some(relay), false)
            ));
            assert!(
                page.status == 400 && page.field("SAMLResponse").is_none(),
                "{relay:?}"
            );
        }
        for (n, relay) in ["a\tb", "\u{85}\u{1}", &"x".repeat(4096)].into_iter().enumerate() {
            let xml = setup.sp.authn_request(&format!("_s{n}"), setup.now(), "", "");
            let page = browser.get(&format!(
                "/saml/sso?{}",
                setup.sp.redirect_query(&xml, Some(relay), false)
            ));
            assert_eq!(page.field("RelayState").as_deref(), Some(relay));
        }
    });
}

#[test]
fn an_undeflated_request_is_accepted_and_its_xml_signature_ignored() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let signature =
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo/></ds:Signature>";
        for (id, inside) in [("_r1", ""), ("_r2", signature)] {
            let xml = setup.sp.authn_request(id, setup.now(), "", inside);
            let address = format!(
                "/saml/sso?SAMLRequest={}",
                http::percent_encode(&STANDARD.encode(xml))
            );
            let (xml, _) = posted_response(&browser.get(&address));
            assert_contains(&xml, &format!("InResponseTo=\"{id}\""));
        }
    });
}

#[test]
fn the_self_posting_page_works_without_script_and_for_any_acs() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let loopback = TestSp::new("demo", "http://localhost:9090/acs");
        setup
            .server
            .add_application("Demo", "demo", &loopback.acs, |_| {});
        let mut browser = setup.signed_in_browser();
        for (address, form_action) in [
            (setup.sso_url("_r1"), "form-action https:;"),
            (loopback.sso_url("_r1", setup.now()), "form-action https: http:;"),
        ] {
            let page = browser.get(&address);
            let policy = page.header("content-security-policy").unwrap();
            assert!(
                policy.contains(form_action) && policy.contains("script-src 'sha256-"),
                "{policy}"
            );
            assert!(
                !policy.contains("unsafe-inline") && !policy.contains("wiki.example"),
                "{policy}"
            );
            assert_eq!(page.header("referrer-policy"), Some("strict-origin"));
            assert_contains(page.header("cache-control").unwrap(), "no-store");
            assert!(
                page.body.contains("method=\"post\"") && page.body.contains("<button"),
                "{}",
                page.body
            );
            assert_lacks(&page.body, " onload=");
            assert_lacks(&page.body, " onclick=");
        }
    });
}

#[test]
fn applications_that_share_an_entity_id_are_distinguished_by_acs() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let other = "https://wiki.example/acs?connection=other";
        setup
            .server
            .add_application("Wiki of others", WIKI, other, |_| {});
        let mut browser = setup.signed_in_browser();
        for (n, acs) in [ACS, other].into_iter().enumerate() {
            let attributes = format!("AssertionConsumerServiceURL=\"{}\"", acs.replace('&', "&amp;"));
            let (xml, action) =
                posted_response(&browser.get(&setup.sso_url_with(&format!("_r{n}"), &attributes, "")));
            assert_eq!(action, acs);
            assert_contains(&xml, &format!("InResponseTo=\"_r{n}\""));
        }
        let left_open = browser.get(&setup.sso_url_with("_r3", "", ""));
        assert_eq!(left_open.status, 400);
        assert_contains(&left_open.body, "ISSUER-AMBIGUOUS");
        assert_eq!(left_open.field("SAMLResponse"), None);
        assert!(
            !left_open.body.contains("wiki.example"),
            "no registered value is shown: {}",
            left_open.body
        );
    });
}

#[test]
fn one_identity_row_keeps_the_first_and_last_attributes_sent() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        browser.get(&setup.sso_url("_r1"));
        let settings = &setup.server.settings;
        let rows = || {
            sql::texts(
                settings,
                "SELECT first_name_id || ' ' || last_name_id || ' ' || first_email || ' ' || last_email AS t FROM app_identities",
            )
        };
        assert_eq!(rows(), [format!("{ADA} {ADA} {ADA} {ADA}")]);
        let edit = hallpass::provider::people::user_edit::UserEdit {
            email: Some("countess@fernweh.example".parse_email()),
            email_decisions: EmailDecisions::all(EmailDecision::SendNew),
            ..Default::default()
        };
        setup
            .server
            .people()
            .edit_user(&ADA.parse_email(), &edit)
            .unwrap()
            .unwrap();
        let (xml, _) = posted_response(&browser.get(&setup.sso_url("_r2")));
        assert_contains(&xml, ">countess@fernweh.example<");
        browser.get(&setup.sso_url("_r3"));
        assert_eq!(
            rows(),
            [format!(
                "{ADA} countess@fernweh.example {ADA} countess@fernweh.example"
            )]
        );
        let id = |xml: &str| {
            crate::support::inspect::saml_attributes(xml)
                .into_iter()
                .find(|(name, _)| name == "id")
                .unwrap()
                .1
        };
        assert_eq!(id(&xml), [setup.ada.stable_id.as_str()]);
    });
}

trait ParseEmail {
    fn parse_email(&self) -> hallpass::model::user::Email;
}

impl ParseEmail for str {
    fn parse_email(&self) -> hallpass::model::user::Email {
        hallpass::model::user::Email::parse(self).unwrap()
    }
}
