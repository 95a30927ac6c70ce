//! Expired sessions, removed applications, and cookies in the wrong hands.

use super::*;
use crate::support::{assertions::assert_matches, test_server::on_each_database};

const TWO: [(&str, SloBinding); 2] = [("Wiki", SloBinding::Redirect), ("Mail", SloBinding::Redirect)];

/// Neither the user nor an application is named, and no application's address.
fn assert_no_names(page: &Response) {
    for word in ["Mail", "mail.example", "Ada", "Lovelace", ADA] {
        assert!(!page.body.contains(word), "{word}: {}", page.body);
    }
}

#[test]
fn an_expired_session_still_sends_logout_requests() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let csrf = browser.get("/").field("csrf").unwrap();
        setup.server.clock.advance(TimeDelta::hours(9));
        setup.server.provider.run_housekeeping().unwrap();
        assert_eq!(browser.get("/").status, 303, "it signs nobody in any more");
        // Another person may use the browser by now: neither the user nor an application is named.
        let ask = browser.get("/logout");
        assert!(
            ask.body.contains("2 applications that were opened from it") && ask.field("csrf").is_some(),
            "{}",
            ask.body
        );
        assert_no_names(&ask);
        let response = browser.post("/logout", &[("csrf", &csrf)]);
        let page = follow_own_redirect(&mut browser, response);
        assert_no_names(&page);
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
        let LogoutOutcome::FinalPage(page) = end else {
            panic!("{end:?}")
        };
        assert_no_names(&page);
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Application 1", "Ended"), ("Application 2", "Ended")])
        );
    });
}

#[test]
fn a_logout_after_the_session_expired_reports_the_other_participants() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1]);
        setup.server.clock.advance(TimeDelta::hours(9));
        setup.server.provider.run_housekeeping().unwrap();
        let response =
            browser.get(&setup.logout_request_url(0, "_late", indexes.first().map(String::as_str)));
        let page = follow_own_redirect(&mut browser, response);
        assert_no_names(&page);
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Responder);
        let LogoutOutcome::LogoutResponse(_, back) = end else {
            panic!("{end:?}")
        };
        assert!(back.xml.contains("status:PartialLogout"), "{}", back.xml);
    });
}

#[test]
fn an_application_removed_meanwhile_is_reported_as_not_confirmed() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
        let page = LogoutSetup::sign_out(&mut browser);
        let gone = &setup.participants[1].application.slug;
        setup.server.applications().remove_application(gone).unwrap();
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
        let LogoutOutcome::FinalPage(page) = end else {
            panic!("{end:?}")
        };
        assert!(!page.body.contains("signed out everywhere"), "{}", page.body);
        assert!(
            page.body.contains("An application that was removed"),
            "{}",
            page.body
        );
    });
}

#[test]
fn an_sp_initiated_logout_is_not_resumed_by_the_session_it_ended() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut laptop, laptop_indexes) = setup.browser_signed_in_at(&[0, 1]);
        let (mut phone, phone_indexes) = setup.browser_signed_in_at(&[0]);
        let csrf = phone.get("/").field("csrf").unwrap();
        // Both sessions end, and the laptop visits the other applications.
        let both = format!(
            "{}</samlp:SessionIndex><samlp:SessionIndex>{}",
            laptop_indexes[0], phone_indexes[0]
        );
        let response = laptop.get(&setup.logout_request_url(0, "_all", Some(&both)));
        let page = follow_own_redirect(&mut laptop, response);
        let response = phone.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(
            response.status, 200,
            "the phone is signed out, and has nobody to ask"
        );
        let end = setup.run_to_end(&mut laptop, page, &|_| ParticipantReply::Success);
        assert_matches!(end, LogoutOutcome::LogoutResponse(_, back) if back.xml.contains("status:Success"));
    });
}
