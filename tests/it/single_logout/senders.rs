//! Applications that ask: whose sessions end, and what they hear.

use super::*;
use crate::support::{house::on_each_database, scene::Scene};

const ALL: [(&str, Takes); 4] = [
    ("Wiki", Takes::Redirect),
    ("Mail", Takes::Post),
    ("Chat", Takes::Nothing),
    ("Desk", Takes::Redirect),
];

#[test]
fn without_a_session_index_the_session_that_the_browser_shows_ends_and_no_other() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut one, _) = town.opened(&[0, 1]);
        let (two, _) = town.opened(&[0, 3]);
        let response = one.get(&town.request(0, "_l1", None));
        let page = arrive(&mut one, response);
        assert!(!Scene::is_signed_in(&one) && Scene::is_signed_in(&two));
        let asked = std::cell::RefCell::new(Vec::new());
        let end = town.walk(&mut one, page, &|one| {
            asked.borrow_mut().push(one.peer);
            Reply::Success
        });
        let End::Answer(_, back) = end else {
            panic!("{end:?}")
        };
        assert_eq!(status(&back), success());
        assert_eq!(asked.into_inner(), [1]);
    });
}

#[test]
fn an_application_in_two_sessions_is_told_of_each_and_shown_once() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut one, here) = town.opened(&[0, 1]);
        let (_two, there) = town.opened(&[0, 1]);
        let both = format!("{}</samlp:SessionIndex><samlp:SessionIndex>{}", here[0], there[0]);
        let response = one.get(&town.request(0, "_l1", Some(&both)));
        let page = arrive(&mut one, response);
        assert_eq!(badges(&page), pairs(&[("Mail", "To be asked")]));
        let indexes = std::cell::RefCell::new(Vec::new());
        let end = town.walk(&mut one, page, &|asked| {
            let document = Document::parse(&asked.xml).unwrap();
            let index = only(&document, "SessionIndex").text().unwrap().to_owned();
            let mut seen = indexes.borrow_mut();
            seen.push(index);
            if seen.len() == 1 {
                Reply::Success
            } else {
                Reply::Failure
            }
        });
        let End::Answer(page, back) = end else {
            panic!("{end:?}")
        };
        assert_eq!(
            badges(&page),
            pairs(&[("Mail", "Still open")]),
            "what is least done counts"
        );
        assert_eq!(status(&back), partial());
        let indexes = indexes.into_inner();
        assert!(indexes.len() == 2 && indexes[0] != indexes[1], "{indexes:?}");
    });
}

#[test]
fn two_sessions_of_one_person_end_apart() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut one, _) = town.opened(&[0, 1]);
        let (mut two, _) = town.opened(&[0, 1]);
        let (here, there) = (Town::sign_out(&mut one), Town::sign_out(&mut two));
        for (browser, page) in [(&mut two, there), (&mut one, here)] {
            let end = town.walk(browser, page, &|_| Reply::Success);
            assert!(matches!(end, End::Page(page) if page.body.contains("signed out everywhere")));
        }
        let rows = trail(&town);
        assert_eq!(
            rows.iter().filter(|row| row.contains("2 of 2 confirmed")).count(),
            2,
            "{rows:?}"
        );
    });
}

#[test]
fn twins_of_one_name_and_key_are_one_sender_told_apart_by_the_session_index() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL[..1]);
        let wiki = &town.peers[0];
        let twin_acs = "https://twin.example/acs";
        town.house
            .add_application("Twin", &wiki.sp.entity_id, twin_acs, |new| {
                new.saml.certificates = vec![wiki.sp.certificate()];
                new.saml.logout = Some(endpoint(Binding::Redirect, "https://twin.example/slo"));
            });
        let (mut browser, mut other) = (town.house.browser(), town.house.browser());
        let index = |id: &str, browser: &mut Browser, acs: &str| {
            let page = browser.follow("/login");
            browser.sign_in(&page, ADA, PASSWORD);
            let asked = format!("AssertionConsumerServiceURL=\"{acs}\"");
            let xml = wiki.sp.authn_request(id, town.now(), &asked, "");
            let address = format!("/saml/sso?{}", wiki.sp.query(&xml, None, false));
            let (xml, _) = posted(&browser.get(&address));
            attribute(&xml, "AuthnStatement", "SessionIndex")
        };
        let at_wiki = index("_r1", &mut browser, &wiki.sp.acs);
        let at_twin = index("_r2", &mut other, twin_acs);
        let answered = browser.get(&town.request(0, "_l1", Some(&at_twin)));
        assert!(
            answered
                .location()
                .starts_with("https://twin.example/slo?SAMLResponse="),
            "{}",
            answered.location()
        );
        assert!(Scene::is_signed_in(&browser) && !Scene::is_signed_in(&other));
        let answered = browser.get(&town.request(0, "_l2", Some(&at_wiki)));
        assert!(answered.location().starts_with(&wiki.slo));
        assert!(!Scene::is_signed_in(&browser));

        // Without an index either is meant: the session that the browser shows ends, whichever of them took part.
        index("_r3", &mut browser, &wiki.sp.acs);
        index("_r4", &mut other, twin_acs);
        let answered = other.get(&town.request(0, "_l3", None));
        assert!(
            answered
                .location()
                .starts_with("https://twin.example/slo?SAMLResponse="),
            "{}",
            answered.location()
        );
        assert!(Scene::is_signed_in(&browser) && !Scene::is_signed_in(&other));
    });
}

#[test]
fn a_session_that_ended_before_is_success_and_asks_nobody() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let (mut browser, indexes) = town.opened(&[0, 3]);
        let page = Town::sign_out(&mut browser);
        let mut front = town.house.browser();
        let answered = front.get(&town.request(0, "_l1", Some(&indexes[0])));
        assert!(
            answered
                .location()
                .starts_with("https://wiki.example/slo?tenant=1&SAMLResponse=")
        );
        let back = town.back(&answered).unwrap();
        assert_eq!(status(&back), success());
        let end = town.walk(&mut browser, page, &|_| Reply::Success);
        assert!(matches!(end, End::Page(_)));
    });
}

#[test]
fn whoever_wants_no_answer_gets_none() {
    on_each_database(|database| {
        let town = Town::new(database, &ALL);
        let wiki = &town.peers[0].sp;
        let extension = "<samlp:Extensions><aslo:Asynchronous xmlns:aslo=\"urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo\"/></samlp:Extensions>";
        let ask = |id: &str, index: &str| {
            let xml = wiki
                .logout_request(id, town.now(), SLO, (ADA, EMAIL_ADDRESS), Some(index))
                .replace("</saml:Issuer>", &format!("</saml:Issuer>{extension}"));
            format!("/saml/slo?{}", wiki.query(&xml, Some(RELAY), true))
        };
        let (mut browser, indexes) = town.opened(&[0, 3]);
        let response = browser.get(&ask("_l1", &indexes[0]));
        let page = arrive(&mut browser, response);
        let end = town.walk(&mut browser, page, &|_| Reply::Success);
        let End::Page(page) = end else { panic!("{end:?}") };
        assert!(
            page.body.contains("signed out everywhere") && !page.body.contains("Go back to"),
            "{}",
            page.body
        );

        let (mut browser, indexes) = town.opened(&[0]);
        let page = browser.get(&ask("_l2", &indexes[0]));
        assert!(
            page.status == 200 && page.body.contains("You are signed out here"),
            "{}",
            page.body
        );
        assert!(!Scene::is_signed_in(&browser));
        let (mut browser, _) = town.opened(&[0]);
        let page = browser.get(&ask("_l3", "_0000"));
        assert!(
            page.status == 400 && page.body.contains("SESSION-UNKNOWN"),
            "{}",
            page.body
        );
    });
}
