//! What users do in their browsers meanwhile: Back, reload, a second tab, a second click, another browser.

use super::*;
use crate::support::{
    assertions::{assert_contains, assert_lacks, assert_matches},
    sql,
    test_server::on_each_database,
};

const TWO: [(&str, SloBinding); 2] = [("Wiki", SloBinding::Redirect), ("Mail", SloBinding::Post)];

#[test]
fn viewing_the_page_sends_nothing_and_advancing_sends_each_request_once() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let page = LogoutSetup::sign_out(&mut browser);
        let (list, go) = (logout_path(&page), automatic_link(&page).unwrap());
        for _reload in 0..3 {
            assert_eq!(automatic_link_unchecked(&browser.get(&list)), Some(go.clone()));
        }
        let request = setup.receive_request(&browser.get(&go));
        for _again in 0..2 {
            let back = browser.get(&go);
            assert_eq!((back.status, back.location()), (303, list.as_str()));
            let stuck = browser.get(&list);
            assert!(
                automatic_link_unchecked(&stuck).is_none() && stuck.body.contains(">Continue</button>"),
                "{}",
                stuck.body
            );
            assert_contains(&stuck.body, "has not confirmed it");
            assert_lacks(&stuck.body, "http-equiv");
        }
        let stuck = browser.get(&list);
        let hop_id = stuck.field("hop").unwrap();
        let next = press_continue(&mut browser, &stuck, &hop_id);
        assert_eq!(
            participant_badges(&next),
            owned_pairs(&[("Wiki", "Not confirmed"), ("Mail", "To be asked")])
        );
        // Continue sent again, by Back and a click, skips no further application.
        let same = press_continue(&mut browser, &stuck, &hop_id);
        assert_eq!(participant_badges(&same), participant_badges(&next));
        let forwarded = browser.get(&go);
        assert_eq!(forwarded.status, 200);
        let second = setup.receive_request(&forwarded);
        assert_eq!((request.participant, second.participant), (0, 1));
        let again = browser.get(&go);
        assert_eq!(again.status, 303, "the page with the form, again: {}", again.body);
    });
}

#[test]
fn the_final_response_is_sent_once_automatically_and_again_only_by_a_click() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let response = browser.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        let page = follow_own_redirect(&mut browser, response);
        let list = logout_path(&page);
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
        assert_matches!(end, LogoutOutcome::LogoutResponse(..));
        let over = browser.get(&list);
        assert!(
            automatic_link_unchecked(&over).is_none() && over.body.contains("signed out everywhere"),
            "{}",
            over.body
        );
        assert_contains(&over.body, "Go back to");
        let again = setup
            .receive_response(&browser.get(&format!("{list}/go")))
            .unwrap();
        assert_eq!(again.relay_state.as_deref(), Some(RELAY_STATE));
        let rows = "SELECT count(*) AS n FROM audit_events WHERE action = 'single_logout'";
        assert_eq!(sql::number(&setup.server.settings, rows), 1);
        setup.server.clock.advance(TimeDelta::minutes(10));
        let late = browser.get(&format!("{list}/go"));
        assert_eq!((late.status, late.location()), (303, list.as_str()));
        assert!(
            !browser.get(&list).body.contains("Go back to"),
            "by now it has given up"
        );
    });
}

#[test]
fn two_tabs_on_one_logout_agree() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let page = LogoutSetup::sign_out(&mut browser);
        let (list, go) = (logout_path(&page), automatic_link(&page).unwrap());
        let request = setup.receive_request(&browser.get(&go));
        // The other tab sees that the first application was asked, and continues without it.
        let stuck = browser.get(&list);
        let hop_id = stuck.field("hop").unwrap();
        press_continue(&mut browser, &stuck, &hop_id);
        let mail = setup.receive_request(&browser.get(&go));
        // Then the first tab arrives with its response.
        let response =
            browser.get(&setup.participants[0].reply_url(&request, setup.now(), ParticipantReply::Success));
        let page = follow_own_redirect(&mut browser, response);
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Wiki", "Ended"), ("Mail", "Asked")])
        );
        let response =
            browser.get(&setup.participants[1].reply_url(&mail, setup.now(), ParticipantReply::Success));
        let page = follow_own_redirect(&mut browser, response);
        assert_contains(&page.body, "signed out everywhere");
    });
}

#[test]
fn two_logouts_in_one_browser_are_independent() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0]);
        let first = LogoutSetup::sign_out(&mut browser);
        let page = browser.get_following_redirects("/login");
        browser.sign_in(&page, ADA, PASSWORD);
        setup.server.clock.advance(TimeDelta::seconds(1));
        setup.sign_in_at(&mut browser, 1);
        let second = LogoutSetup::sign_out(&mut browser);
        assert_ne!(logout_path(&first), logout_path(&second));
        for (page, name) in [(first, "Wiki"), (second, "Mail")] {
            let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
            let LogoutOutcome::FinalPage(page) = end else {
                panic!("{end:?}")
            };
            assert_eq!(participant_badges(&page), owned_pairs(&[(name, "Ended")]));
        }
    });
}

#[test]
fn a_second_click_on_sign_out_resumes_the_first_logout() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let csrf = browser.get("/").field("csrf").unwrap();
        let mut second = browser.clone();
        let first = browser.post("/logout", &[("csrf", &csrf)]);
        // Sent before the cookies of the first response arrived.
        let early = second.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(first.location(), early.location());
        let page = follow_own_redirect(&mut second, early);
        assert!(
            page.body.contains("Signing you out") && automatic_link(&page).is_some(),
            "{}",
            page.body
        );
        // And one sent after.
        let late = second.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(late.location(), first.location());
        let end = setup.run_to_end(&mut second, page, &|_| ParticipantReply::Success);
        assert_matches!(end, LogoutOutcome::FinalPage(page) if page.body.contains("signed out everywhere"));
        let once = "SELECT count(*) AS n FROM audit_events WHERE action = 'logout' AND outcome = 'ok'";
        assert_eq!(sql::number(&setup.server.settings, once), 1);
    });
}

#[test]
fn the_portal_links_to_a_running_logout_when_back_skips_its_page() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0]);
        let page = LogoutSetup::sign_out(&mut browser);
        let list = logout_path(&page);
        browser.get(&automatic_link(&page).unwrap());
        for door in ["/", "/logout", "/saml/slo"] {
            assert_eq!(browser.get(door).location(), list, "{door}");
        }
        assert_eq!(browser.get("/login").status, 200, "whoever wants to sign in may");
        let stuck = browser.get(&list);
        let hop_id = stuck.field("hop").unwrap();
        press_continue(&mut browser, &stuck, &hop_id);
        assert_eq!(browser.get("/").location(), "/login", "it is over");
    });
}

#[test]
fn no_other_browser_sees_or_resumes_the_logout() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let page = LogoutSetup::sign_out(&mut browser);
        let (list, go) = (logout_path(&page), automatic_link(&page).unwrap());
        let cookie = browser
            .cookies
            .keys()
            .find(|name| name.contains("hallpass-l-"))
            .unwrap()
            .clone();
        let mut stranger = setup.server.browser();
        let mut planted = setup.server.browser();
        planted.cookies.insert(cookie, "A".repeat(43));
        for other in [&mut stranger, &mut planted] {
            for address in [&list, &go] {
                let page = other.get(address);
                assert_eq!((page.status, page.header("location")), (200, None));
                assert!(!page.body.contains("Wiki"), "{}", page.body);
            }
            other.post(&list, &[("hop", "0")]);
        }
        // A form of another site comes without the cookie.
        browser.post_with_headers(
            &list,
            &[("Origin", "https://evil.example")],
            &[("hop", "0")],
            false,
        );
        assert_eq!(
            participant_badges(&browser.get(&list)),
            owned_pairs(&[("Wiki", "To be asked"), ("Mail", "To be asked")])
        );
        for nonsense in [
            "/logout/x",
            "/logout/x/go",
            "/logout/00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(browser.get(nonsense).location(), list, "{nonsense}");
            assert_eq!(stranger.get(nonsense).status, 200, "{nonsense}");
        }
        let bad = browser.post(&list, &[("hop", "first")]);
        assert_eq!(bad.status, 400);
    });
}

#[test]
fn an_expired_logout_sends_nothing_and_reports_its_state() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let response = browser.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        let page = follow_own_redirect(&mut browser, response);
        let (list, go) = (logout_path(&page), automatic_link(&page).unwrap());
        setup.server.clock.advance(TimeDelta::minutes(10));
        for swept in [false, true] {
            if swept {
                setup.server.provider.run_housekeeping().unwrap();
            }
            let over = browser.get(&list);
            assert!(
                over.body.contains("You are signed out here") && automatic_link_unchecked(&over).is_none(),
                "{}",
                over.body
            );
            assert_eq!(
                participant_badges(&over),
                owned_pairs(&[("Mail", "Not confirmed")])
            );
            assert_eq!(browser.get(&go).location(), list);
        }
        assert_eq!(browser.get("/").location(), "/login");
        setup.server.clock.advance(TimeDelta::hours(2));
        setup.server.provider.run_housekeeping().unwrap();
        let gone = browser.get(&list);
        assert!(
            gone.status == 200 && gone.body.contains("You are signed out here"),
            "{}",
            gone.body
        );
    });
}

#[test]
fn the_page_works_without_script_and_limits_form_action() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let policy = |page: &Response| {
            let policy = page.header("content-security-policy").unwrap().to_owned();
            policy
                .split("; ")
                .find(|part| part.starts_with("form-action"))
                .unwrap()
                .to_owned()
        };
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let page = LogoutSetup::sign_out(&mut browser);
        let (list, go) = (logout_path(&page), automatic_link(&page).unwrap());
        assert_contains(
            &page.body,
            &format!("<noscript><meta http-equiv=\"refresh\" content=\"2;url={go}\"></noscript>"),
        );
        assert_eq!(policy(&page), "form-action 'self'");
        assert_eq!(page.form_action().as_deref(), Some(list.as_str()));
        let way = browser.get(&go);
        let response = browser.get(&setup.participants[0].reply_url(
            &setup.receive_request(&way),
            setup.now(),
            ParticipantReply::Success,
        ));
        follow_own_redirect(&mut browser, response);
        let post = browser.get(&go);
        assert_eq!(policy(&post), "form-action 'self' https:");
        assert_lacks(&post.body, "http-equiv");
        assert_contains(&post.body, "Sign out of <bdi>Mail</bdi>");
        assert!(post.field("hop").is_some(), "{}", post.body);
    });
}
