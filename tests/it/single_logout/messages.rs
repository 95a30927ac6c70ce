//! Our own logout messages: valid, signed, and with the NameID that the application knows.

use hallpass::{
    model::user::Email,
    provider::people::{
        email_decisions::{EmailDecision, EmailDecisions},
        user_edit::UserEdit,
    },
};

use super::*;
use crate::{
    schemas::{PROTOCOL_SCHEMA, validate_against_schema},
    support::{inspect, sp_keys, test_server::on_each_database},
};

const THREE: [(&str, SloBinding); 3] = [
    ("Wiki", SloBinding::Redirect),
    ("Mail", SloBinding::Post),
    ("Desk", SloBinding::Redirect),
];

fn assert_signed(setup: &LogoutSetup, xml: &str, address: Option<&str>, what: &str) {
    let (certificate, _) = setup.server.provider.saml().certificate_pem().unwrap();
    validate_against_schema(xml, PROTOCOL_SCHEMA).unwrap();
    if let Some(address) = address {
        assert!(
            sp_keys::query_signature_is_valid(address, &certificate),
            "{address}"
        );
        assert!(
            !xml.contains("<ds:Signature"),
            "beside the query, and nowhere else"
        );
    } else {
        let xpath = format!("/*[local-name()='{what}']/*[local-name()='Signature']");
        inspect::verify_with_xmlsec1(xml, &certificate.der, &xpath).unwrap();
        let forged = xml.replace("Version=\"2.0\"", "Version=\"2.1\"");
        inspect::verify_with_xmlsec1(&forged, &certificate.der, &xpath).unwrap_err();
    }
}

#[test]
fn requests_are_valid_signed_and_carry_the_name_id_of_the_application() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &THREE);
        let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
        let page = LogoutSetup::sign_out(&mut browser);
        let us = setup.server.provider.saml().entity_id().unwrap();
        let ids = std::cell::RefCell::new(Vec::new());
        setup.run_to_end(&mut browser, page, &|request| {
            assert_signed(
                &setup,
                &request.xml,
                request.redirect_url.as_deref(),
                "LogoutRequest",
            );
            assert_eq!(request.relay_state, None, "we need nothing back");
            let document = Document::parse(&request.xml).unwrap();
            let root = only_element(&document, "LogoutRequest");
            assert_eq!(
                root.attribute("Destination"),
                Some(setup.participants[request.participant].slo.as_str())
            );
            assert_eq!(
                root.attribute("Reason"),
                Some("urn:oasis:names:tc:SAML:2.0:logout:user")
            );
            let time = |name: &str| {
                DateTime::parse_from_rfc3339(root.attribute(name).unwrap())
                    .unwrap()
                    .to_utc()
            };
            let (now, issued, end) = (setup.now(), time("IssueInstant"), time("NotOnOrAfter"));
            assert!(
                (issued..end).contains(&now),
                "{now} is not within {issued} and {end}"
            );
            assert_eq!(only_element(&document, "Issuer").text(), Some(us.as_str()));
            let name = only_element(&document, "NameID");
            assert_eq!(
                (name.text(), name.attribute("Format")),
                (Some(ADA), Some(EMAIL_ADDRESS))
            );
            assert_eq!(
                only_element(&document, "SessionIndex").text(),
                Some(indexes[request.participant].as_str())
            );
            assert!(request.id.len() == 41, "160 random bits: {}", request.id);
            ids.borrow_mut().push(request.id.clone());
            ParticipantReply::Success
        });
        let mut ids = ids.into_inner();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    });
}

#[test]
fn responses_are_valid_and_signed_over_either_binding() {
    on_each_database(|database| {
        for asker in [0, 1] {
            for reply in [ParticipantReply::Success, ParticipantReply::NoResponse] {
                let setup = LogoutSetup::new(
                    &crate::support::test_server::fresh_database_like(database),
                    &THREE,
                );
                let (mut browser, indexes) = setup.browser_signed_in_at(&[0, 1, 2]);
                let response = browser.get(&setup.logout_request_url(asker, "_l1", Some(&indexes[asker])));
                let page = follow_own_redirect(&mut browser, response);
                let LogoutOutcome::LogoutResponse(_, back) = setup.run_to_end(&mut browser, page, &|_| reply)
                else {
                    panic!("no answer")
                };
                assert_signed(&setup, &back.xml, back.redirect_url.as_deref(), "LogoutResponse");
                assert_eq!(
                    back.redirect_url.is_none(),
                    asker == 1,
                    "by the binding that it registered"
                );
                let document = Document::parse(&back.xml).unwrap();
                let root = only_element(&document, "LogoutResponse");
                assert_eq!(
                    root.attribute("Destination"),
                    Some(setup.participants[asker].slo.as_str())
                );
            }
        }
    });
}

#[test]
fn a_response_goes_to_the_response_location_where_there_is_one() {
    on_each_database(|database| {
        let setup = LogoutSetup::new(database, &[]);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs");
        let done = SpUrl::parse("https://wiki.example/slo/done").unwrap();
        setup
            .server
            .add_application("Wiki", &sp.entity_id, &sp.acs, |new| {
                new.saml.signing_certificates = vec![sp.certificate()];
                new.saml.logout = Some(LogoutEndpoint {
                    response_location: Some(done.clone()),
                    ..endpoint(Binding::Redirect, "https://wiki.example/slo")
                });
            });
        let (mut browser, _) = setup.browser_signed_in_at(&[]);
        posted_response(&browser.get(&sp.sso_url("_r1", setup.now())));
        let xml = sp.logout_request("_l1", setup.now(), SLO, (ADA, EMAIL_ADDRESS), None);
        let answered = browser.get(&format!("/saml/slo?{}", sp.redirect_query(&xml, None, true)));
        let address = answered.location();
        assert!(
            address.starts_with("https://wiki.example/slo/done?SAMLResponse="),
            "{address}"
        );
        assert!(!address.contains("RelayState"), "none came, none goes");
        let at = address.find("SAMLResponse=").unwrap();
        let answer = redirect::decode(&address[at..]).unwrap().xml;
        assert_eq!(attribute(&answer, "LogoutResponse", "Destination"), done.as_str());
    });
}

#[test]
fn a_request_names_the_person_as_the_participant_received_them() {
    on_each_database(|database| {
        const NEW: &str = "ada.king@fernweh.example";
        let setup = LogoutSetup::new(database, &THREE);
        let (mut browser, _) = setup.browser_signed_in_at(&[0, 1, 2]);
        let mut decisions = EmailDecisions::all(EmailDecision::SendNew);
        let wiki = setup.participants[0].application.slug.clone();
        decisions.by_application.insert(wiki, EmailDecision::KeepOld);
        let edit = UserEdit {
            email: Some(Email::parse(NEW).unwrap()),
            email_decisions: decisions,
            ..UserEdit::default()
        };
        let ada = Email::parse(ADA).unwrap();
        setup.server.people().edit_user(&ada, &edit).unwrap().unwrap();
        // The first keeps the address of before, the second has received the new one since, the third has not.
        setup.sign_in_at(&mut browser, 0);
        setup.sign_in_at(&mut browser, 1);
        let page = LogoutSetup::sign_out(&mut browser);
        let names = std::cell::RefCell::new(Vec::new());
        setup.run_to_end(&mut browser, page, &|request| {
            let document = Document::parse(&request.xml).unwrap();
            let name = only_element(&document, "NameID").text().unwrap().to_owned();
            names.borrow_mut().push((request.participant, name));
            ParticipantReply::Success
        });
        let mut names = names.into_inner();
        names.sort_unstable();
        assert_eq!(
            names,
            [(0, ADA.to_owned()), (1, NEW.to_owned()), (2, ADA.to_owned())]
        );
    });
}
