//! Single logout: who may end a session, and which response they receive.

use chrono::TimeDelta;
use hallpass::{
    model::{
        application::{Binding, LogoutEndpoint, SpUrl},
        name_id::EMAIL_ADDRESS,
    },
    provider::applications::NewApplication,
    saml::binding::redirect,
};
use roxmltree::Document;

use crate::support::{
    assertions::{assert_contains, assert_ends_with},
    browser::Browser,
    http::Response,
    inspect::{self, only_element},
    sp_keys, sql,
    sso_setup::{ADA, RELAY_STATE, SsoSetup, WIKI},
    test_server::{Database, PASSWORD, on_each_database},
    test_sp::{TestSp, posted_response},
};

const SLO: &str = "https://login.fernweh.example/saml/slo";
const SP_SLO_URL: &str = "https://wiki.example/slo?tenant=1";

fn with_logout(sp: &TestSp, new: &mut NewApplication) {
    new.saml.signing_certificates = vec![sp.certificate()];
    new.saml.logout = Some(LogoutEndpoint {
        binding: Binding::Redirect,
        location: SpUrl::parse(SP_SLO_URL).unwrap(),
        response_location: None,
    });
}

/// Ada has signed in at the wiki: her browser and her SessionIndex there.
fn signed_in_at_wiki(database: &Database) -> (SsoSetup, Browser, String) {
    let setup = SsoSetup::with(database, &[], with_logout);
    let mut browser = setup.signed_in_browser();
    let index = session_index(&posted_response(&browser.get(&setup.sso_url("_r1"))).0);
    (setup, browser, index)
}

fn session_index(xml: &str) -> String {
    let document = Document::parse(xml).unwrap();
    only_element(&document, "AuthnStatement")
        .attribute("SessionIndex")
        .unwrap()
        .to_owned()
}

impl SsoSetup {
    fn logout_request_url(
        &self,
        sp: &TestSp,
        id: &str,
        who: &str,
        index: Option<&str>,
        signed: bool,
    ) -> String {
        let xml = sp.logout_request(id, self.now(), SLO, (who, EMAIL_ADDRESS), index);
        format!("/saml/slo?{}", sp.redirect_query(&xml, Some(RELAY_STATE), signed))
    }
}

/// The XML of the LogoutResponse in a redirect; asserts that everything around it is right.
fn logout_response(setup: &SsoSetup, response: &Response) -> String {
    assert_eq!(response.status, 303, "{}", response.body);
    let address = response.location();
    assert!(
        address.starts_with(&format!("{SP_SLO_URL}&SAMLResponse=")),
        "{address}"
    );
    let (certificate, _) = setup.server.provider.saml().certificate_pem().unwrap();
    assert!(
        sp_keys::query_signature_is_valid(address, &certificate),
        "{address}"
    );
    let query = &address[SP_SLO_URL.len() + 1..];
    for (at, _) in query.match_indices('%') {
        let hex = &query[at + 1..at + 3];
        assert!(
            hex == hex.to_uppercase()
                && !"!~*'()-_.".contains(char::from(u8::from_str_radix(hex, 16).unwrap())),
            "%{hex} in {address}"
        );
    }
    assert!(
        !query.contains('+') && !query.contains("%7E"),
        "Auth0 encodes again before it verifies: {query}"
    );
    let inbound = redirect::decode(query).unwrap();
    assert_eq!(inbound.relay_state.as_deref(), Some(RELAY_STATE));
    inbound.xml
}

#[test]
fn a_signed_request_of_a_participant_ends_the_session_and_gets_a_response() {
    on_each_database(|database| {
        for with_index in [true, false] {
            let (setup, mut browser, index) =
                signed_in_at_wiki(&crate::support::test_server::fresh_database_like(database));
            let other = setup.signed_in_browser();
            let address =
                setup.logout_request_url(&setup.sp, "_l1", ADA, with_index.then_some(index.as_str()), true);
            let xml = logout_response(&setup, &browser.get(&address));
            assert_eq!(inspect::status_codes(&xml), ("Success".to_owned(), None));
            let document = Document::parse(&xml).unwrap();
            let root = only_element(&document, "LogoutResponse");
            assert_eq!(root.attribute("InResponseTo"), Some("_l1"));
            assert_eq!(root.attribute("Destination"), Some(SP_SLO_URL));
            assert_eq!(
                only_element(&document, "Issuer").text(),
                Some(setup.server.provider.saml().entity_id().unwrap().as_str())
            );
            assert_ends_with(root.attribute("IssueInstant").unwrap(), "Z");
            SsoSetup::assert_signed_out(&browser);
            assert!(
                SsoSetup::is_signed_in(&other),
                "a session that the sender takes no part in lives on"
            );
        }
    });
}

#[test]
fn the_request_may_come_from_a_browser_without_the_session() {
    on_each_database(|database| {
        let (setup, browser, index) = signed_in_at_wiki(database);
        let mut front = setup.server.browser();
        let xml = logout_response(
            &setup,
            &front.get(&setup.logout_request_url(&setup.sp, "_l1", ADA, Some(&index), true)),
        );
        assert_eq!(inspect::status_codes(&xml).0, "Success");
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn only_a_participants_signed_request_ends_the_session() {
    on_each_database(|database| {
        let (setup, mut browser, index) = signed_in_at_wiki(database);
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let stranger = TestSp::new("urn:test:stranger", "https://stranger.example/acs");
        setup
            .server
            .add_application("Stranger", &stranger.entity_id, &stranger.acs, |new| {
                new.saml.signing_certificates = vec![stranger.certificate()];
            });
        let foreign = TestSp::new(WIKI, "https://wiki.example/acs");
        let unknown = TestSp::new("urn:test:unknown", "https://unknown.example/acs");
        let signed =
            |sp: &TestSp, who: &str, index: &str| setup.logout_request_url(sp, "_x", who, Some(index), true);
        let xml = |sp: &TestSp, to: &str, by: TimeDelta| {
            let xml = sp.logout_request("_y", setup.now() + by, to, (ADA, EMAIL_ADDRESS), Some(&index));
            format!("/saml/slo?{}", sp.redirect_query(&xml, None, true))
        };
        let persistent = setup.sp.logout_request(
            "_z",
            setup.now(),
            SLO,
            (ADA, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            Some(&index),
        );
        let comment = setup
            .sp
            .logout_request("_c", setup.now(), SLO, (ADA, EMAIL_ADDRESS), Some(&index))
            .replace(ADA, "ada@fernweh.example<!-- -->.evil");
        for (what, address) in [
            (
                "unsigned",
                setup.logout_request_url(&setup.sp, "_x", ADA, Some(&index), false),
            ),
            ("a foreign key", signed(&foreign, ADA, &index)),
            ("an unknown sender", signed(&unknown, ADA, &index)),
            (
                "a service provider that takes no part",
                signed(&stranger, ADA, &index),
            ),
            ("another user", signed(&setup.sp, "eve@fernweh.example", &index)),
            ("no user", signed(&setup.sp, "", &index)),
            ("another index", signed(&setup.sp, ADA, "_0000")),
            ("an empty index", signed(&setup.sp, ADA, "")),
            (
                "another format",
                format!("/saml/slo?{}", setup.sp.redirect_query(&persistent, None, true)),
            ),
            (
                "a comment in the name",
                format!("/saml/slo?{}", setup.sp.redirect_query(&comment, None, true)),
            ),
            (
                "wrong Destination",
                xml(&setup.sp, "https://evil.example/saml/slo", TimeDelta::zero()),
            ),
            (
                "the Sign-in URL",
                xml(
                    &setup.sp,
                    "https://login.fernweh.example/saml/sso",
                    TimeDelta::zero(),
                ),
            ),
            ("old", xml(&setup.sp, SLO, TimeDelta::minutes(-6))),
            ("early", xml(&setup.sp, SLO, TimeDelta::minutes(4))),
        ] {
            let response = browser.get(&address);
            assert!(SsoSetup::is_signed_in(&browser), "{what} ended the session");
            if response.status == 303 {
                assert!(
                    response.location().starts_with("https://wiki.example/slo"),
                    "{what}"
                );
                let status = redirect::decode(response.location().split_once('?').unwrap().1)
                    .unwrap()
                    .xml;
                assert_ne!(inspect::status_codes(&status).0, "Success", "{what}");
            } else {
                assert!(
                    [200, 400].contains(&response.status),
                    "{what}: {}",
                    response.status
                );
            }
        }
    });
}

#[test]
fn a_replayed_logout_request_does_not_end_a_new_session() {
    on_each_database(|database| {
        let (setup, mut browser, _index) = signed_in_at_wiki(database);
        let address = setup.logout_request_url(&setup.sp, "_l1", ADA, None, true);
        logout_response(&setup, &browser.get(&address));
        SsoSetup::sign_in(&mut browser);
        posted_response(&browser.get(&setup.sso_url("_r2")));
        let again = browser.get(&address);
        assert!(
            again.status == 400 && again.body.contains("REQUEST-ANSWERED"),
            "{}",
            again.body
        );
        SsoSetup::assert_signed_in(&browser);
    });
}

#[test]
fn applications_that_share_an_entity_id_end_only_their_own_sessions() {
    on_each_database(|database| {
        let (setup, browser, index) = signed_in_at_wiki(database);
        let twin = TestSp::new(WIKI, "https://twin.example/acs");
        setup.server.add_application("Twin", WIKI, &twin.acs, |new| {
            new.saml.signing_certificates = vec![twin.certificate()];
        });
        setup
            .server
            .browser()
            .get(&setup.logout_request_url(&twin, "_l1", ADA, Some(&index), true));
        SsoSetup::assert_signed_in(&browser);
        logout_response(
            &setup,
            &setup
                .server
                .browser()
                .get(&setup.logout_request_url(&setup.sp, "_l2", ADA, Some(&index), true)),
        );
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn the_sign_out_url_without_a_message_asks_for_confirmation_and_then_signs_out() {
    on_each_database(|database| {
        let (setup, mut browser, _index) = signed_in_at_wiki(database);
        for plain in [
            "/saml/slo",
            "/saml/slo?ReturnTo=https://evil.example/",
            "/logout",
            "/saml/slo?RelayState=https%3A%2F%2Fevil.example",
        ] {
            let ask = browser.get(plain);
            assert_eq!(ask.status, 200, "{plain}");
            assert_eq!(ask.form_action().as_deref(), Some("/logout"), "{plain}");
            assert!(
                ask.body.contains("Wiki") && !ask.body.contains("evil.example"),
                "{}",
                ask.body
            );
            assert!(SsoSetup::is_signed_in(&browser), "{plain}");
        }
        let ask = browser.get("/saml/slo");
        let out = browser.post(
            "/logout",
            &[
                ("csrf", &ask.field("csrf").unwrap()),
                ("ReturnTo", "https://evil.example/"),
            ],
        );
        assert_eq!((out.status, out.header("refresh")), (303, None));
        assert!(out.location().starts_with("/logout/"), "{}", out.location());
        let page = browser.get(out.location());
        assert!(
            page.status == 200 && !page.body.contains("evil.example"),
            "{}",
            page.body
        );
        assert!(
            !browser.cookies.contains_key("__Host-hallpass-session"),
            "{:?}",
            browser.cookies.keys()
        );
        let dead = sql::number(
            &setup.server.settings,
            "SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL",
        );
        assert_eq!(dead, 0, "the session has ended here, not only in the browser");
        let nobody = setup.server.browser().get("/saml/slo");
        assert_eq!(nobody.status, 200, "{}", nobody.body);
        assert_eq!(nobody.field("csrf"), None);
        let audit = "SELECT count(*) AS n FROM audit_events WHERE action = 'logout' AND outcome = 'ok'";
        assert_eq!(sql::number(&setup.server.settings, audit), 1);
    });
}

#[test]
fn a_cross_site_sign_out_form_only_asks_for_confirmation() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let csrf = browser.get("/").field("csrf").unwrap();
        let evil = [
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "https://evil.example"),
        ];
        for (headers, token) in [
            (&evil[..], csrf.as_str()),
            (&evil[1..], &csrf),
            (&[][..], &csrf),
            (&[("Sec-Fetch-Site", "same-origin")][..], ""),
        ] {
            let page = browser.post_with_headers("/logout", headers, &[("csrf", token)], true);
            assert!(
                page.status < 400 && SsoSetup::is_signed_in(&browser),
                "{headers:?}"
            );
        }
        // The browser sends no cookie: the page does not say that a session has ended while it is active.
        let page = browser.post_with_headers("/logout", &evil, &[("csrf", "x")], false);
        assert_eq!((page.status, page.location()), (303, "/logout"));
        assert_eq!(page.set_cookies().count(), 0);
        assert_contains(&browser.get("/logout").body, "Sign out?");
        browser.post("/logout", &[("csrf", &csrf)]);
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn unsolicited_logout_responses_get_a_page_without_redirect() {
    on_each_database(|database| {
        let (_setup, mut browser, _index) = signed_in_at_wiki(database);
        let xml = "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-01-01T00:00:00Z\" InResponseTo=\"_2\"/>";
        let stray = redirect::deflate_base64(xml);
        let stray = crate::support::http::percent_encode(&stray);
        for address in [
            format!("/saml/slo?SAMLResponse={stray}"),
            format!("/saml/slo?SAMLResponse={stray}&RelayState=https%3A%2F%2Fevil.example%2F"),
            format!("/saml/slo?SAMLResponse={stray}&ReturnTo=https%3A%2F%2Fevil.example%2F"),
            "/saml/slo?SAMLResponse=%%%".to_owned(),
            format!("/saml/slo?SAMLResponse={stray}&SAMLRequest={stray}"),
            format!("/saml/sso?SAMLResponse={stray}"),
        ] {
            let page = browser.get(&address);
            assert!(
                [200, 400].contains(&page.status) && page.header("location").is_none(),
                "{address}: {}",
                page.status
            );
            assert!(
                !page.body.contains("evil.example") && page.header("refresh").is_none(),
                "{address}"
            );
            assert!(SsoSetup::is_signed_in(&browser), "{address}");
        }
    });
}

#[test]
fn without_a_registered_certificate_a_signed_logout_request_is_refused() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let index = session_index(&posted_response(&browser.get(&setup.sso_url("_r1"))).0);
        let page = browser.get(&setup.logout_request_url(&setup.sp, "_l1", ADA, Some(&index), true));
        assert!(
            page.status == 400 && page.body.contains("SIGNATURE-MISSING"),
            "{}",
            page.body
        );
        SsoSetup::assert_signed_in(&browser);
    });
}

#[test]
fn after_logout_the_session_cookie_is_invalid() {
    on_each_database(|database| {
        let (setup, browser, index) = signed_in_at_wiki(database);
        logout_response(
            &setup,
            &setup
                .server
                .browser()
                .get(&setup.logout_request_url(&setup.sp, "_l1", ADA, Some(&index), true)),
        );
        let mut old = browser.clone();
        let login = old.get_following_redirects(&setup.sso_url("_r9"));
        assert_eq!(login.field("SAMLResponse"), None);
        posted_response(&old.sign_in(&login, ADA, PASSWORD));
    });
}
