//! Who is told, in which order, and what comes of what they answer.

use hallpass::provider::applications::ApplicationEdit;

use super::*;
use crate::support::{house::on_each_database, scene::Scene};

const ALL: [(&str, Takes); 4] = [
    ("Wiki", Takes::Redirect),
    ("Mail", Takes::Post),
    ("Chat", Takes::Nothing),
    ("Desk", Takes::Redirect),
];

#[test]
fn a_person_who_signs_out_here_is_signed_out_of_everything_that_answers() {
    on_each_database(|database| {
        let town = Town::new(database, &[ALL[0], ALL[1], ALL[3]]);
        let (mut browser, _) = town.opened(&[0, 1, 2]);
        let page = Town::sign_out(&mut browser);
        assert!(!Scene::is_signed_in(&browser), "our own session ends first");
        assert_eq!(
            badges(&page),
            pairs(&[
                ("Wiki", "To be asked"),
                ("Mail", "To be asked"),
                ("Desk", "To be asked")
            ])
        );
        let order = std::cell::RefCell::new(Vec::new());
        let end = town.walk(&mut browser, page, &|asked| {
            order.borrow_mut().push(asked.peer);
            Reply::Success
        });
        assert_eq!(
            order.into_inner(),
            [0, 1, 2],
            "in the order in which they were opened"
        );
        let End::Page(page) = end else { panic!("{end:?}") };
        assert!(
            page.body.contains("You are signed out everywhere"),
            "{}",
            page.body
        );
        assert_eq!(
            badges(&page),
            pairs(&[("Wiki", "Ended"), ("Mail", "Ended"), ("Desk", "Ended")])
        );
        assert!(!page.body.contains("On a shared computer"));
        assert_eq!(
            trail(&town),
            ["logout ok: signed out", "single_logout ok: 3 of 3 confirmed"]
        );
    });
}

#[test]
fn an_application_that_asks_is_answered_when_the_others_have_been_told() {
    on_each_database(|database| {
        for asker in [0, 1] {
            let town = Town::new(
                &crate::support::house::another(database),
                &[ALL[0], ALL[1], ALL[3]],
            );
            let (mut browser, indexes) = town.opened(&[0, 1, 2]);
            let address = town.request(asker, "_l1", Some(&indexes[asker]));
            let response = browser.get(&address);
            assert!(!Scene::is_signed_in(&browser), "our own session ends first");
            let page = arrive(&mut browser, response);
            let end = town.walk(&mut browser, page, &|asked| {
                assert_ne!(asked.peer, asker, "whoever asks is not asked");
                Reply::Success
            });
            let End::Answer(page, back) = end else {
                panic!("{end:?}")
            };
            assert_eq!(status(&back), success());
            assert_eq!(back.location, town.peers[asker].slo);
            assert_eq!(back.relay_state.as_deref(), Some(RELAY));
            assert_eq!(attribute(&back.xml, "LogoutResponse", "InResponseTo"), "_l1");
            assert!(
                page.body.contains("data-after=\"0\""),
                "all is well: it goes on at once"
            );
            assert_eq!(
                trail(&town),
                ["logout ok: LogoutRequest", "single_logout ok: 2 of 2 confirmed"]
            );
        }
    });
}

#[test]
fn every_way_of_not_confirming_is_survived_and_told() {
    on_each_database(|database| {
        for (reply, badge, word) in [
            (Reply::Partial, "Still open", "refused"),
            (Reply::Failure, "Still open", "refused"),
            (Reply::Unsigned, "Not confirmed", "unconfirmed"),
            (Reply::Silence, "Not confirmed", "unconfirmed"),
            (Reply::Error, "Not confirmed", "unconfirmed"),
        ] {
            for (peer, name) in [(1, "mail"), (0, "wiki")] {
                let town = Town::new(
                    &crate::support::house::another(database),
                    &[ALL[0], ALL[1], ALL[3]],
                );
                let replies = move |asked: &Asked| if asked.peer == peer { reply } else { Reply::Success };
                let (mut browser, _) = town.opened(&[0, 1, 2]);
                let page = Town::sign_out(&mut browser);
                let end = town.walk(&mut browser, page, &replies);
                let End::Page(page) = end else {
                    panic!("{reply:?}: {end:?}")
                };
                assert!(
                    page.body.contains("You are signed out here"),
                    "{reply:?}: {}",
                    page.body
                );
                let mut expected = pairs(&[("Wiki", "Ended"), ("Mail", "Ended"), ("Desk", "Ended")]);
                badge.clone_into(&mut expected[peer].1);
                assert_eq!(badges(&page), expected, "{reply:?}");
                assert!(page.body.contains("One application did not confirm"));
                let open = format!("href=\"https://{name}.example/\" target=\"_blank\"");
                assert!(page.body.contains(&open), "where to go: {}", page.body);
                assert_eq!(page.body.matches("target=\"_blank\"").count(), 1);
                let row = format!("single_logout LOGOUT-PARTIAL: 2 of 3 confirmed; not: {name} ({word})");
                assert!(trail(&town).contains(&row), "{:?}", trail(&town));

                let (mut browser, indexes) = town.opened(&[0, 1, 2]);
                let response = browser.get(&town.request(2, "_l1", Some(&indexes[2])));
                let page = arrive(&mut browser, response);
                let end = town.walk(&mut browser, page, &replies);
                let End::Answer(page, back) = end else {
                    panic!("{reply:?}: {end:?}")
                };
                assert_eq!(status(&back), partial(), "{reply:?}");
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
fn who_has_no_address_is_never_asked_and_never_counts_as_confirmed() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let nobody = |_: &Asked| panic!("nobody else is asked");
        let (mut browser, indexes) = town.opened(&[0, 2]);
        let ask = browser.get("/logout");
        assert!(
            ask.body.contains("You have to sign out there yourself"),
            "{}",
            ask.body
        );
        let response = browser.get(&town.request(0, "_l1", Some(&indexes[0])));
        let page = arrive(&mut browser, response);
        let end = town.walk(&mut browser, page, &nobody);
        let End::Answer(page, back) = end else {
            panic!("{end:?}")
        };
        assert_eq!(status(&back), partial());
        assert_eq!(badges(&page), pairs(&[("Chat", "Still open")]));
        assert!(page.body.contains("href=\"https://chat.example/\""));

        let (mut browser, _) = town.opened(&[2]);
        let page = Town::sign_out(&mut browser);
        assert_eq!(badges(&page), pairs(&[("Chat", "Still open")]));
        assert!(page.body.contains("You are signed out here") && go_or_none(&page).is_none());
        assert_eq!(
            trail(&town).last().unwrap(),
            "single_logout LOGOUT-PARTIAL: 0 of 1 confirmed; not: chat (no_address)"
        );

        let (mut browser, indexes) = town.opened(&[2]);
        let page = browser.get(&town.request(2, "_l2", Some(&indexes[0])));
        assert_eq!(page.status, 200, "whoever asks and has no address stays with us");
        assert!(!Scene::is_signed_in(&browser));
    });
}

#[test]
fn an_application_that_is_switched_off_is_still_told_but_ends_nobody_elses_session() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut browser, indexes) = town.opened(&[0, 3]);
        let off = ApplicationEdit {
            enabled: Some(false),
            ..ApplicationEdit::default()
        };
        town.house
            .provider
            .edit_application(&town.peers[0].application.slug, off)
            .unwrap()
            .unwrap();
        let refused = browser.get(&town.request(0, "_l1", Some(&indexes[0])));
        assert!(
            refused.status == 400 && refused.body.contains("APPLICATION-DISABLED"),
            "{}",
            refused.body
        );
        assert!(Scene::is_signed_in(&browser));
        let page = Town::sign_out(&mut browser);
        let end = town.walk(&mut browser, page, &|_| Reply::Success);
        assert!(matches!(end, End::Page(page) if page.body.contains("signed out everywhere")));
    });
}

#[test]
fn an_address_that_is_taken_away_meanwhile_is_not_gone_to() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut browser, _) = town.opened(&[0, 3]);
        let page = Town::sign_out(&mut browser);
        let edit = ApplicationEdit {
            logout: Some(None),
            ..ApplicationEdit::default()
        };
        town.house
            .provider
            .edit_application(&town.peers[0].application.slug, edit)
            .unwrap()
            .unwrap();
        let end = town.walk(&mut browser, page, &|asked| {
            assert_eq!(asked.peer, 3);
            Reply::Success
        });
        let End::Page(page) = end else { panic!("{end:?}") };
        assert_eq!(badges(&page), pairs(&[("Wiki", "Still open"), ("Desk", "Ended")]));
    });
}

#[test]
fn what_the_person_walks_away_from_ends_by_itself_and_is_noted() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut browser, _) = town.opened(&[0, 2, 3]);
        let page = Town::sign_out(&mut browser);
        browser.get(&go(&page).unwrap());
        town.house.clock.advance(TimeDelta::minutes(10));
        town.house.provider.keep_house().unwrap();
        town.house.provider.keep_house().unwrap();
        assert_eq!(
            trail(&town),
            [
                "logout ok: signed out",
                "single_logout LOGOUT-PARTIAL: 0 of 3 confirmed; not: wiki (asked), chat (no_address), desk (waiting)"
            ]
        );
    });
}
