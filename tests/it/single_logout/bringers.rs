//! Who brings a request: an application's operator, without any cookie, learns nothing of the person's other
//! applications; the person's own browser is led on to them, now or at its next visit.

use super::*;
use crate::support::{house::on_each_database, scene::Scene};

const ALL: [(&str, Takes); 3] = [
    ("Wiki", Takes::Redirect),
    ("Mail", Takes::Post),
    ("Desk", Takes::Redirect),
];

/// What an answer to somebody who is led nowhere is: no page, no cookie, nobody's name.
fn is_only_an_answer(town: &Town, response: &Response) -> Back {
    assert_eq!(response.status, 303, "{}", response.body);
    assert_eq!(response.set_cookies().count(), 0);
    let back = town.back(response).unwrap();
    for other in ["Mail", "Desk", "mail.example", "desk.example", ADA] {
        assert!(
            !back.xml.contains(other) && !response.body.contains(other),
            "{other}"
        );
    }
    back
}

#[test]
fn whoever_brings_a_request_without_the_session_is_answered_and_led_nowhere() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (browser, indexes) = town.opened(&[0, 1, 2]);
        let mut stranger = town.house.browser();
        let answered = stranger.get(&town.request(0, "_l1", Some(&indexes[0])));
        let back = is_only_an_answer(&town, &answered);
        assert_eq!(status(&back), partial());
        assert_eq!(back.relay_state.as_deref(), Some(RELAY));
        assert!(!Scene::is_signed_in(&browser), "the session ended at once");
        assert_eq!(
            trail(&town),
            ["logout ok: LogoutRequest; not told yet: mail, desk"]
        );
        for door in ["/", "/logout", "/saml/slo", "/login"] {
            let page = stranger.follow(door);
            assert!(
                !page.body.contains("Mail") && !page.body.contains("Lovelace"),
                "{door}"
            );
        }

        let (browser, indexes) = town.opened(&[0]);
        let answered = stranger.get(&town.request(0, "_l2", Some(&indexes[0])));
        assert_eq!(
            status(&is_only_an_answer(&town, &answered)),
            success(),
            "nobody else took part"
        );
        assert!(!Scene::is_signed_in(&browser));
    });
}

#[test]
fn another_persons_session_leads_nobody_on() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        town.house.add_person("eve@fernweh.example", "Eve", "Other");
        let (ada, indexes) = town.opened(&[0, 1]);
        let mut eve = town.house.browser();
        let page = eve.follow("/login");
        eve.sign_in(&page, "eve@fernweh.example", PASSWORD);
        let answered = eve.get(&town.request(0, "_l1", Some(&indexes[0])));
        assert_eq!(status(&is_only_an_answer(&town, &answered)), partial());
        assert!(Scene::is_signed_in(&eve) && !Scene::is_signed_in(&ada));
    });
}

#[test]
fn the_persons_own_browser_is_led_on_at_its_next_visit_within_a_day() {
    on_each_database(|database| {
        for door in ["/", "/login", "/logout", "/saml/slo", "a sign-in"] {
            let town = Town::new(&crate::support::house::another(database), &ALL);
            let (mut browser, indexes) = town.opened(&[0, 1, 2]);
            town.house
                .browser()
                .get(&town.request(0, "_l1", Some(&indexes[0])));
            town.house.clock.advance(TimeDelta::hours(23));
            town.house.provider.keep_house().unwrap();
            let mut second_tab = browser.clone();
            let sign_in = town.peers[2].sp.sign_on_address("_later", town.now());
            let page = browser.follow(if door == "a sign-in" { &sign_in } else { door });
            assert_eq!(
                badges(&page),
                pairs(&[("Application 1", "To be asked"), ("Application 2", "To be asked")]),
                "{door}: whoever sits there now reads no name"
            );
            let again = second_tab.follow("/");
            assert!(badges(&again).is_empty(), "once: {}", again.body);
            let end = town.walk(&mut browser, page, &|_| Reply::Success);
            let End::Page(page) = end else { panic!("{end:?}") };
            assert!(page.body.contains("signed out everywhere"), "{}", page.body);
            assert!(
                !page.body.contains("Go back to"),
                "Wiki had its answer: {}",
                page.body
            );
            assert_eq!(trail(&town).last().unwrap(), "single_logout ok: 2 of 2 confirmed");
        }
    });
}

#[test]
fn after_a_day_the_trail_says_who_was_not_told() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut browser, indexes) = town.opened(&[0, 1, 2]);
        town.house
            .browser()
            .get(&town.request(0, "_l1", Some(&indexes[0])));
        town.house.clock.advance(TimeDelta::days(1));
        assert_eq!(browser.get("/").location(), "/login", "it is too late");
        town.house.provider.keep_house().unwrap();
        assert_eq!(
            trail(&town).last().unwrap(),
            "single_logout LOGOUT-PARTIAL: 0 of 2 confirmed; not: mail (waiting), desk (waiting)"
        );
    });
}

#[test]
fn whoever_wants_no_answer_and_shows_a_session_that_goes_on_is_not_told_that_it_ended() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (_other, indexes) = town.opened(&[0]);
        let (mut browser, _) = town.opened(&[1]);
        let extension = "<samlp:Extensions><aslo:Asynchronous xmlns:aslo=\"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo\"/></samlp:Extensions>";
        let sp = &town.peers[0].sp;
        let xml = sp
            .logout_request("_l1", town.now(), SLO, (ADA, EMAIL_ADDRESS), Some(&indexes[0]))
            .replace("</saml:Issuer>", &format!("</saml:Issuer>{extension}"));
        let page = browser.get(&format!("/saml/slo?{}", sp.query(&xml, None, true)));
        assert!(page.body.contains("Sign out?"), "{}", page.body);
        assert!(Scene::is_signed_in(&browser));
    });
}

#[test]
fn sessions_of_one_person_that_a_request_names_are_led_on_from_the_one_that_is_shown() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut laptop, one) = town.opened(&[0, 1]);
        let (mut phone, two) = town.opened(&[0, 2]);
        let both = format!("{}</samlp:SessionIndex><samlp:SessionIndex>{}", one[0], two[0]);
        let response = laptop.get(&town.request(0, "_l1", Some(&both)));
        let page = arrive(&mut laptop, response);
        assert!(!Scene::is_signed_in(&laptop) && !Scene::is_signed_in(&phone));
        assert_eq!(
            badges(&page),
            pairs(&[("Mail", "To be asked"), ("Desk", "To be asked")])
        );
        assert_eq!(
            phone.get("/").location(),
            "/login",
            "nothing is left to tell there"
        );
    });
}

#[test]
fn without_a_session_index_only_the_part_of_its_sender_ends_where_the_browser_shows_no_session_of_it() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut ada, indexes) = town.opened(&[0, 1]);
        let mut stranger = town.house.browser();
        let answered = stranger.get(&town.request(0, "_l1", None));
        assert_eq!(status(&is_only_an_answer(&town, &answered)), partial());
        assert!(Scene::is_signed_in(&ada), "no session of ours ended");
        assert_eq!(
            trail(&town),
            ["logout ok: LogoutRequest without SessionIndex: the session goes on without it; not told: mail"]
        );
        let again = stranger.get(&town.request(0, "_l2", None));
        assert_eq!(
            status(&is_only_an_answer(&town, &again)),
            success(),
            "its part had ended"
        );
        let page = ada.get("/logout");
        assert!(
            page.body.contains("Mail") && !page.body.contains("Wiki"),
            "{}",
            page.body
        );
        // It may take part again, as the same.
        assert_eq!(town.open(&mut ada, 0), indexes[0]);

        let (alone, _) = town.opened(&[2]);
        let answered = stranger.get(&town.request(2, "_l3", None));
        assert_eq!(status(&town.back(&answered).unwrap()), success());
        assert!(Scene::is_signed_in(&alone));
    });
}

#[test]
fn a_name_as_service_providers_send_it_ends_the_session_that_it_names() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let unspecified = " Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\"";
        for (number, format) in ["", unspecified].into_iter().enumerate() {
            let ask = |who: &str, index: Option<&str>, id: &str| {
                let sp = &town.peers[0].sp;
                let xml = sp
                    .logout_request(id, town.now(), SLO, (who, EMAIL_ADDRESS), index)
                    .replace(&format!(" Format=\"{EMAIL_ADDRESS}\""), format);
                format!("/saml/slo?{}", sp.query(&xml, None, true))
            };
            let (mut browser, indexes) = town.opened(&[0]);
            for (at, who, index) in [
                (1, "eve@fernweh.example", Some(indexes[0].as_str())),
                (2, ADA, Some("_0000")),
                (3, ADA, None),
            ] {
                browser.get(&ask(who, index, &format!("_no-{number}-{at}")));
                assert!(Scene::is_signed_in(&browser), "{format} {at}");
            }
            let answered = browser.get(&ask(ADA, Some(&indexes[0]), &format!("_yes-{number}")));
            assert_eq!(status(&town.back(&answered).unwrap()), success(), "{format}");
            assert!(!Scene::is_signed_in(&browser), "{format}");
        }
    });
}
