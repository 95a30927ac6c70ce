//! What people do with their browsers meanwhile: Back, reload, a second tab, a second click, another browser.

use super::*;
use crate::support::{house::on_each_database, rows};

const TWO: [(&str, Takes); 2] = [("Wiki", Takes::Redirect), ("Mail", Takes::Post)];

#[test]
fn looking_asks_nobody_and_going_asks_once() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0, 1]);
        let page = Town::sign_out(&mut browser);
        let (list, go) = (address_of(&page), go(&page).unwrap());
        for _reload in 0..3 {
            assert_eq!(go_or_none(&browser.get(&list)), Some(go.clone()));
        }
        let asked = town.asked(&browser.get(&go));
        for _again in 0..2 {
            let back = browser.get(&go);
            assert_eq!((back.status, back.location()), (303, list.as_str()));
            let stuck = browser.get(&list);
            assert!(
                go_or_none(&stuck).is_none() && stuck.body.contains(">Continue</button>"),
                "{}",
                stuck.body
            );
            assert!(stuck.body.contains("has not confirmed it") && !stuck.body.contains("http-equiv"));
        }
        let stuck = browser.get(&list);
        let hop = stuck.field("hop").unwrap();
        let next = give_up(&mut browser, &stuck, &hop);
        assert_eq!(
            badges(&next),
            pairs(&[("Wiki", "Not confirmed"), ("Mail", "To be asked")])
        );
        // Continue sent again, as Back and a click do, gives nobody else up.
        let same = give_up(&mut browser, &stuck, &hop);
        assert_eq!(badges(&same), badges(&next));
        let departure = browser.get(&go);
        assert_eq!(departure.status, 200);
        let second = town.asked(&departure);
        assert_eq!((asked.peer, second.peer), (0, 1));
        let again = browser.get(&go);
        assert_eq!(again.status, 303, "the page with the form, again: {}", again.body);
    });
}

#[test]
fn the_end_is_answered_once_by_itself_and_again_only_by_a_click() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, indexes) = town.opened(&[0, 1]);
        let response = browser.get(&town.request(0, "_l1", Some(&indexes[0])));
        let page = arrive(&mut browser, response);
        let list = address_of(&page);
        let end = town.walk(&mut browser, page, &|_| Reply::Success);
        assert!(matches!(end, End::Answer(..)));
        let over = browser.get(&list);
        assert!(
            go_or_none(&over).is_none() && over.body.contains("signed out everywhere"),
            "{}",
            over.body
        );
        assert!(over.body.contains("Go back to"));
        let again = town.back(&browser.get(&format!("{list}/go"))).unwrap();
        assert_eq!(again.relay_state.as_deref(), Some(RELAY));
        let rows = "SELECT count(*) AS n FROM audit_events WHERE action = 'single_logout'";
        assert_eq!(rows::number(&town.house.settings, rows), 1);
        town.house.clock.advance(TimeDelta::minutes(10));
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
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0, 1]);
        let page = Town::sign_out(&mut browser);
        let (list, go) = (address_of(&page), go(&page).unwrap());
        let asked = town.asked(&browser.get(&go));
        // The other tab sees that the first one is asked, and goes on without it.
        let stuck = browser.get(&list);
        let hop = stuck.field("hop").unwrap();
        give_up(&mut browser, &stuck, &hop);
        let mail = town.asked(&browser.get(&go));
        // Then the first tab comes back with its answer.
        let response = browser.get(&town.peers[0].answer(&asked, town.now(), Reply::Success));
        let page = arrive(&mut browser, response);
        assert_eq!(badges(&page), pairs(&[("Wiki", "Ended"), ("Mail", "Asked")]));
        let response = browser.get(&town.peers[1].answer(&mail, town.now(), Reply::Success));
        let page = arrive(&mut browser, response);
        assert!(page.body.contains("signed out everywhere"));
    });
}

#[test]
fn two_logouts_in_one_browser_keep_apart() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0]);
        let one = Town::sign_out(&mut browser);
        let page = browser.follow("/login");
        browser.sign_in(&page, ADA, PASSWORD);
        town.house.clock.advance(TimeDelta::seconds(1));
        town.open(&mut browser, 1);
        let two = Town::sign_out(&mut browser);
        assert_ne!(address_of(&one), address_of(&two));
        for (page, name) in [(one, "Wiki"), (two, "Mail")] {
            let end = town.walk(&mut browser, page, &|_| Reply::Success);
            let End::Page(page) = end else { panic!("{end:?}") };
            assert_eq!(badges(&page), pairs(&[(name, "Ended")]));
        }
    });
}

#[test]
fn a_second_click_on_sign_out_goes_on_with_what_the_first_began() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0, 1]);
        let csrf = browser.get("/").field("csrf").unwrap();
        let mut second = browser.clone();
        let first = browser.post("/logout", &[("csrf", &csrf)]);
        // Sent before the cookies of the first answer arrived.
        let early = second.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(first.location(), early.location());
        let page = arrive(&mut second, early);
        assert!(
            page.body.contains("Signing you out") && go(&page).is_some(),
            "{}",
            page.body
        );
        // And one that was sent after.
        let late = second.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(late.location(), first.location());
        let end = town.walk(&mut second, page, &|_| Reply::Success);
        assert!(matches!(end, End::Page(page) if page.body.contains("signed out everywhere")));
        let once = "SELECT count(*) AS n FROM audit_events WHERE action = 'logout' AND outcome = 'ok'";
        assert_eq!(rows::number(&town.house.settings, once), 1);
    });
}

#[test]
fn where_back_passes_our_page_by_the_persons_page_leads_to_it() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0]);
        let page = Town::sign_out(&mut browser);
        let list = address_of(&page);
        browser.get(&go(&page).unwrap());
        for door in ["/", "/logout", "/saml/slo"] {
            assert_eq!(browser.get(door).location(), list, "{door}");
        }
        assert_eq!(browser.get("/login").status, 200, "whoever wants to sign in may");
        let stuck = browser.get(&list);
        let hop = stuck.field("hop").unwrap();
        give_up(&mut browser, &stuck, &hop);
        assert_eq!(browser.get("/").location(), "/login", "it is over");
    });
}

#[test]
fn no_other_browser_sees_it_or_goes_on_with_it() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0, 1]);
        let page = Town::sign_out(&mut browser);
        let (list, go) = (address_of(&page), go(&page).unwrap());
        let cookie = browser
            .jar
            .keys()
            .find(|name| name.contains("hallpass-l-"))
            .unwrap()
            .clone();
        let mut stranger = town.house.browser();
        let mut planted = town.house.browser();
        planted.jar.insert(cookie, "A".repeat(43));
        for other in [&mut stranger, &mut planted] {
            for address in [&list, &go] {
                let page = other.get(address);
                assert_eq!((page.status, page.header("location")), (200, None));
                assert!(!page.body.contains("Wiki"), "{}", page.body);
            }
            other.post(&list, &[("hop", "0")]);
        }
        // A form of another site comes without the cookie.
        browser.post_with(
            &list,
            &[("Origin", "https://evil.example")],
            &[("hop", "0")],
            false,
        );
        assert_eq!(
            badges(&browser.get(&list)),
            pairs(&[("Wiki", "To be asked"), ("Mail", "To be asked")])
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
fn an_expired_logout_asks_nobody_and_says_what_is_true() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, indexes) = town.opened(&[0, 1]);
        let response = browser.get(&town.request(0, "_l1", Some(&indexes[0])));
        let page = arrive(&mut browser, response);
        let (list, go) = (address_of(&page), go(&page).unwrap());
        town.house.clock.advance(TimeDelta::minutes(10));
        for swept in [false, true] {
            if swept {
                town.house.provider.keep_house().unwrap();
            }
            let over = browser.get(&list);
            assert!(
                over.body.contains("You are signed out here") && go_or_none(&over).is_none(),
                "{}",
                over.body
            );
            assert_eq!(badges(&over), pairs(&[("Mail", "Not confirmed")]));
            assert_eq!(browser.get(&go).location(), list);
        }
        assert_eq!(browser.get("/").location(), "/login");
        town.house.clock.advance(TimeDelta::hours(2));
        town.house.provider.keep_house().unwrap();
        let gone = browser.get(&list);
        assert!(
            gone.status == 200 && gone.body.contains("You are signed out here"),
            "{}",
            gone.body
        );
    });
}

#[test]
fn the_page_works_without_script_and_lets_forms_go_only_where_they_must() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let policy = |page: &Response| {
            let policy = page.header("content-security-policy").unwrap().to_owned();
            policy
                .split("; ")
                .find(|part| part.starts_with("form-action"))
                .unwrap()
                .to_owned()
        };
        let (mut browser, _) = town.opened(&[0, 1]);
        let page = Town::sign_out(&mut browser);
        let (list, go) = (address_of(&page), go(&page).unwrap());
        assert!(page.body.contains(&format!(
            "<noscript><meta http-equiv=\"refresh\" content=\"2;url={go}\"></noscript>"
        )));
        assert_eq!(policy(&page), "form-action 'self'");
        assert_eq!(page.form_action().as_deref(), Some(list.as_str()));
        let way = browser.get(&go);
        let response = browser.get(&town.peers[0].answer(&town.asked(&way), town.now(), Reply::Success));
        arrive(&mut browser, response);
        let post = browser.get(&go);
        assert_eq!(policy(&post), "form-action 'self' https:");
        assert!(!post.body.contains("http-equiv") && post.body.contains("Sign out of <bdi>Mail</bdi>"));
        assert!(post.field("hop").is_some(), "{}", post.body);
    });
}
