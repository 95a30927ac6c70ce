//! Logout messages of service providers over HTTP-POST: signed inside the XML, and without the cookies that a browser
//! withholds from another site's form.

use openssl::pkey::PKey;

use super::*;
use crate::support::{
    assertions::{assert_lacks, assert_matches},
    http, sql,
    sso_setup::SsoSetup,
    test_server::on_each_database,
    xml_signature::{insert_after_issuer, saml_template, sign_with_xmlsec1},
};

const TWO: [(&str, SloBinding); 2] = [("Wiki", SloBinding::Post), ("Mail", SloBinding::Post)];

/// Adds a signature of this service provider, made by another implementation.
fn sign(sp: &TestSp, xml: &str) -> String {
    let id = attribute(xml, root_name(xml), "ID");
    let key = PKey::private_key_from_pkcs8(sp.key.private.expose()).unwrap();
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    sign_with_xmlsec1(&insert_after_issuer(xml, &saml_template(&id).xml()), &pem)
}

fn root_name(xml: &str) -> &str {
    xml.strip_prefix("<samlp:").unwrap().split(' ').next().unwrap()
}

/// Posts a form of another site.
fn post(browser: &mut Browser, field: &str, xml: &str, relay_state: Option<&str>) -> Response {
    let message = STANDARD.encode(xml);
    let mut fields = vec![(field, message.as_str())];
    fields.extend(relay_state.map(|state| ("RelayState", state)));
    browser.post_body(
        "/saml/slo",
        "application/x-www-form-urlencoded",
        &http::form_body(&fields),
    )
}

fn logout_request_xml(setup: &LogoutSetup, peer: usize, id: &str, index: &str) -> String {
    setup.participants[peer]
        .sp
        .logout_request(id, setup.now(), SLO, (ADA, EMAIL_ADDRESS), Some(index))
}

#[test]
fn a_posted_request_begins_a_logout_and_posted_responses_advance_it() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let request = sign(
            &setup.participants[0].sp,
            &logout_request_xml(&setup, 0, "_l1", &indexes[0]),
        );
        let response = post(&mut browser, "SAMLRequest", &request, Some(RELAY_STATE));
        assert_eq!(open_sessions(&setup), 0, "the GET is not awaited");
        assert!(
            response.location().ends_with("/resume"),
            "a GET brings the cookies: {}",
            response.location()
        );
        let response = follow_own_redirect(&mut browser, response);
        let page = follow_own_redirect(&mut browser, response);
        assert_eq!(participant_badges(&page), owned_pairs(&[("Mail", "To be asked")]));
        let forwarded = browser.get(&automatic_link(&page).unwrap());
        let to_mail = setup.receive_request(&forwarded);
        let answer = logout_response_to(&setup, 1, &to_mail.id);
        let answered = post(
            &mut browser,
            "SAMLResponse",
            &sign(&setup.participants[1].sp, &answer),
            Some("https://evil.example/"),
        );
        let page = follow_own_redirect(&mut browser, answered);
        assert_eq!(participant_badges(&page), owned_pairs(&[("Mail", "Ended")]));
        let back = setup
            .receive_response(&browser.get(&automatic_link(&page).unwrap()))
            .unwrap();
        assert_eq!(response_status(&back), success());
        assert_eq!(back.relay_state.as_deref(), Some(RELAY_STATE));
    });
}

fn logout_response_to(setup: &LogoutSetup, peer: usize, id: &str) -> String {
    logout_response_xml(
        &setup.participants[peer].sp.entity_id,
        Some(id),
        SLO,
        &["Success"],
        setup.now(),
    )
}

#[test]
fn an_unsigned_or_wrongly_signed_post_ends_and_confirms_nothing() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let (wiki, mail) = (&setup.participants[0].sp, &setup.participants[1].sp);
        let plain = logout_request_xml(&setup, 0, "_l1", &indexes[0]);
        for (what, xml) in [
            ("unsigned", plain.clone()),
            ("by another application", sign(mail, &plain)),
            (
                "changed since",
                sign(wiki, &plain).replace(&indexes[0], &indexes[1]),
            ),
            ("signed over another message", {
                let inner = sign(wiki, &logout_request_xml(&setup, 0, "_l2", "_0000"));
                let signature = &inner[inner.find("<ds:Signature").unwrap()..];
                let signature = &signature[..signature.find("</ds:Signature>").unwrap() + 15];
                insert_after_issuer(&plain, signature)
            }),
        ] {
            let page = post(&mut browser, "SAMLRequest", &xml, None);
            assert_eq!(page.status, 400, "{what}: {}", page.body);
            assert!(SsoSetup::is_signed_in(&browser), "{what}");
        }
        let page = LogoutSetup::sign_out(&mut browser);
        let request = setup.receive_request(&browser.get(&automatic_link(&page).unwrap()));
        let truth = logout_response_to(&setup, 0, &request.id);
        for xml in [truth.clone(), sign(mail, &truth)] {
            let answered = post(&mut browser, "SAMLResponse", &xml, None);
            let page = follow_own_redirect(&mut browser, answered);
            assert_eq!(
                participant_badges(&page)[0],
                ("Wiki".to_owned(), "Not confirmed".to_owned())
            );
        }
        let answered = post(&mut browser, "SAMLResponse", &sign(wiki, &truth), None);
        let page = follow_own_redirect(&mut browser, answered);
        assert_eq!(
            participant_badges(&page)[0],
            ("Wiki".to_owned(), "Ended".to_owned())
        );
    });
}

#[test]
fn an_unsolicited_cross_site_form_redirects_to_our_confirmation_page() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut browser, _) = setup.browser_signed_in_at(&[0]);
        let unsolicited = sign(&setup.participants[0].sp, &logout_response_to(&setup, 0, "_0"));
        for (field, xml) in [("SAMLResponse", unsolicited.as_str()), ("Other", "x")] {
            let answer = post(&mut browser, field, xml, Some("https://evil.example/"));
            assert_eq!((answer.status, answer.location()), (303, "/logout"), "{field}");
            let page = browser.get("/logout");
            assert!(
                page.body.contains("Sign out?"),
                "nobody is told that they are signed out: {}",
                page.body
            );
        }
        SsoSetup::assert_signed_in(&browser);
    });
}

fn open_sessions(setup: &LogoutSetup) -> i64 {
    let open = "SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL";
    sql::number(&setup.server.settings, open)
}

fn signed_logout_request(setup: &LogoutSetup, peer: usize, id: &str, index: Option<&str>) -> String {
    let sp = &setup.participants[peer].sp;
    sign(
        sp,
        &sp.logout_request(id, setup.now(), SLO, (ADA, EMAIL_ADDRESS), index),
    )
}

#[test]
fn a_request_posted_from_another_browser_only_gets_the_response() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut ada, indexes) = setup.browser_signed_in_at(&[0, 1]);
        let mut stranger = setup.server.browser();
        let xml = signed_logout_request(&setup, 0, "_l1", Some(&indexes[0]));
        let round = post(&mut stranger, "SAMLRequest", &xml, Some(RELAY_STATE));
        assert_eq!(open_sessions(&setup), 0, "the session that it names ends at once");
        let resume = round.location().to_owned();
        // The address alone is not enough: it belongs to the browser that posted.
        assert_matches!(setup.receive_response(&setup.server.browser().get(&resume)), None);
        let answered = stranger.get(&resume);
        assert_lacks(&answered.body, "Mail");
        assert_lacks(&answered.body, "Lovelace");
        let back = setup.receive_response(&answered).unwrap();
        assert_eq!(
            (response_status(&back), back.relay_state.as_deref()),
            (partial_logout(), Some(RELAY_STATE))
        );
        assert!(setup.receive_response(&stranger.get(&resume)).is_none(), "once");
        let page = ada.get_following_redirects("/");
        assert_eq!(
            participant_badges(&page),
            owned_pairs(&[("Application 1", "To be asked")]),
            "{}",
            page.body
        );
    });
}

#[test]
fn a_posted_request_without_a_session_index_uses_the_session_cookie_after_a_redirect() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &TWO);
        let (mut ada, _) = setup.browser_signed_in_at(&[0, 1]);
        let (other, _) = setup.browser_signed_in_at(&[0]);
        let xml = signed_logout_request(&setup, 0, "_l1", None);
        let round = post(&mut ada, "SAMLRequest", &xml, Some(RELAY_STATE));
        SsoSetup::assert_signed_in(&ada);
        let replayed = post(&mut ada, "SAMLRequest", &xml, None);
        assert!(replayed.body.contains("REQUEST-ANSWERED"), "{}", replayed.body);
        let response = follow_own_redirect(&mut ada, round);
        let page = follow_own_redirect(&mut ada, response);
        SsoSetup::assert_signed_out(&ada);
        SsoSetup::assert_signed_in(&other);
        let LogoutOutcome::LogoutResponse(_, back) =
            setup.run_to_end(&mut ada, page, &|_| ParticipantReply::Success)
        else {
            panic!("no answer")
        };
        assert_eq!(
            (response_status(&back), back.relay_state.as_deref()),
            (success(), Some(RELAY_STATE))
        );

        // In a browser without a session only the sender's participation ends, even if nobody follows the redirect.
        for follows in [true, false] {
            let (ada, _) = setup.browser_signed_in_at(&[0, 1]);
            let mut stranger = setup.server.browser();
            let xml = signed_logout_request(&setup, 0, &format!("_l-{follows}"), None);
            let round = post(&mut stranger, "SAMLRequest", &xml, None);
            if follows {
                let back = setup.receive_response(&stranger.get(round.location())).unwrap();
                assert_eq!(response_status(&back), partial_logout());
            } else {
                setup.server.clock.advance(TimeDelta::minutes(10));
                setup.server.provider.run_housekeeping().unwrap();
                assert_matches!(setup.receive_response(&stranger.get(round.location())), None);
            }
            SsoSetup::assert_signed_in(&ada);
            let page = ada.clone().get("/logout");
            assert!(
                page.body.contains("Mail") && !page.body.contains("Wiki"),
                "{}",
                page.body
            );
        }
    });
}
