//! The NameID under which service providers know a user: which one is requested, how long it stays, and who receives it.

use hallpass::model::{
    application::{Application, AssertionConsumerService, Binding, LogoutEndpoint, SpUrl},
    name_id::{EMAIL_ADDRESS, NameIdFormat, PERSISTENT, TRANSIENT, UNSPECIFIED},
};
use roxmltree::Document;

use crate::support::{
    browser::Browser,
    inspect::{self, only_element},
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, fresh_database_like, on_each_database},
    test_sp::{TestSp, posted_response},
};

const OTHER: &str = "urn:test:other";
const OTHER_ACS: &str = "https://other.example/acs";

/// Format, value and both qualifiers of the NameID in a response.
fn name_id(xml: &str) -> (String, String, Option<String>, Option<String>) {
    let document = Document::parse(xml).unwrap();
    let name = only_element(&document, "NameID");
    let attribute = |of: &str| name.attribute(of).map(str::to_owned);
    (
        attribute("Format").unwrap(),
        name.text().unwrap().to_owned(),
        attribute("NameQualifier"),
        attribute("SPNameQualifier"),
    )
}

fn name_id_for_format(setup: &SsoSetup, browser: &mut Browser, id: &str, format: &str) -> String {
    let policy = format!("<samlp:NameIDPolicy Format=\"{format}\" AllowCreate=\"1\"/>");
    let (xml, _) = posted_response(&browser.get(&setup.sso_url_with(id, "", &policy)));
    name_id(&xml).1
}

fn add_other(setup: &SsoSetup) -> (TestSp, Application) {
    let other = TestSp::new(OTHER, OTHER_ACS);
    let registered = setup.server.add_application("Other", OTHER, OTHER_ACS, |_| {});
    (other, registered)
}

fn name_id_for_format_at_other(
    setup: &SsoSetup,
    other: &TestSp,
    browser: &mut Browser,
    id: &str,
    format: &str,
) -> String {
    let policy = format!("<samlp:NameIDPolicy Format=\"{format}\"/>");
    let xml = other.authn_request(id, setup.now(), "", &policy);
    let (xml, _) =
        posted_response(&browser.get(&format!("/saml/sso?{}", other.redirect_query(&xml, None, false))));
    name_id(&xml).1
}

#[test]
fn a_persistent_name_id_is_stable_per_user_and_differs_between_service_providers() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let (other, _) = add_other(&setup);
        let mut browser = setup.signed_in_browser();
        let first = name_id_for_format(&setup, &mut browser, "_1", PERSISTENT);
        assert!(
            first.len() >= 32
                && first
                    .chars()
                    .all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()),
            "{first}"
        );
        assert_eq!(name_id_for_format(&setup, &mut browser, "_2", PERSISTENT), first);
        let mut again = setup.signed_in_browser();
        assert_eq!(
            name_id_for_format(&setup, &mut again, "_3", PERSISTENT),
            first,
            "in every session"
        );
        assert_ne!(
            name_id_for_format_at_other(&setup, &other, &mut browser, "_1", PERSISTENT),
            first
        );

        let mut eve = setup.server.browser();
        let login = eve.get_following_redirects("/login");
        eve.sign_in(&login, "eve@fernweh.example", PASSWORD);
        let hers = name_id_for_format(&setup, &mut eve, "_4", PERSISTENT);
        assert_ne!(hers, first);

        let (xml, _) = posted_response(&browser.get(&setup.sso_url_with(
            "_5",
            "",
            &format!("<samlp:NameIDPolicy Format=\"{PERSISTENT}\"/>"),
        )));
        let us = setup.server.provider.saml().entity_id().unwrap().to_string();
        assert_eq!(
            name_id(&xml),
            (
                PERSISTENT.to_owned(),
                first.clone(),
                Some(us),
                Some("urn:test:wiki".to_owned())
            )
        );
        // A request's Subject may name the user by it.
        let subject = |value: &str| {
            format!(
                "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID Format=\"{PERSISTENT}\">{value}</saml:NameID></saml:Subject>"
            )
        };
        let status = |browser: &mut Browser, id: &str, value: &str| {
            inspect::status_codes(
                &posted_response(&browser.get(&setup.sso_url_with(id, "", &subject(value)))).0,
            )
        };
        assert_eq!(status(&mut browser, "_6", &first).0, "Success");
        assert_eq!(
            status(&mut browser, "_7", &hers).1.as_deref(),
            Some("UnknownPrincipal")
        );
    });
}

#[test]
fn a_transient_name_id_lasts_one_session_at_one_service_provider() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (other, _) = add_other(&setup);
        let mut browser = setup.signed_in_browser();
        let first = name_id_for_format(&setup, &mut browser, "_1", TRANSIENT);
        assert_eq!(name_id_for_format(&setup, &mut browser, "_2", TRANSIENT), first);
        assert_ne!(
            name_id_for_format_at_other(&setup, &other, &mut browser, "_1", TRANSIENT),
            first
        );
        let mut again = setup.signed_in_browser();
        assert_ne!(name_id_for_format(&setup, &mut again, "_3", TRANSIENT), first);
    });
}

#[test]
fn the_registered_format_is_sent_where_none_is_requested() {
    on_each_database(|database| {
        for format in NameIdFormat::ALL {
            let setup = SsoSetup::with(&fresh_database_like(database), &[], |_, new| {
                new.saml.name_id_format = format;
            });
            let mut browser = setup.signed_in_browser();
            for (id, inside) in [
                ("_1", String::new()),
                ("_2", format!("<samlp:NameIDPolicy Format=\"{UNSPECIFIED}\"/>")),
            ] {
                let (xml, _) = posted_response(&browser.get(&setup.sso_url_with(id, "", &inside)));
                assert_eq!(name_id(&xml).0, format.urn());
            }
            let email = format!("<samlp:NameIDPolicy Format=\"{EMAIL_ADDRESS}\"/>");
            let (xml, _) = posted_response(&browser.get(&setup.sso_url_with("_3", "", &email)));
            assert_eq!(
                name_id(&xml),
                (EMAIL_ADDRESS.to_owned(), ADA.to_owned(), None, None)
            );
        }
    });
}

#[test]
fn a_logout_finds_its_session_by_every_format() {
    on_each_database(|database| {
        for format in [PERSISTENT, TRANSIENT, EMAIL_ADDRESS] {
            let setup = SsoSetup::with(&fresh_database_like(database), &[], |sp, new| {
                new.saml.signing_certificates = vec![sp.certificate()];
                new.saml.logout = Some(LogoutEndpoint {
                    binding: Binding::Redirect,
                    location: SpUrl::parse("https://wiki.example/slo").unwrap(),
                    response_location: None,
                });
            });
            let mut browser = setup.signed_in_browser();
            let name = name_id_for_format(&setup, &mut browser, "_1", format);
            let slo = "https://login.fernweh.example/saml/slo";
            for (id, value, lives) in [("_l1", "another", true), ("_l2", name.as_str(), false)] {
                let xml = setup
                    .sp
                    .logout_request(id, setup.now(), slo, (value, format), None);
                browser.get(&format!(
                    "/saml/slo?{}",
                    setup.sp.redirect_query(&xml, None, true)
                ));
                assert_eq!(SsoSetup::is_signed_in(&browser), lives, "{format} {value}");
            }
        }
    });
}

#[test]
fn a_response_goes_to_the_acs_of_the_index_or_an_error_to_the_default_acs() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| {
            let endpoint = |location: &str, index| AssertionConsumerService {
                location: SpUrl::parse(location).unwrap(),
                index: Some(index),
            };
            new.saml.acs_endpoints = vec![
                endpoint("https://wiki.example/one", 1),
                endpoint("https://wiki.example/two", 2),
            ];
        });
        let mut browser = setup.signed_in_browser();
        for (id, index, action, status) in [
            ("_1", "1", "https://wiki.example/one", "Success"),
            ("_2", "2", "https://wiki.example/two", "Success"),
            ("_3", "3", "https://wiki.example/one", "Requester"),
        ] {
            let xml = setup.sp.authn_request(
                id,
                setup.now(),
                &format!("AssertionConsumerServiceIndex=\"{index}\""),
                "",
            );
            let page = browser.get(&format!(
                "/saml/sso?{}",
                setup.sp.redirect_query(&xml, None, false)
            ));
            let (xml, to) = posted_response(&page);
            assert_eq!(
                (to.as_str(), inspect::status_codes(&xml).0.as_str()),
                (action, status)
            );
        }
    });
}
