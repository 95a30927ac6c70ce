//! Applications that request a logout: whose sessions end, and which response they receive.

use super::*;
use crate::support::{
    assertions::{assert_matches, assert_starts_with},
    sso_setup::SsoSetup,
    test_server::on_each_database,
};

const ALL: [(&str, SloBinding); 4] = [
    ("Wiki", SloBinding::Redirect),
    ("Mail", SloBinding::Post),
    ("Chat", SloBinding::Unsupported),
    ("Desk", SloBinding::Redirect),
];

#[test]
fn without_a_session_index_only_the_session_of_the_browser_ends() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut laptop, _) = setup.browser_signed_in_at(&[0, 1]);
        let (phone, _) = setup.browser_signed_in_at(&[0, 3]);
        let response = laptop.get(&setup.logout_request_url(0, "_l1", None));
        let page = follow_own_redirect(&mut laptop, response);
        SsoSetup::assert_signed_out(&laptop);
        SsoSetup::assert_signed_in(&phone);
        let request = std::cell::RefCell::new(Vec::new());
        let end = setup.run_to_end(&mut laptop, page, &|received| {
            request.borrow_mut().push(received.participant);
            ParticipantReply::Success
        });
        let LogoutOutcome::LogoutResponse(_, back) = end else {
            panic!("{end:?}")
        };
        assert_eq!(response_status(&back), success());
        assert_eq!(request.into_inner(), [1]);
    });
}

#[test]
fn an_application_in_two_sessions_receives_a_request_for_each_and_is_shown_once() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut laptop, here) = setup.browser_signed_in_at(&[0, 1]);
        let (_phone, there) = setup.browser_signed_in_at(&[0, 1]);
        let both = format!("{}</samlp:SessionIndex><samlp:SessionIndex>{}", here[0], there[0]);
        let response = laptop.get(&setup.logout_request_url(0, "_l1", Some(&both)));
        let page = follow_own_redirect(&mut laptop, response);
        assert_eq!(participant_badges(&page), owned_pairs(&[("Mail", "To be asked")]));
        let indexes = std::cell::RefCell::new(Vec::new());
        let end = setup.run_to_end(&mut laptop, page, &|request| {
            let document = Document::parse(&request.xml).unwrap();
            let index = only_element(&document, "SessionIndex").text().unwrap().to_owned();
            let mut seen = indexes.borrow_mut();
            seen.push(index);
            if seen.len() == 1 {
                ParticipantReply::Success
            } else {
                ParticipantReply::Responder
            }
        });
        let LogoutOutcome::LogoutResponse(page, back) = end else {
            panic!("{end:?}")
        };
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Mail", "Still open")]),
            "what is least done counts"
        );
        assert_eq!(response_status(&back), partial_logout());
        let indexes = indexes.into_inner();
        assert!(indexes.len() == 2 && indexes[0] != indexes[1], "{indexes:?}");
    });
}

#[test]
fn two_sessions_of_one_user_end_independently() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut laptop, _) = setup.browser_signed_in_at(&[0, 1]);
        let (mut phone, _) = setup.browser_signed_in_at(&[0, 1]);
        let (here, there) = (
            LogoutSetup::sign_out(&mut laptop),
            LogoutSetup::sign_out(&mut phone),
        );
        for (browser, page) in [(&mut phone, there), (&mut laptop, here)] {
            let end = setup.run_to_end(browser, page, &|_| ParticipantReply::Success);
            assert_matches!(
                end,
                LogoutOutcome::FinalPage(page) if page.body.contains("signed out everywhere")
            );
        }
        let rows = logout_audit_rows(&setup);
        assert_eq!(
            rows.iter().filter(|row| row.contains("2 of 2 confirmed")).count(),
            2,
            "{rows:?}"
        );
    });
}

#[test]
fn applications_with_the_same_entity_id_and_key_are_distinguished_by_session_index() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL[..1]);
        let wiki = &setup.participants[0];
        let twin_acs = "https://twin.example/acs";
        setup
            .server
            .add_application("Twin", &wiki.sp.entity_id, twin_acs, |new| {
                new.saml.signing_certificates = vec![wiki.sp.certificate()];
                new.saml.logout = Some(endpoint(Binding::Redirect, "https://twin.example/slo"));
            });
        let (mut browser, mut other) = (setup.server.browser(), setup.server.browser());
        let index = |id: &str, browser: &mut Browser, acs: &str| {
            let page = browser.get_following_redirects("/login");
            browser.sign_in(&page, ADA, PASSWORD);
            let request = format!("AssertionConsumerServiceURL=\"{acs}\"");
            let xml = wiki.sp.authn_request(id, setup.now(), &request, "");
            let address = format!("/saml/sso?{}", wiki.sp.redirect_query(&xml, None, false));
            let (xml, _) = posted_response(&browser.get(&address));
            attribute(&xml, "AuthnStatement", "SessionIndex")
        };
        let at_wiki = index("_r1", &mut browser, &wiki.sp.acs);
        let at_twin = index("_r2", &mut other, twin_acs);
        let answered = browser.get(&setup.logout_request_url(0, "_l1", Some(&at_twin)));
        assert!(
            answered
                .location()
                .starts_with("https://twin.example/slo?SAMLResponse="),
            "{}",
            answered.location()
        );
        SsoSetup::assert_signed_in(&browser);
        SsoSetup::assert_signed_out(&other);
        let answered = browser.get(&setup.logout_request_url(0, "_l2", Some(&at_wiki)));
        assert_starts_with(answered.location(), &wiki.slo);
        SsoSetup::assert_signed_out(&browser);

        // Without an index either may be meant: the browser's own session ends, whichever of the two took part.
        index("_r3", &mut browser, &wiki.sp.acs);
        index("_r4", &mut other, twin_acs);
        let answered = other.get(&setup.logout_request_url(0, "_l3", None));
        assert!(
            answered
                .location()
                .starts_with("https://twin.example/slo?SAMLResponse="),
            "{}",
            answered.location()
        );
        SsoSetup::assert_signed_in(&browser);
        SsoSetup::assert_signed_out(&other);
    });
}

#[test]
fn a_request_for_an_ended_session_succeeds_and_sends_nothing() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 3]);
        let page = LogoutSetup::sign_out(&mut browser);
        let mut front = setup.server.browser();
        let answered = front.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        assert_starts_with(
            answered.location(),
            "https://wiki.example/slo?tenant=1&SAMLResponse=",
        );
        let back = setup.receive_response(&answered).unwrap();
        assert_eq!(response_status(&back), success());
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
        assert_matches!(end, LogoutOutcome::FinalPage(_));
    });
}

#[test]
fn an_asynchronous_request_gets_no_response() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let wiki = &setup.participants[0].sp;
        let extension = "<samlp:Extensions><aslo:Asynchronous xmlns:aslo=\"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo\"/></samlp:Extensions>";
        let ask = |id: &str, index: &str| {
            let xml = wiki
                .logout_request(id, setup.now(), SLO, (ADA, EMAIL_ADDRESS), Some(index))
                .replace("</saml:Issuer>", &format!("</saml:Issuer>{extension}"));
            format!("/saml/slo?{}", wiki.redirect_query(&xml, Some(RELAY_STATE), true))
        };
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 3]);
        let response = browser.get(&ask("_l1", &indexes[0]));
        let page = follow_own_redirect(&mut browser, response);
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
        let LogoutOutcome::FinalPage(page) = end else {
            panic!("{end:?}")
        };
        assert!(
            page.body.contains("signed out everywhere") && !page.body.contains("Go back to"),
            "{}",
            page.body
        );

        let (mut browser, indexes) = setup.browser_signed_in_at(&[0]);
        let page = browser.get(&ask("_l2", &indexes[0]));
        assert!(
            page.status == 200 && page.body.contains("You are signed out here"),
            "{}",
            page.body
        );
        SsoSetup::assert_signed_out(&browser);
        let (mut browser, _) = setup.browser_signed_in_at(&[0]);
        let page = browser.get(&ask("_l3", "_0000"));
        assert!(
            page.status == 400 && page.body.contains("SESSION-UNKNOWN"),
            "{}",
            page.body
        );
    });
}
