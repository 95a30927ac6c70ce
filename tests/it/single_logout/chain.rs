//! Which applications receive a LogoutRequest, in which order, and what their responses cause.

use hallpass::provider::applications::ApplicationEdit;

use super::*;
use crate::support::{
    assertions::{assert_contains, assert_lacks, assert_matches},
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
fn signing_out_here_ends_the_session_at_every_participant_that_responds() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &[ALL[0], ALL[1], ALL[3]]);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1, 2]);
        let page = LogoutSetup::sign_out(&mut browser);
        assert!(!SsoSetup::is_signed_in(&browser), "our own session ends first");
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[
                ("Wiki", "To be asked"),
                ("Mail", "To be asked"),
                ("Desk", "To be asked")
            ])
        );
        let order = std::cell::RefCell::new(Vec::new());
        let end = setup.run_to_end(&mut browser, page, &|request| {
            order.borrow_mut().push(request.participant);
            ParticipantReply::Success
        });
        assert_eq!(
            order.into_inner(),
            [0, 1, 2],
            "in the order in which they were opened"
        );
        let LogoutOutcome::FinalPage(page) = end else {
            panic!("{end:?}")
        };
        assert!(
            page.body.contains("You are signed out everywhere"),
            "{}",
            page.body
        );
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Wiki", "Ended"), ("Mail", "Ended"), ("Desk", "Ended")])
        );
        assert_lacks(&page.body, "On a shared computer");
        assert_eq!(
            logout_audit_rows(&setup),
            ["logout ok: signed out", "single_logout ok: 3 of 3 confirmed"]
        );
    });
}

#[test]
fn the_initiator_gets_its_response_after_the_other_participants_were_sent_requests() {
    on_each_database(|database| {
        for asker in [0, 1] {
            let setup = LogoutSetup::new(
                &crate::support::test_server::fresh_database_like(database),
                &[ALL[0], ALL[1], ALL[3]],
            );
            let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
            let address = setup.logout_request_url(asker, "_l1", Some(&indexes[asker]));
            let response = browser.get(&address);
            assert!(!SsoSetup::is_signed_in(&browser), "our own session ends first");
            let page = follow_own_redirect(&mut browser, response);
            let end = setup.run_to_end(&mut browser, page, &|request| {
                assert_ne!(request.participant, asker, "whoever asks is not asked");
                ParticipantReply::Success
            });
            let LogoutOutcome::LogoutResponse(page, back) = end else {
                panic!("{end:?}")
            };
            assert_eq!(response_status(&back), success());
            assert_eq!(back.location, setup.participants[asker].slo);
            assert_eq!(back.relay_state.as_deref(), Some(RELAY_STATE));
            assert_eq!(attribute(&back.xml, "LogoutResponse", "InResponseTo"), "_l1");
            assert!(
                page.body.contains("data-after=\"0\""),
                "all is well: it goes on at once"
            );
            assert_eq!(
                logout_audit_rows(&setup),
                ["logout ok: LogoutRequest", "single_logout ok: 2 of 2 confirmed"]
            );
        }
    });
}

#[test]
fn every_missing_confirmation_is_tolerated_and_reported() {
    on_each_database(|database| {
        for (reply, badge, word) in [
            (ParticipantReply::PartialLogout, "Still open", "refused"),
            (ParticipantReply::Responder, "Still open", "refused"),
            (ParticipantReply::Unsigned, "Not confirmed", "unconfirmed"),
            (ParticipantReply::NoResponse, "Not confirmed", "unconfirmed"),
            (ParticipantReply::ErrorPage, "Not confirmed", "unconfirmed"),
        ] {
            for (peer, name) in [(1, "mail"), (0, "wiki")] {
                let setup = LogoutSetup::new(
                    &crate::support::test_server::fresh_database_like(database),
                    &[ALL[0], ALL[1], ALL[3]],
                );
                let replies = move |request: &ReceivedLogoutRequest| {
                    if request.participant == peer {
                        reply
                    } else {
                        ParticipantReply::Success
                    }
                };
                let (mut browser, _) = setup.browser_signed_in_at(&[0, 1, 2]);
                let page = LogoutSetup::sign_out(&mut browser);
                let end = setup.run_to_end(&mut browser, page, &replies);
                let LogoutOutcome::FinalPage(page) = end else {
                    panic!("{reply:?}: {end:?}")
                };
                assert!(
                    page.body.contains("You are signed out here"),
                    "{reply:?}: {}",
                    page.body
                );
                let mut expected = owned_pairs(&[("Wiki", "Ended"), ("Mail", "Ended"), ("Desk", "Ended")]);
                badge.clone_into(&mut expected[peer].1);
                assert_eq!(participant_badges(&page), expected, "{reply:?}");
                assert_contains(&page.body, "One application did not confirm");
                let open = format!("href=\"https://{name}.example/\" target=\"_blank\"");
                assert!(page.body.contains(&open), "where to go: {}", page.body);
                assert_eq!(page.body.matches("target=\"_blank\"").count(), 1);
                let row = format!("single_logout LOGOUT-PARTIAL: 2 of 3 confirmed; not: {name} ({word})");
                assert!(
                    logout_audit_rows(&setup).contains(&row),
                    "{:?}",
                    logout_audit_rows(&setup)
                );

                let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
                let response = browser.get(&setup.logout_request_url(2, "_l1", Some(&indexes[2])));
                let page = follow_own_redirect(&mut browser, response);
                let end = setup.run_to_end(&mut browser, page, &replies);
                let LogoutOutcome::LogoutResponse(page, back) = end else {
                    panic!("{reply:?}: {end:?}")
                };
                assert_eq!(response_status(&back), partial_logout(), "{reply:?}");
                assert!(
                    page.body.contains(&open) && page.body.contains("data-after=\"10\""),
                    "{}",
                    page.body
                );
            }
        }
    });
}

#[test]
fn a_participant_without_a_logout_endpoint_is_never_sent_a_request_nor_confirmed() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let nobody = |_: &ReceivedLogoutRequest| panic!("nobody else is asked");
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 2]);
        let ask = browser.get("/logout");
        assert!(
            ask.body.contains("You have to sign out there yourself"),
            "{}",
            ask.body
        );
        let response = browser.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        let page = follow_own_redirect(&mut browser, response);
        let end = setup.run_to_end(&mut browser, page, &nobody);
        let LogoutOutcome::LogoutResponse(page, back) = end else {
            panic!("{end:?}")
        };
        assert_eq!(response_status(&back), partial_logout());
        assert_eq!(participant_badges(&page), owned_pairs(&[("Chat", "Still open")]));
        assert_contains(&page.body, "href=\"https://chat.example/\"");

        let (mut browser, _) = setup.browser_signed_in_at(&[2]);
        let page = LogoutSetup::sign_out(&mut browser);
        assert_eq!(participant_badges(&page), owned_pairs(&[("Chat", "Still open")]));
        assert_contains(&page.body, "You are signed out here");
        assert_eq!(automatic_link_unchecked(&page), None);
        assert_eq!(
            logout_audit_rows(&setup).last().unwrap(),
            "single_logout LOGOUT-PARTIAL: 0 of 1 confirmed; not: chat (no_address)"
        );

        let (mut browser, indexes) = setup.browser_signed_in_at(&[2]);
        let page = browser.get(&setup.logout_request_url(2, "_l2", Some(&indexes[0])));
        assert_eq!(page.status, 200, "whoever asks and has no address stays with us");
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn a_disabled_application_still_receives_logout_requests_but_cannot_start_a_logout() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 3]);
        let off = ApplicationEdit {
            enabled: Some(false),
            ..ApplicationEdit::default()
        };
        setup
            .server
            .applications()
            .edit_application(&setup.participants[0].application.slug, off)
            .unwrap()
            .unwrap();
        let refused = browser.get(&setup.logout_request_url(0, "_l1", Some(&indexes[0])));
        assert!(
            refused.status == 400 && refused.body.contains("APPLICATION-DISABLED"),
            "{}",
            refused.body
        );
        SsoSetup::assert_signed_in(&browser);
        let page = LogoutSetup::sign_out(&mut browser);
        let end = setup.run_to_end(&mut browser, page, &|_| ParticipantReply::Success);
        assert_matches!(end, LogoutOutcome::FinalPage(page) if page.body.contains("signed out everywhere"));
    });
}

#[test]
fn a_logout_endpoint_removed_meanwhile_is_not_used() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 3]);
        let page = LogoutSetup::sign_out(&mut browser);
        let edit = ApplicationEdit {
            logout: Some(None),
            ..ApplicationEdit::default()
        };
        setup
            .server
            .applications()
            .edit_application(&setup.participants[0].application.slug, edit)
            .unwrap()
            .unwrap();
        let end = setup.run_to_end(&mut browser, page, &|request| {
            assert_eq!(request.participant, 3);
            ParticipantReply::Success
        });
        let LogoutOutcome::FinalPage(page) = end else {
            panic!("{end:?}")
        };
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Wiki", "Still open"), ("Desk", "Ended")])
        );
    });
}

#[test]
fn an_abandoned_logout_expires_and_is_audited() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &ALL);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 2, 3]);
        let page = LogoutSetup::sign_out(&mut browser);
        browser.get(&automatic_link(&page).unwrap());
        setup.server.clock.advance(TimeDelta::minutes(10));
        setup.server.provider.run_housekeeping().unwrap();
        setup.server.provider.run_housekeeping().unwrap();
        assert_eq!(
            logout_audit_rows(&setup),
            [
                "logout ok: signed out",
                "single_logout LOGOUT-PARTIAL: 0 of 3 confirmed; not: wiki (asked), chat (no_address), desk (waiting)"
            ]
        );
    });
}
