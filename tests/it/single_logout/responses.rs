//! What applications respond, truthfully or not: only a signed response of the application that was asked counts.

use super::*;
use crate::support::{sql, sso_setup::SsoSetup, test_server::on_each_database};

const TWO: [(&str, SloBinding); 3] = [
    ("Wiki", SloBinding::Redirect),
    ("Desk", SloBinding::Redirect),
    ("Mail", SloBinding::Post),
];

/// Makes a response to the request with this `ID`.
type Forge<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// Ada has signed out, and the first application was asked.
fn first_request_sent(setup: &LogoutSetup) -> (Browser, ReceivedLogoutRequest) {
    let (mut browser, _) = setup.browser_signed_in_at(&[0, 1]);
    let page = LogoutSetup::sign_out(&mut browser);
    let forwarded = browser.get(&automatic_link(&page).unwrap());
    let request = setup.receive_request(&forwarded);
    (browser, request)
}

fn participant_state(setup: &LogoutSetup, id: &str) -> String {
    let sql = format!("SELECT state AS t FROM logout_hops WHERE request_id = '{id}'");
    sql::texts(&setup.server.settings, &sql).pop().unwrap()
}

/// A page of ours that leads nowhere else.
fn assert_page_without_redirect(page: &Response) {
    assert!([200, 400].contains(&page.status), "{}", page.body);
    assert_eq!(page.header("location"), None);
    assert_eq!(page.header("refresh"), None);
    assert!(!page.body.contains("evil.example"), "{}", page.body);
}

/// What is wrong, the code of the refusal, and how the response is made from the request's `ID`: each wrong in one
/// respect only.
fn forged_responses<'a>(
    wiki: &'a TestParticipant,
    desk: &'a TestParticipant,
    stranger: &'a TestParticipant,
    now: DateTime<Utc>,
) -> Vec<(&'static str, &'static str, Forge<'a>)> {
    let by =
        move |issuer: &str, to: &str, id: &str| logout_response_xml(issuer, Some(id), to, &["Success"], now);
    let good = move |id: &str| by(&wiki.sp.entity_id, SLO, id);
    vec![
        (
            "unsigned",
            "SIGNATURE-MISSING",
            Box::new(move |id| wiki.logout_response_url(&good(id), None, false)),
        ),
        (
            "another key",
            "SIGNATURE-WRONG",
            Box::new(move |id| stranger.logout_response_url(&good(id), None, true)),
        ),
        (
            "another application's key",
            "SIGNATURE-WRONG",
            Box::new(move |id| desk.logout_response_url(&good(id), None, true)),
        ),
        (
            "another application, in its own name",
            "SIGNATURE-WRONG",
            Box::new(move |id| desk.logout_response_url(&by(&desk.sp.entity_id, SLO, id), None, true)),
        ),
        (
            "another Issuer",
            "ISSUER-OTHER",
            Box::new(move |id| wiki.logout_response_url(&by(&desk.sp.entity_id, SLO, id), None, true)),
        ),
        (
            "another Destination",
            "DESTINATION-WRONG",
            Box::new(move |id| {
                wiki.logout_response_url(
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
                wiki.logout_response_url(&xml, None, true)
            }),
        ),
        (
            "another version",
            "VERSION-MISMATCH",
            Box::new(move |id| {
                wiki.logout_response_url(
                    &good(id).replace("Version=\"2.0\"", "Version=\"1.1\""),
                    None,
                    true,
                )
            }),
        ),
        (
            "changed after it was signed",
            "SIGNATURE-WRONG",
            Box::new(move |id| format!("{}&RelayState=x", wiki.logout_response_url(&good(id), None, true))),
        ),
        (
            "signed with SHA-1",
            "SIGNATURE-ALGORITHM",
            Box::new(move |id| {
                wiki.logout_response_url(&good(id), None, true)
                    .replace("rsa-sha256", "rsa-sha1")
                    .replace("2001%2F04%2Fxmldsig-more", "2000%2F09%2Fxmldsig")
            }),
        ),
    ]
}

#[test]
fn an_invalid_response_is_ignored_and_the_logout_continues() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (wiki, desk) = (&setup.participants[0], &setup.participants[1]);
        let stranger = TestParticipant {
            sp: TestSp::new(&wiki.sp.entity_id, &wiki.sp.acs),
            ..TestParticipant::register(&setup.server, "Stranger", SloBinding::Redirect)
        };
        let good =
            |id: &str| logout_response_xml(&wiki.sp.entity_id, Some(id), SLO, &["Success"], setup.now());
        for (what, code, forge) in forged_responses(wiki, desk, &stranger, setup.now()) {
            let (mut browser, request) = first_request_sent(&setup);
            let response = browser.get(&forge(&request.id));
            let page = follow_own_redirect(&mut browser, response);
            assert_eq!(participant_state(&setup, &request.id), "unconfirmed", "{what}");
            assert_eq!(
                participant_badges(&page),
                owned_pairs(&[("Wiki", "Not confirmed"), ("Desk", "To be asked")]),
                "{what}"
            );
            let noted = format!(
                "SELECT count(*) AS n FROM audit_events WHERE action = 'single_logout' AND outcome = '{code}'"
            );
            assert!(sql::number(&setup.server.settings, &noted) > 0, "{what}: {code}");
            // A correct response is still accepted.
            let response = browser.get(&wiki.logout_response_url(&good(&request.id), None, true));
            let page = follow_own_redirect(&mut browser, response);
            assert_eq!(participant_badges(&page)[0].1, "Ended", "{what}");
            setup.server.clock.advance(TimeDelta::minutes(1));
        }
    });
}

#[test]
fn an_unsolicited_response_changes_nothing_and_does_not_redirect() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let wiki = &setup.participants[0];
        let (mut browser, request) = first_request_sent(&setup);
        let mut elsewhere = setup.browser_signed_in_at(&[0]).0;
        let xml = |to: Option<&str>, codes: &[&str]| {
            logout_response_xml(&wiki.sp.entity_id, to, SLO, codes, setup.now())
        };
        let good = xml(Some(&request.id), &["Success"]);
        let unsolicited = [
            ("to nothing", xml(None, &["Success"])),
            ("to another", xml(Some("_0"), &["Success"])),
            ("to an injection", xml(Some("' OR 1=1 --"), &["Success"])),
            ("without a status", xml(Some(&request.id), &[])),
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
        for (what, xml) in unsolicited {
            for relay in [None, Some("https://evil.example/")] {
                let address = wiki.logout_response_url(&xml, relay, true);
                let page = elsewhere.get(&address);
                assert_page_without_redirect(&page);
                assert!(SsoSetup::is_signed_in(&elsewhere), "{what} ended a session");
                // While a logout is under way, the browser is redirected to it, and nowhere else.
                let response = browser.get(&address);
                let page = follow_own_redirect(&mut browser, response);
                assert_eq!(
                    participant_badges(&page),
                    owned_pairs(&[("Wiki", "Asked"), ("Desk", "To be asked")]),
                    "{what}"
                );
                assert!(
                    automatic_link_unchecked(&page).is_none() && !page.body.contains("evil.example"),
                    "{what}"
                );
                assert_eq!(participant_state(&setup, &request.id), "asked", "{what}");
            }
        }
    });
}

#[test]
fn a_response_is_accepted_once_and_its_relay_state_does_not_redirect() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let wiki = &setup.participants[0];
        let (mut browser, request) = first_request_sent(&setup);
        let response_with = |code: &str| {
            logout_response_xml(&wiki.sp.entity_id, Some(&request.id), SLO, &[code], setup.now())
        };
        let good = wiki.logout_response_url(&response_with("Success"), Some("https://evil.example/"), true);
        let first = browser.get(&good);
        assert_eq!(first.status, 303);
        assert!(first.location().starts_with("/logout/"), "{}", first.location());
        for again in [
            good,
            wiki.logout_response_url(&response_with("Responder"), None, true),
        ] {
            let response = browser.get(&again);
            let page = follow_own_redirect(&mut browser, response);
            assert_eq!(
                participant_badges(&page),
                owned_pairs(&[("Wiki", "Ended"), ("Desk", "To be asked")])
            );
        }
        let unexpected = "SELECT count(*) AS n FROM audit_events WHERE outcome = 'RESPONSE-UNEXPECTED'";
        assert_eq!(sql::number(&setup.server.settings, unexpected), 2);
    });
}

#[test]
fn a_late_response_is_accepted_until_the_logout_ends() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, request) = first_request_sent(&setup);
        let answer = |request: &ReceivedLogoutRequest| {
            setup.participants[0].reply_url(request, setup.now(), ParticipantReply::Success)
        };
        let stuck = browser.get_following_redirects("/");
        let hop_id = stuck.field("hop").unwrap();
        let page = press_continue(&mut browser, &stuck, &hop_id);
        assert_eq!(participant_badges(&page)[0].1, "Not confirmed");
        let response = browser.get(&answer(&request));
        let page = follow_own_redirect(&mut browser, response);
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Wiki", "Ended"), ("Desk", "To be asked")])
        );
        // In another browser the response counts as much, and shows that browser nothing.
        let (_browser, request) = first_request_sent(&setup);
        let mut front = setup.server.browser();
        let response = front.get(&answer(&request));
        let page = follow_own_redirect(&mut front, response);
        assert_page_without_redirect(&page);
        assert!(!page.body.contains("Wiki"), "{}", page.body);
        assert_eq!(participant_state(&setup, &request.id), "confirmed");

        let (mut browser, request) = first_request_sent(&setup);
        setup.server.clock.advance(TimeDelta::minutes(10));
        let response = browser.get(&answer(&request));
        assert_eq!(response.status, 200, "{}", response.body);
        assert_eq!(participant_state(&setup, &request.id), "asked");
    });
}

#[test]
fn without_a_registered_certificate_no_response_is_accepted() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let edit = hallpass::provider::applications::ApplicationEdit {
            signing_certificates: Some(Vec::new()),
            ..Default::default()
        };
        setup
            .server
            .applications()
            .edit_application(&setup.participants[0].application.slug, edit)
            .unwrap()
            .unwrap();
        let (mut browser, request) = first_request_sent(&setup);
        let response =
            browser.get(&setup.participants[0].reply_url(&request, setup.now(), ParticipantReply::Success));
        let page = follow_own_redirect(&mut browser, response);
        assert_eq!(participant_badges(&page)[0].1, "Not confirmed");
    });
}
