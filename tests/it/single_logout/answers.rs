//! What applications answer, truly or not: only a signed answer of whoever was asked counts.

use super::*;
use crate::support::{house::on_each_database, rows, scene::Scene};

const TWO: [(&str, Takes); 3] = [
    ("Wiki", Takes::Redirect),
    ("Desk", Takes::Redirect),
    ("Mail", Takes::Post),
];

/// Makes an answer to the request with this `ID`.
type Forge<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// Ada has signed out, and the first application was asked.
fn asked_one(town: &Town) -> (Browser, Asked) {
    let (mut browser, _) = town.opened(&[0, 1]);
    let page = Town::sign_out(&mut browser);
    let departure = browser.get(&go(&page).unwrap());
    let asked = town.asked(&departure);
    (browser, asked)
}

fn state_of(town: &Town, id: &str) -> String {
    let sql = format!("SELECT state AS t FROM logout_hops WHERE request_id = '{id}'");
    rows::texts(&town.house.settings, &sql).pop().unwrap()
}

/// A page of ours that leads nowhere else.
fn is_plain(page: &Response) {
    assert!([200, 400].contains(&page.status), "{}", page.body);
    assert!(page.header("location").is_none() && page.header("refresh").is_none());
    assert!(!page.body.contains("evil.example"), "{}", page.body);
}

/// What is wrong, its code, and how it is made of the request's `ID`: each wrong in one thing only.
fn forgeries<'a>(
    wiki: &'a Peer,
    desk: &'a Peer,
    stranger: &'a Peer,
    now: DateTime<Utc>,
) -> Vec<(&'static str, &'static str, Forge<'a>)> {
    let by = move |issuer: &str, to: &str, id: &str| response(issuer, Some(id), to, &["Success"], now);
    let good = move |id: &str| by(&wiki.sp.entity_id, SLO, id);
    vec![
        (
            "unsigned",
            "SIGNATURE-MISSING",
            Box::new(move |id| wiki.carry(&good(id), None, false)),
        ),
        (
            "another key",
            "SIGNATURE-WRONG",
            Box::new(move |id| stranger.carry(&good(id), None, true)),
        ),
        (
            "another application's key",
            "SIGNATURE-WRONG",
            Box::new(move |id| desk.carry(&good(id), None, true)),
        ),
        (
            "another application, in its own name",
            "SIGNATURE-WRONG",
            Box::new(move |id| desk.carry(&by(&desk.sp.entity_id, SLO, id), None, true)),
        ),
        (
            "another Issuer",
            "ISSUER-OTHER",
            Box::new(move |id| wiki.carry(&by(&desk.sp.entity_id, SLO, id), None, true)),
        ),
        (
            "another Destination",
            "DESTINATION-WRONG",
            Box::new(move |id| {
                wiki.carry(
                    &by(&wiki.sp.entity_id, "https://evil.example/slo", id),
                    None,
                    true,
                )
            }),
        ),
        (
            "no Destination",
            "DESTINATION-WRONG",
            Box::new(move |id| {
                let xml = good(id).replace(&format!("Destination=\"{SLO}\" "), "");
                wiki.carry(&xml, None, true)
            }),
        ),
        (
            "another version",
            "VERSION-MISMATCH",
            Box::new(move |id| {
                wiki.carry(
                    &good(id).replace("Version=\"2.0\"", "Version=\"1.1\""),
                    None,
                    true,
                )
            }),
        ),
        (
            "changed after it was signed",
            "SIGNATURE-WRONG",
            Box::new(move |id| format!("{}&RelayState=x", wiki.carry(&good(id), None, true))),
        ),
        (
            "signed with SHA-1",
            "SIGNATURE-ALGORITHM",
            Box::new(move |id| {
                wiki.carry(&good(id), None, true)
                    .replace("rsa-sha256", "rsa-sha1")
                    .replace("2001%2F04%2Fxmldsig-more", "2000%2F09%2Fxmldsig")
            }),
        ),
    ]
}

#[test]
fn an_answer_that_proves_nothing_counts_as_none_and_the_logout_goes_on() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (wiki, desk) = (&town.peers[0], &town.peers[1]);
        let stranger = Peer {
            sp: TestSp::new(&wiki.sp.entity_id, &wiki.sp.acs),
            ..Peer::register(&town.house, "Stranger", Takes::Redirect)
        };
        let good = |id: &str| response(&wiki.sp.entity_id, Some(id), SLO, &["Success"], town.now());
        for (what, code, forge) in forgeries(wiki, desk, &stranger, town.now()) {
            let (mut browser, asked) = asked_one(&town);
            let response = browser.get(&forge(&asked.id));
            let page = arrive(&mut browser, response);
            assert_eq!(state_of(&town, &asked.id), "unconfirmed", "{what}");
            assert_eq!(
                badges(&page),
                pairs(&[("Wiki", "Not confirmed"), ("Desk", "To be asked")]),
                "{what}"
            );
            let noted = format!(
                "SELECT count(*) AS n FROM audit_events WHERE action = 'single_logout' AND outcome = '{code}'"
            );
            assert!(rows::number(&town.house.settings, &noted) > 0, "{what}: {code}");
            // What is true may still be said.
            let response = browser.get(&wiki.carry(&good(&asked.id), None, true));
            let page = arrive(&mut browser, response);
            assert_eq!(badges(&page)[0].1, "Ended", "{what}");
            town.house.clock.advance(TimeDelta::minutes(1));
        }
    });
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing_and_leads_nowhere() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let wiki = &town.peers[0];
        let (mut browser, asked) = asked_one(&town);
        let mut elsewhere = town.opened(&[0]).0;
        let xml = |to: Option<&str>, codes: &[&str]| response(&wiki.sp.entity_id, to, SLO, codes, town.now());
        let good = xml(Some(&asked.id), &["Success"]);
        let strays = [
            ("to nothing", xml(None, &["Success"])),
            ("to another", xml(Some("_0"), &["Success"])),
            ("to an injection", xml(Some("' OR 1=1 --"), &["Success"])),
            ("without a status", xml(Some(&asked.id), &[])),
            ("another kind", good.replace("LogoutResponse", "Response")),
            ("a request", good.replace("LogoutResponse", "LogoutRequest")),
            (
                "an assertion in it",
                good.replace(
                    "<samlp:Status>",
                    "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/><samlp:Status>",
                ),
            ),
            (
                "two",
                good.replace("</samlp:Status>", "</samlp:Status><samlp:Status/>"),
            ),
            (
                "a comment in the Issuer",
                good.replace("</saml:Issuer>", "<!-- -->.evil</saml:Issuer>"),
            ),
        ];
        for (what, xml) in strays {
            for relay in [None, Some("https://evil.example/")] {
                let address = wiki.carry(&xml, relay, true);
                let page = elsewhere.get(&address);
                is_plain(&page);
                assert!(Scene::is_signed_in(&elsewhere), "{what} ended a session");
                // Where a logout goes on, the browser is led back to it, and to nowhere else.
                let response = browser.get(&address);
                let page = arrive(&mut browser, response);
                assert_eq!(
                    badges(&page),
                    pairs(&[("Wiki", "Asked"), ("Desk", "To be asked")]),
                    "{what}"
                );
                assert!(
                    go_or_none(&page).is_none() && !page.body.contains("evil.example"),
                    "{what}"
                );
                assert_eq!(state_of(&town, &asked.id), "asked", "{what}");
            }
        }
    });
}

#[test]
fn an_answer_counts_once_and_its_relay_state_leads_nowhere() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let wiki = &town.peers[0];
        let (mut browser, asked) = asked_one(&town);
        let say = |code: &str| response(&wiki.sp.entity_id, Some(&asked.id), SLO, &[code], town.now());
        let good = wiki.carry(&say("Success"), Some("https://evil.example/"), true);
        let first = browser.get(&good);
        assert_eq!(first.status, 303);
        assert!(first.location().starts_with("/logout/"), "{}", first.location());
        for again in [good, wiki.carry(&say("Responder"), None, true)] {
            let response = browser.get(&again);
            let page = arrive(&mut browser, response);
            assert_eq!(
                badges(&page),
                pairs(&[("Wiki", "Ended"), ("Desk", "To be asked")])
            );
        }
        let unexpected = "SELECT count(*) AS n FROM audit_events WHERE outcome = 'RESPONSE-UNEXPECTED'";
        assert_eq!(rows::number(&town.house.settings, unexpected), 2);
    });
}

#[test]
fn an_answer_may_come_late_but_not_after_the_end() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, asked) = asked_one(&town);
        let answer = |asked: &Asked| town.peers[0].answer(asked, town.now(), Reply::Success);
        let stuck = browser.follow("/");
        let hop = stuck.field("hop").unwrap();
        let page = give_up(&mut browser, &stuck, &hop);
        assert_eq!(badges(&page)[0].1, "Not confirmed");
        let response = browser.get(&answer(&asked));
        let page = arrive(&mut browser, response);
        assert_eq!(
            badges(&page),
            pairs(&[("Wiki", "Ended"), ("Desk", "To be asked")])
        );
        // Delivered in another browser it is as true, and shows that browser nothing.
        let (_browser, asked) = asked_one(&town);
        let mut front = town.house.browser();
        let response = front.get(&answer(&asked));
        let page = arrive(&mut front, response);
        is_plain(&page);
        assert!(!page.body.contains("Wiki"), "{}", page.body);
        assert_eq!(state_of(&town, &asked.id), "confirmed");

        let (mut browser, asked) = asked_one(&town);
        town.house.clock.advance(TimeDelta::minutes(10));
        let response = browser.get(&answer(&asked));
        assert_eq!(response.status, 200, "{}", response.body);
        assert_eq!(state_of(&town, &asked.id), "asked");
    });
}

#[test]
fn without_a_certificate_no_answer_counts() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let edit = hallpass::provider::applications::ApplicationEdit {
            certificates: Some(Vec::new()),
            ..Default::default()
        };
        town.house
            .provider
            .edit_application(&town.peers[0].application.slug, edit)
            .unwrap()
            .unwrap();
        let (mut browser, asked) = asked_one(&town);
        let response = browser.get(&town.peers[0].answer(&asked, town.now(), Reply::Success));
        let page = arrive(&mut browser, response);
        assert_eq!(badges(&page)[0].1, "Not confirmed");
    });
}
