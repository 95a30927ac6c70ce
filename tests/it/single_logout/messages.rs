//! What our own logout messages are: valid, signed, and about the person as the other side knows them.

use super::*;
use crate::{
    schemas::{MESSAGES, is_valid},
    support::{house::on_each_database, judge, signing},
};

const THREE: [(&str, Takes); 3] = [
    ("Wiki", Takes::Redirect),
    ("Mail", Takes::Post),
    ("Desk", Takes::Redirect),
];

fn is_signed(town: &Town, xml: &str, address: Option<&str>, what: &str) {
    let (certificate, _) = town.house.provider.certificate_pem().unwrap();
    is_valid(xml, MESSAGES).unwrap();
    if let Some(address) = address {
        assert!(signing::query_verifies(address, &certificate), "{address}");
        assert!(
            !xml.contains("<ds:Signature"),
            "beside the query, and nowhere else"
        );
    } else {
        let xpath = format!("/*[local-name()='{what}']/*[local-name()='Signature']");
        judge::xmlsec1_verifies(xml, &certificate.der, &xpath).unwrap();
        let forged = xml.replace("Version=\"2.0\"", "Version=\"2.1\"");
        judge::xmlsec1_verifies(&forged, &certificate.der, &xpath).unwrap_err();
    }
}

#[test]
fn requests_are_valid_signed_and_name_the_person_as_the_application_knows_them() {
    on_each_database(|database| {
        let town = Town::new(database, &THREE);
        let (mut browser, indexes) = town.opened(&[0, 1, 2]);
        let page = Town::sign_out(&mut browser);
        let us = town.house.provider.entity_id().unwrap();
        let ids = std::cell::RefCell::new(Vec::new());
        town.walk(&mut browser, page, &|asked| {
            is_signed(&town, &asked.xml, asked.address.as_deref(), "LogoutRequest");
            assert_eq!(asked.relay_state, None, "we need nothing back");
            let document = Document::parse(&asked.xml).unwrap();
            let root = only(&document, "LogoutRequest");
            assert_eq!(
                root.attribute("Destination"),
                Some(town.peers[asked.peer].slo.as_str())
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
            assert!(time("IssueInstant") <= town.now() && town.now() < time("NotOnOrAfter"));
            assert_eq!(only(&document, "Issuer").text(), Some(us.as_str()));
            let name = only(&document, "NameID");
            assert_eq!(
                (name.text(), name.attribute("Format")),
                (Some(ADA), Some(EMAIL_ADDRESS))
            );
            assert_eq!(
                only(&document, "SessionIndex").text(),
                Some(indexes[asked.peer].as_str())
            );
            assert!(asked.id.len() == 41, "160 random bits: {}", asked.id);
            ids.borrow_mut().push(asked.id.clone());
            Reply::Success
        });
        let mut ids = ids.into_inner();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    });
}

#[test]
fn answers_are_valid_and_signed_whichever_way_they_go() {
    on_each_database(|database| {
        for asker in [0, 1] {
            for reply in [Reply::Success, Reply::Silence] {
                let town = Town::new(&crate::support::house::another(database), &THREE);
                let (mut browser, indexes) = town.opened(&[0, 1, 2]);
                let response = browser.get(&town.request(asker, "_l1", Some(&indexes[asker])));
                let page = arrive(&mut browser, response);
                let End::Answer(_, back) = town.walk(&mut browser, page, &|_| reply) else {
                    panic!("no answer")
                };
                is_signed(&town, &back.xml, back.address.as_deref(), "LogoutResponse");
                assert_eq!(
                    back.address.is_none(),
                    asker == 1,
                    "by the binding that it registered"
                );
                let document = Document::parse(&back.xml).unwrap();
                let root = only(&document, "LogoutResponse");
                assert_eq!(
                    root.attribute("Destination"),
                    Some(town.peers[asker].slo.as_str())
                );
            }
        }
    });
}

#[test]
fn an_answer_goes_to_its_own_address_where_there_is_one() {
    on_each_database(|database| {
        let town = Town::new(database, &[]);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs");
        let done = AcsUrl::parse("https://wiki.example/slo/done").unwrap();
        town.house.add_application("Wiki", &sp.entity_id, &sp.acs, |new| {
            new.saml.certificates = vec![sp.certificate()];
            new.saml.logout = Some(LogoutEndpoint {
                response_location: Some(done.clone()),
                ..endpoint(Binding::Redirect, "https://wiki.example/slo")
            });
        });
        let (mut browser, _) = town.opened(&[]);
        posted(&browser.get(&sp.sign_on_address("_r1", town.now())));
        let xml = sp.logout_request("_l1", town.now(), SLO, (ADA, EMAIL_ADDRESS), None);
        let answered = browser.get(&format!("/saml/slo?{}", sp.query(&xml, None, true)));
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
