//! Logout messages of service providers over HTTP-POST: signed inside, and without the cookies that a browser keeps
//! back from another site's form.

use openssl::pkey::PKey;

use super::*;
use crate::support::{
    enveloped::{behind_issuer, over, xmlsec1_signs},
    house::on_each_database,
    http, rows,
    scene::Scene,
};

const TWO: [(&str, Takes); 2] = [("Wiki", Takes::Post), ("Mail", Takes::Post)];

/// The message with a signature of this service provider inside, made by another implementation.
fn signed(sp: &TestSp, xml: &str) -> String {
    let id = attribute(xml, root_of(xml), "ID");
    let key = PKey::private_key_from_pkcs8(sp.key.private.expose()).unwrap();
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    xmlsec1_signs(&behind_issuer(xml, &over(&id).xml()), &pem)
}

fn root_of(xml: &str) -> &str {
    xml.strip_prefix("<samlp:").unwrap().split(' ').next().unwrap()
}

/// A form of another site.
fn post(browser: &mut Browser, field: &str, xml: &str, relay_state: Option<&str>) -> Response {
    let message = STANDARD.encode(xml);
    let mut fields = vec![(field, message.as_str())];
    fields.extend(relay_state.map(|state| ("RelayState", state)));
    browser.post_body(
        "/saml/slo",
        "application/x-www-form-urlencoded",
        &http::form(&fields),
    )
}

fn request(town: &Town, peer: usize, id: &str, index: &str) -> String {
    town.peers[peer]
        .sp
        .logout_request(id, town.now(), SLO, (ADA, EMAIL_ADDRESS), Some(index))
}

#[test]
fn a_posted_request_begins_a_logout_and_posted_answers_carry_it_on() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, indexes) = town.opened(&[0, 1]);
        let asked = signed(&town.peers[0].sp, &request(&town, 0, "_l1", &indexes[0]));
        let response = post(&mut browser, "SAMLRequest", &asked, Some(RELAY));
        assert_eq!(open_sessions(&town), 0, "the GET is not awaited");
        assert!(
            response.location().ends_with("/resume"),
            "a GET brings the cookies: {}",
            response.location()
        );
        let response = arrive(&mut browser, response);
        let page = arrive(&mut browser, response);
        assert_eq!(badges(&page), pairs(&[("Mail", "To be asked")]));
        let departure = browser.get(&go(&page).unwrap());
        let to_mail = town.asked(&departure);
        let answer = response_to(&town, 1, &to_mail.id);
        let answered = post(
            &mut browser,
            "SAMLResponse",
            &signed(&town.peers[1].sp, &answer),
            Some("https://evil.example/"),
        );
        let page = arrive(&mut browser, answered);
        assert_eq!(badges(&page), pairs(&[("Mail", "Ended")]));
        let back = town.back(&browser.get(&go(&page).unwrap())).unwrap();
        assert_eq!(status(&back), success());
        assert_eq!(back.relay_state.as_deref(), Some(RELAY));
    });
}

fn response_to(town: &Town, peer: usize, id: &str) -> String {
    response(
        &town.peers[peer].sp.entity_id,
        Some(id),
        SLO,
        &["Success"],
        town.now(),
    )
}

#[test]
fn what_is_posted_unsigned_or_signed_by_another_ends_nothing_and_confirms_nothing() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, indexes) = town.opened(&[0, 1]);
        let (wiki, mail) = (&town.peers[0].sp, &town.peers[1].sp);
        let plain = request(&town, 0, "_l1", &indexes[0]);
        for (what, xml) in [
            ("unsigned", plain.clone()),
            ("by another application", signed(mail, &plain)),
            (
                "changed since",
                signed(wiki, &plain).replace(&indexes[0], &indexes[1]),
            ),
            ("signed over another message", {
                let inner = signed(wiki, &request(&town, 0, "_l2", "_0000"));
                let signature = &inner[inner.find("<ds:Signature").unwrap()..];
                let signature = &signature[..signature.find("</ds:Signature>").unwrap() + 15];
                behind_issuer(&plain, signature)
            }),
        ] {
            let page = post(&mut browser, "SAMLRequest", &xml, None);
            assert_eq!(page.status, 400, "{what}: {}", page.body);
            assert!(Scene::is_signed_in(&browser), "{what}");
        }
        let page = Town::sign_out(&mut browser);
        let asked = town.asked(&browser.get(&go(&page).unwrap()));
        let truth = response_to(&town, 0, &asked.id);
        for xml in [truth.clone(), signed(mail, &truth)] {
            let answered = post(&mut browser, "SAMLResponse", &xml, None);
            let page = arrive(&mut browser, answered);
            assert_eq!(badges(&page)[0], ("Wiki".to_owned(), "Not confirmed".to_owned()));
        }
        let answered = post(&mut browser, "SAMLResponse", &signed(wiki, &truth), None);
        let page = arrive(&mut browser, answered);
        assert_eq!(badges(&page)[0], ("Wiki".to_owned(), "Ended".to_owned()));
    });
}

#[test]
fn a_stray_form_of_another_site_leads_to_our_own_question_with_the_cookies() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0]);
        let stray = signed(&town.peers[0].sp, &response_to(&town, 0, "_0"));
        for (field, xml) in [("SAMLResponse", stray.as_str()), ("Other", "x")] {
            let answer = post(&mut browser, field, xml, Some("https://evil.example/"));
            assert_eq!((answer.status, answer.location()), (303, "/logout"), "{field}");
            let page = browser.get("/logout");
            assert!(
                page.body.contains("Sign out?"),
                "nobody is told that they are signed out: {}",
                page.body
            );
        }
        assert!(Scene::is_signed_in(&browser));
    });
}

fn open_sessions(town: &Town) -> i64 {
    let open = "SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL";
    rows::number(&town.house.settings, open)
}

fn posted_request(town: &Town, peer: usize, id: &str, index: Option<&str>) -> String {
    let sp = &town.peers[peer].sp;
    signed(
        sp,
        &sp.logout_request(id, town.now(), SLO, (ADA, EMAIL_ADDRESS), index),
    )
}

#[test]
fn whoever_posts_a_request_from_another_browser_goes_round_and_is_only_answered() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut ada, indexes) = town.opened(&[0, 1]);
        let mut stranger = town.house.browser();
        let xml = posted_request(&town, 0, "_l1", Some(&indexes[0]));
        let round = post(&mut stranger, "SAMLRequest", &xml, Some(RELAY));
        assert_eq!(open_sessions(&town), 0, "the session that it names ends at once");
        let resume = round.location().to_owned();
        // The address alone is not enough: it is for the browser that posted.
        assert!(town.back(&town.house.browser().get(&resume)).is_none());
        let answered = stranger.get(&resume);
        assert!(!answered.body.contains("Mail") && !answered.body.contains("Lovelace"));
        let back = town.back(&answered).unwrap();
        assert_eq!(
            (status(&back), back.relay_state.as_deref()),
            (partial(), Some(RELAY))
        );
        assert!(town.back(&stranger.get(&resume)).is_none(), "once");
        let page = ada.follow("/");
        assert_eq!(
            badges(&page),
            pairs(&[("Application 1", "To be asked")]),
            "{}",
            page.body
        );
    });
}

#[test]
fn a_posted_request_without_a_session_index_waits_for_the_cookies_that_say_which_session() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut ada, _) = town.opened(&[0, 1]);
        let (other, _) = town.opened(&[0]);
        let xml = posted_request(&town, 0, "_l1", None);
        let round = post(&mut ada, "SAMLRequest", &xml, Some(RELAY));
        assert!(Scene::is_signed_in(&ada));
        let replayed = post(&mut ada, "SAMLRequest", &xml, None);
        assert!(replayed.body.contains("REQUEST-ANSWERED"), "{}", replayed.body);
        let response = arrive(&mut ada, round);
        let page = arrive(&mut ada, response);
        assert!(!Scene::is_signed_in(&ada) && Scene::is_signed_in(&other));
        let End::Answer(_, back) = town.walk(&mut ada, page, &|_| Reply::Success) else {
            panic!("no answer")
        };
        assert_eq!(
            (status(&back), back.relay_state.as_deref()),
            (success(), Some(RELAY))
        );

        // In a browser without a session only the part of its sender ends; also where nobody comes for it.
        for follows in [true, false] {
            let (ada, _) = town.opened(&[0, 1]);
            let mut stranger = town.house.browser();
            let xml = posted_request(&town, 0, &format!("_l-{follows}"), None);
            let round = post(&mut stranger, "SAMLRequest", &xml, None);
            if follows {
                let back = town.back(&stranger.get(round.location())).unwrap();
                assert_eq!(status(&back), partial());
            } else {
                town.house.clock.advance(TimeDelta::minutes(10));
                town.house.provider.keep_house().unwrap();
                assert!(town.back(&stranger.get(round.location())).is_none());
            }
            assert!(Scene::is_signed_in(&ada));
            let page = ada.clone().get("/logout");
            assert!(
                page.body.contains("Mail") && !page.body.contains("Wiki"),
                "{}",
                page.body
            );
        }
    });
}
