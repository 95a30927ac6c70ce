//! Who carries a request: an application's operator, without any cookie, learns nothing about the user's other
//! applications; the user's own browser visits them, now or at its next visit here.

use super::*;
use crate::support::{sso_setup::SsoSetup, test_server::on_each_database};

const ALL: [(&str, SloBinding); 3] = [
    ("Wiki", SloBinding::Redirect),
    ("Mail", SloBinding::Post),
    ("Desk", SloBinding::Redirect),
];

/// The response to a client without the session: no page, no cookie, nobody's name.
fn assert_bare_response(setup: &LogoutSetup, response: &Response) -> ReceivedLogoutResponse {
    assert_eq!(response.status, 303, "{}", response.body);
    assert_eq!(response.set_cookies().count(), 0);
    let back = setup.receive_response(response).unwrap();
    for other in ["Mail", "Desk", "mail.example", "desk.example", ADA] {
        assert!(
            !back.xml.contains(other) && !response.body.contains(other),
            "{other}"
        );
    }
    back
}

#[test]
fn a_browser_without_the_session_only_gets_the_response() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
        let mut stranger = setup.server.browser();
        let answered = stranger.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        let back = assert_bare_response(&setup, &answered);
        assert_eq!(response_status(&back), partial_logout());
        assert_eq!(back.relay_state.as_deref(), Some(RELAY_STATE));
        assert!(!SsoSetup::is_signed_in(&browser), "the session ended at once");
        assert_eq!(
            logout_audit_rows(&setup),
            ["logout ok: LogoutRequest; not told yet: mail, desk"]
        );
        for door in ["/", "/logout", "/saml/slo", "/login"] {
            let page = stranger.get_following_redirects(door);
            assert!(
                !page.body.contains("Mail") && !page.body.contains("Lovelace"),
                "{door}"
            );
        }

        let (browser, indexes) = setup.browser_signed_in_at(&[0]);
        let answered = stranger.get(&setup.logout_request_url(0, "_l2", Some(&indexes[0])));
        assert_eq!(
            response_status(&assert_bare_response(&setup, &answered)),
            success(),
            "nobody else took part"
        );
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn the_session_of_another_user_does_not_continue_the_logout() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let (ada, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let mut eve = setup.server.browser();
        let page = eve.get_following_redirects("/login");
        eve.sign_in(&page, "eve@fernweh.example", PASSWORD);
        let answered = eve.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        assert_eq!(
            response_status(&assert_bare_response(&setup, &answered)),
            partial_logout()
        );
        SsoSetup::assert_signed_in(&eve);
        SsoSetup::assert_signed_out(&ada);
    });
}

#[test]
fn the_users_browser_continues_the_logout_at_its_next_visit_within_a_day() {
    on_each_database(|database| {
        for door in ["/", "/login", "/logout", "/saml/slo", "a sign-in"] {
            let setup = LogoutSetup::new(&crate::support::test_server::fresh_database_like(database), &ALL);
            let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
            setup
                .server
                .browser()
                .get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
            setup.server.clock.advance(TimeDelta::hours(23));
            setup.server.provider.run_housekeeping().unwrap();
            let mut second_tab = browser.clone();
            let sign_in = setup.participants[2].sp.sso_url("_later", setup.now());
            let page = browser.get_following_redirects(if door == "a sign-in" { &sign_in } else { door });
            assert_eq!(
                participant_badges(&page),
                owned_pairs(&[("Application 1", "To be asked"), ("Application 2", "To be asked")]),
                "{door}: whoever sits there now reads no name"
            );
            let again = second_tab.get_following_redirects("/");
            assert!(participant_badges(&again).is_empty(), "once: {}", again.body);
            let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
            let LogoutOutcome::FinalPage(page) = end else {
                panic!("{end:?}")
            };
            assert!(page.body.contains("signed out everywhere"), "{}", page.body);
            assert!(
                !page.body.contains("Go back to"),
                "Wiki had its answer: {}",
                page.body
            );
            assert_eq!(
                logout_audit_rows(&setup).last().unwrap(),
                "single_logout ok: 2 of 2 confirmed"
            );
        }
    });
}

#[test]
fn after_a_day_the_audit_log_names_the_participants_without_a_request() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
        setup
            .server
            .browser()
            .get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        setup.server.clock.advance(TimeDelta::days(1));
        assert_eq!(browser.get("/").location(), "/login", "it is too late");
        setup.server.provider.run_housekeeping().unwrap();
        assert_eq!(
            logout_audit_rows(&setup).last().unwrap(),
            "single_logout LOGOUT-PARTIAL: 0 of 2 confirmed; not: mail (waiting), desk (waiting)"
        );
    });
}

#[test]
fn an_asynchronous_request_with_a_continuing_session_is_not_shown_as_signed_out() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (_other, indexes) = setup.browser_signed_in_at(&[0]);
        let (mut browser, _) = setup.browser_signed_in_at(&[1]);
        let extension = "<samlp:Extensions><aslo:Asynchronous xmlns:aslo=\"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo\"/></samlp:Extensions>";
        let sp = &setup.participants[0].sp;
        let xml = sp
            .logout_request("_l1", setup.now(), SLO, (ADA, EMAIL_ADDRESS), Some(&indexes[0]))
            .replace("</saml:Issuer>", &format!("</saml:Issuer>{extension}"));
        let page = browser.get(&format!("/saml/slo?{}", sp.redirect_query(&xml, None, true)));
        assert!(page.body.contains("Sign out?"), "{}", page.body);
        SsoSetup::assert_signed_in(&browser);
    });
}

#[test]
fn all_named_sessions_of_a_user_are_logged_out_from_the_browser_of_one() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut laptop, laptop_indexes) = setup.browser_signed_in_at(&[0, 1]);
        let (mut phone, phone_indexes) = setup.browser_signed_in_at(&[0, 2]);
        let both = format!(
            "{}</samlp:SessionIndex><samlp:SessionIndex>{}",
            laptop_indexes[0], phone_indexes[0]
        );
        let response = laptop.get(&setup.logout_request_url(0, "_l1", Some(&both)));
        let page = follow_own_redirect(&mut laptop, response);
        SsoSetup::assert_signed_out(&laptop);
        SsoSetup::assert_signed_out(&phone);
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Mail", "To be asked"), ("Desk", "To be asked")])
        );
        assert_eq!(
            phone.get("/").location(),
            "/login",
            "nothing is left to tell there"
        );
    });
}

#[test]
fn without_session_index_and_session_only_the_senders_participation_ends() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut ada, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let mut stranger = setup.server.browser();
        let answered = stranger.get(&setup.logout_request_url(0, "_l1", None));
        assert_eq!(
            response_status(&assert_bare_response(&setup, &answered)),
            partial_logout()
        );
        assert!(SsoSetup::is_signed_in(&ada), "no session of ours ended");
        assert_eq!(
            logout_audit_rows(&setup),
            ["logout ok: LogoutRequest without SessionIndex: the session goes on without it; not told: mail"]
        );
        let again = stranger.get(&setup.logout_request_url(0, "_l2", None));
        assert_eq!(
            response_status(&assert_bare_response(&setup, &again)),
            success(),
            "its part had ended"
        );
        let page = ada.get("/logout");
        assert!(
            page.body.contains("Mail") && !page.body.contains("Wiki"),
            "{}",
            page.body
        );
        // The application may take part again, with the same SessionIndex.
        assert_eq!(setup.sign_in_at(&mut ada, 0), indexes[0]);

        let (alone, _) = setup.browser_signed_in_at(&[2]);
        let answered = stranger.get(&setup.logout_request_url(2, "_l3", None));
        assert_eq!(
            response_status(&setup.receive_response(&answered).unwrap()),
            success()
        );
        SsoSetup::assert_signed_in(&alone);
    });
}

#[test]
fn a_name_id_as_service_providers_send_it_ends_its_session() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let unspecified = " Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\"";
        for (number, format) in ["", unspecified].into_iter().enumerate() {
            let ask = |who: &str, index: Option<&str>, id: &str| {
                let sp = &setup.participants[0].sp;
                let xml = sp
                    .logout_request(id, setup.now(), SLO, (who, EMAIL_ADDRESS), index)
                    .replace(&format!(" Format=\"{EMAIL_ADDRESS}\""), format);
                format!("/saml/slo?{}", sp.redirect_query(&xml, None, true))
            };
            let (mut browser, indexes) = setup.browser_signed_in_at(&[0]);
            for (at, who, index) in [
                (1, "eve@fernweh.example", Some(indexes[0].as_str())),
                (2, ADA, Some("_0000")),
                (3, ADA, None),
            ] {
                browser.get(&ask(who, index, &format!("_no-{number}-{at}")));
                assert!(SsoSetup::is_signed_in(&browser), "{format} {at}");
            }
            let answered = browser.get(&ask(ADA, Some(&indexes[0]), &format!("_yes-{number}")));
            assert_eq!(
                response_status(&setup.receive_response(&answered).unwrap()),
                success(),
                "{format}"
            );
            assert!(!SsoSetup::is_signed_in(&browser), "{format}");
        }
    });
}
