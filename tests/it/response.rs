//! What a response contains, to the letter, and which implementations accept its signatures.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    model::authn_context::AuthnContextClass,
    saml::{
        second_opinion::{self, Expected},
        urn::BEARER,
    },
};
use roxmltree::Document;

use crate::support::{
    assertions::{assert_lacks, assert_matches},
    inspect::{self, ASSERTION_SIGNATURE_XPATH, RESPONSE_SIGNATURE_XPATH, elements, only_element},
    sso_setup::{ACS, ADA, SsoSetup, WIKI},
    test_server::{PASSWORD, on_each_database},
    test_sp::{TestSp, posted_response},
};

#[test]
fn the_response_has_exactly_what_the_profile_requires() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let logged_in = setup.now();
        let mut browser = setup.signed_in_browser();
        setup.server.clock.advance(TimeDelta::minutes(42));
        let (now, us) = (setup.now(), setup.server.provider.saml().entity_id().unwrap());
        let (xml, _) = posted_response(&browser.get(&setup.sso_url("_r1")));
        let document = Document::parse(&xml).unwrap();
        let value = |element: &str, name: &str| {
            only_element(&document, element)
                .attribute(name)
                .map(str::to_owned)
        };
        let text = |element: &str| {
            only_element(&document, element)
                .text()
                .unwrap_or_default()
                .to_owned()
        };

        for issuer in elements(&document, "Issuer") {
            assert_eq!(
                (issuer.text(), issuer.attributes().count()),
                (Some(us.as_str()), 0)
            );
        }
        assert_eq!(elements(&document, "Issuer").len(), 2);
        assert_eq!(text("Audience"), WIKI);
        assert_eq!(value("Response", "Destination").as_deref(), Some(ACS));
        assert_eq!(
            value("SubjectConfirmationData", "Recipient").as_deref(),
            Some(ACS)
        );
        for element in ["Response", "SubjectConfirmationData"] {
            assert_eq!(
                value(element, "InResponseTo").as_deref(),
                Some("_r1"),
                "{element}"
            );
        }
        assert_eq!(value("SubjectConfirmation", "Method").as_deref(), Some(BEARER));
        assert_eq!(value("SubjectConfirmationData", "NotBefore"), None);
        assert_eq!(value("AuthnStatement", "SessionNotOnOrAfter"), None);
        assert_eq!(
            text("AuthnContextClassRef"),
            AuthnContextClass::PasswordProtectedTransport.uri()
        );
        assert_eq!(text("NameID"), ADA);
        assert_eq!(
            value("NameID", "Format").as_deref(),
            Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
        );
        assert_eq!(inspect::status_codes(&xml), ("Success".to_owned(), None));

        for (element, name, wanted) in [
            ("Response", "IssueInstant", now),
            ("Assertion", "IssueInstant", now),
            ("Conditions", "NotBefore", now - TimeDelta::seconds(60)),
            ("Conditions", "NotOnOrAfter", now + TimeDelta::minutes(5)),
            (
                "SubjectConfirmationData",
                "NotOnOrAfter",
                now + TimeDelta::minutes(5),
            ),
            ("AuthnStatement", "AuthnInstant", logged_in),
        ] {
            let written = value(element, name).unwrap();
            let read: DateTime<Utc> = written.parse().unwrap();
            assert!(
                written.ends_with('Z') && (read - wanted).abs() < TimeDelta::seconds(1),
                "{element} {name} {written}"
            );
        }
        for only_once in [
            "Assertion",
            "AudienceRestriction",
            "Audience",
            "AttributeStatement",
            "SessionIndex",
        ] {
            assert!(elements(&document, only_once).len() <= 1, "{only_once}");
        }
    });
}

#[test]
fn ids_are_160_random_bits_and_never_repeat() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let (mut ids, mut indexes) = (BTreeSet::new(), BTreeSet::new());
        for n in 0..10 {
            let (xml, _) = posted_response(&browser.get(&setup.sso_url(&format!("_r{n}"))));
            let document = Document::parse(&xml).unwrap();
            let index = only_element(&document, "AuthnStatement")
                .attribute("SessionIndex")
                .unwrap()
                .to_owned();
            for element in ["Response", "Assertion"] {
                let id = only_element(&document, element).attribute("ID").unwrap();
                assert!(ids.insert(id.to_owned()), "{id} twice");
            }
            indexes.insert(index);
        }
        assert_eq!(indexes.len(), 1, "one session has one SessionIndex");
        for id in ids.iter().chain(&indexes) {
            let hex = id.strip_prefix('_').unwrap();
            assert!(
                hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
                "{id}"
            );
        }
        let cookie = browser.cookies.values().cloned().collect::<String>();
        assert_lacks(&cookie, indexes.first().unwrap());
    });
}

#[test]
fn both_chatgpt_connections_get_the_eight_attributes_once_each() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        for (n, (name, entity_id, acs)) in [
            (
                "ChatGPT",
                "urn:auth0:openai:org-1",
                "https://auth0.openai.com/login/callback?connection=org-1",
            ),
            (
                "ChatGPT Enterprise",
                "ATZB94xJ",
                "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            setup.server.add_application(name, entity_id, acs, |_| {});
            let sp = TestSp::new(entity_id, acs);
            let page = browser.get(&sp.sso_url(&format!("_s{n}"), setup.now()));
            let (xml, action) = posted_response(&page);
            assert_eq!(action, acs);
            let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
            let id = setup.ada.stable_id.as_str();
            let mut wanted: Vec<(String, Vec<String>)> = [
                ("emailaddress", ADA),
                ("givenname", "Ada"),
                ("surname", "Lovelace"),
                ("name", "Ada Lovelace"),
            ]
            .map(|(name, value)| (format!("{claims}{name}"), vec![value.to_owned()]))
            .into();
            wanted.extend(
                [
                    ("id", id),
                    ("email", ADA),
                    ("firstName", "Ada"),
                    ("lastName", "Lovelace"),
                ]
                .map(|(name, value)| (name.to_owned(), vec![value.to_owned()])),
            );
            assert_eq!(inspect::saml_attributes(&xml), wanted);
            let document = Document::parse(&xml).unwrap();
            assert!(
                elements(&document, "Attribute")
                    .iter()
                    .all(|node| node.attribute("NameFormat").is_some()),
                "{xml}"
            );
        }
    });
}

/// Names that are known to break XML, HTML or logs.
pub(crate) const HOSTILE_NAMES: [&str; 9] = [
    "<script>alert(1)</script>",
    "A&B \"C\" 'D' ]]> <!-- E -->",
    "</saml:AttributeValue><saml:Attribute Name=\"email\"><saml:AttributeValue>admin@x",
    "&amp;&lt;&#60;&#x0a;",
    "${7*7} {{7*7}} #{7*7} %24%7b7*7%7d",
    "\u{202e}dekcatta \u{200f}\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "Zo\u{eb} \u{1f469}\u{200d}\u{1f4bb} \u{5f20}\u{4f1f}",
    "R'; DROP TABLE users; --",
    "a\u{a0}b \u{130}\u{1e9e}",
];

#[test]
fn hostile_names_arrive_unchanged() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let plain = {
            let (xml, _) = posted_response(&setup.signed_in_browser().get(&setup.sso_url("_plain")));
            Document::parse(&xml)
                .unwrap()
                .descendants()
                .filter(roxmltree::Node::is_element)
                .count()
        };
        let metadata = setup.server.provider.saml().metadata().unwrap();
        for (n, name) in HOSTILE_NAMES.into_iter().enumerate() {
            let email = format!("p{n}+'&x@fernweh.example");
            setup.server.add_user(&email, name, name);
            let mut browser = setup.server.browser();
            let login = browser.get_following_redirects(&setup.sso_url(&format!("_h{n}")));
            let page = browser.sign_in(&login, &email, PASSWORD);
            let (xml, _) = posted_response(&page);
            let attributes = inspect::saml_attributes(&xml);
            let value = |wanted: &str| {
                attributes
                    .iter()
                    .find(|(name, _)| name == wanted)
                    .unwrap()
                    .1
                    .clone()
            };
            assert_eq!(
                (value("firstName"), value("lastName")),
                (vec![name.to_owned()], vec![name.to_owned()])
            );
            assert_eq!(value("email"), [email.as_str()]);
            let document = Document::parse(&xml).unwrap();
            assert_eq!(
                document.descendants().filter(roxmltree::Node::is_element).count(),
                plain,
                "{xml}"
            );
            let expected = Expected {
                idp_metadata: &metadata.body,
                entity_id: WIKI,
                acs: ACS,
                request_ids: None,
            };
            let expected = Expected {
                request_ids: Some(&[&format!("_h{n}")]),
                ..expected
            };
            let read =
                second_opinion::read_response(&page.field("SAMLResponse").unwrap(), &expected).unwrap();
            assert!(
                read.attributes
                    .iter()
                    .any(|(_, values)| *values == [name.to_owned()]),
                "{:?}",
                read.attributes
            );
            assert!(!page.body.contains("<script>alert"), "{}", page.body);
            assert_lacks(&browser.get("/").body, "<script>alert");
        }
    });
}

#[test]
fn both_signatures_are_accepted_by_three_implementations() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let page = browser.get(&setup.sso_url("_r1"));
        let (xml, _) = posted_response(&page);
        let (certificate, _) = setup.server.provider.saml().certificate_pem().unwrap();
        let metadata = setup.server.provider.saml().metadata().unwrap();
        assert_eq!(second_opinion::verify(&xml, &certificate.der).unwrap(), 2);
        for xpath in [RESPONSE_SIGNATURE_XPATH, ASSERTION_SIGNATURE_XPATH] {
            inspect::verify_with_xmlsec1(&xml, &certificate.der, xpath).unwrap();
        }
        let expected = Expected {
            idp_metadata: &metadata.body,
            entity_id: WIKI,
            acs: ACS,
            request_ids: Some(&["_r1"]),
        };
        let encoded = page.field("SAMLResponse").unwrap();
        let read = second_opinion::read_response(&encoded, &expected).unwrap();
        assert_eq!((read.signatures, read.name_id.0.as_str()), (2, ADA));
        let other = Expected {
            request_ids: Some(&["_r2"]),
            ..expected
        };
        assert_matches!(second_opinion::read_response(&encoded, &other), Err(_));
        for (from, to) in [
            (ADA, "eve@fernweh.example"),
            ("Lovelace", "Lovelac3"),
            ("_r1", "_r2"),
        ] {
            let forged = xml.replace(from, to);
            assert!(
                second_opinion::verify(&forged, &certificate.der).is_err(),
                "{from}"
            );
            assert!(
                inspect::verify_with_xmlsec1(&forged, &certificate.der, RESPONSE_SIGNATURE_XPATH).is_err(),
                "{from}"
            );
            // samael itself verifies nothing: the response was verified before samael read it.
            let refused = second_opinion::read_response(&STANDARD.encode(&forged), &expected);
            assert!(
                matches!(refused, Err(second_opinion::Error::Xmlsec(_))),
                "{from}: {refused:?}"
            );
        }
        let document = Document::parse(&xml).unwrap();
        for (element, wanted) in [
            (
                "SignatureMethod",
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            ),
            ("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256"),
            (
                "CanonicalizationMethod",
                "http://www.w3.org/2001/10/xml-exc-c14n#",
            ),
        ] {
            let found: Vec<_> = elements(&document, element)
                .iter()
                .map(|node| node.attribute("Algorithm"))
                .collect();
            assert_eq!(found, [Some(wanted); 2], "{element}");
        }
    });
}
