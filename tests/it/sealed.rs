//! What is signed, with what, and what is encrypted: each variant as asked for, each found good by others.

use hallpass::{
    model::{
        application::{AcsUrl, Application, Binding, Kind, LogoutEndpoint},
        making::{ContentCipher, Making, SignatureAlgorithm, Signs},
        name_id::EMAIL_ADDRESS,
    },
    provider::{
        applications::{ApplicationEdit, BadApplication},
        saml::making::{BadMaking, MakingEdit},
        users::Changed,
    },
    saml::{
        binding::redirect,
        second_opinion::{self, Expected},
        signature::{Judged, Unverified},
    },
};
use roxmltree::Document;

use crate::{
    schemas::{MESSAGES, is_valid},
    support::{
        house::on_each_database,
        judge::{self, ASSERTION_SIGNATURE, RESPONSE_SIGNATURE, all},
        rows,
        scene::{ACS, ADA, Scene, WIKI},
        signing::Key,
        sp::{TestSp, posted},
    },
};

const SIGNS: [(Signs, bool, bool); 3] = [
    (Signs::Assertion, true, false),
    (Signs::Response, false, true),
    (Signs::Both, true, true),
];
const ALGORITHMS: [(SignatureAlgorithm, &str, &str); 3] = [
    (
        SignatureAlgorithm::RsaSha256,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ),
    (
        SignatureAlgorithm::RsaSha384,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
    ),
    (
        SignatureAlgorithm::RsaSha512,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    ),
];

fn make(scene: &Scene, making: Making) {
    let edit = ApplicationEdit {
        making: MakingEdit {
            signs: Some(making.signs),
            algorithm: Some(making.algorithm),
            encryption: Some(making.encryption),
            ..MakingEdit::default()
        },
        ..ApplicationEdit::default()
    };
    let done = scene
        .house
        .provider
        .edit_application(&scene.wiki.slug, edit)
        .unwrap()
        .unwrap();
    assert!(matches!(done, Changed::Done(_) | Changed::Same(_)), "{done:?}");
}

#[test]
fn every_way_of_signing_is_as_asked_for_and_found_good_by_others() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.signed_in();
        let certificate = scene.house.provider.certificate_pem().unwrap().0.der;
        let metadata = scene.house.provider.metadata().unwrap().body;
        for (signs, on_assertion, on_response) in SIGNS {
            for (algorithm, method, digest) in ALGORITHMS {
                make(
                    &scene,
                    Making {
                        signs,
                        algorithm,
                        encryption: None,
                    },
                );
                let id = format!("_{signs:?}{algorithm:?}");
                let page = browser.get(&scene.address(&id));
                let (xml, _) = posted(&page);
                is_valid(&xml, MESSAGES).unwrap();
                let count = usize::from(on_assertion) + usize::from(on_response);
                let document = Document::parse(&xml).unwrap();
                for (element, uri) in [("SignatureMethod", method), ("DigestMethod", digest)] {
                    let found = all(&document, element);
                    assert_eq!(found.len(), count, "{xml}");
                    assert!(
                        found.iter().all(|node| node.attribute("Algorithm") == Some(uri)),
                        "{xml}"
                    );
                }
                assert_eq!(second_opinion::verify(&xml, &certificate).unwrap(), count);
                for (is_signed, xpath) in [
                    (on_response, RESPONSE_SIGNATURE),
                    (on_assertion, ASSERTION_SIGNATURE),
                ] {
                    assert_eq!(
                        judge::xmlsec1_verifies(&xml, &certificate, xpath).is_ok(),
                        is_signed
                    );
                }
                let expected = Expected {
                    idp_metadata: &metadata,
                    entity_id: WIKI,
                    consumer: ACS,
                    request_ids: Some(&[&id]),
                };
                let read =
                    second_opinion::read_response(&page.field("SAMLResponse").unwrap(), &expected).unwrap();
                assert_eq!((read.signatures, read.name_id.0.as_str()), (count, ADA));
                let forged = xml.replace(ADA, "eve@fernweh.example");
                assert!(second_opinion::verify(&forged, &certificate).is_err());
            }
        }
    });
}

#[test]
fn a_refusal_is_signed_with_the_application_s_algorithm_whatever_else_it_asked_for() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let certificate = scene.house.provider.certificate_pem().unwrap().0.der;
        for (algorithm, method, _) in ALGORITHMS {
            make(
                &scene,
                Making {
                    signs: Signs::Assertion,
                    algorithm,
                    encryption: None,
                },
            );
            let page =
                scene
                    .house
                    .browser()
                    .get(&scene.ask(&format!("_{algorithm:?}"), "IsPassive=\"true\"", ""));
            let (xml, _) = posted(&page);
            assert_eq!(judge::status(&xml).1.as_deref(), Some("NoPassive"));
            is_valid(&xml, MESSAGES).unwrap();
            assert!(xml.contains(method), "{xml}");
            judge::xmlsec1_verifies(&xml, &certificate, RESPONSE_SIGNATURE).unwrap();
        }
    });
}

#[test]
fn a_logout_response_is_signed_with_the_application_s_algorithm() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: AcsUrl::parse("https://wiki.example/slo").unwrap(),
                response_location: None,
            });
        });
        let certificate = scene.house.provider.certificate_pem().unwrap().0;
        for (algorithm, method, _) in ALGORITHMS {
            make(
                &scene,
                Making {
                    signs: Signs::Both,
                    algorithm,
                    encryption: None,
                },
            );
            let mut browser = scene.signed_in();
            let id = format!("_{algorithm:?}");
            posted(&browser.get(&scene.address(&id)));
            let slo = "https://login.fernweh.example/saml/slo";
            let who = (ADA, EMAIL_ADDRESS);
            let xml = scene
                .sp
                .logout_request(&format!("{id}out"), scene.now(), slo, who, None);
            let page = browser.get(&format!("/saml/slo?{}", scene.sp.query(&xml, None, true)));
            let query = page.location().split_once('?').unwrap().1.to_owned();
            let signature = redirect::decode(&query).unwrap().signature.unwrap();
            assert_eq!(signature.algorithm, method);
            let judged = Unverified::new((), Some(signature)).judge(std::slice::from_ref(&certificate));
            assert!(matches!(judged, Ok(Judged::Signed(_))), "{judged:?}");
        }
    });
}

#[test]
fn an_encrypted_assertion_is_opened_by_xmlsec1_and_its_signature_holds() {
    let key = Key::rsa(2048);
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.encryption_certificates = vec![key.certificate.clone()];
        });
        let mut browser = scene.signed_in();
        let certificate = scene.house.provider.certificate_pem().unwrap().0.der;
        let mut keys_seen = Vec::new();
        for (cipher, uri) in [
            (
                ContentCipher::Aes128Gcm,
                "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            ),
            (
                ContentCipher::Aes256Gcm,
                "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            ),
        ] {
            for (signs, on_assertion, on_response) in SIGNS {
                make(
                    &scene,
                    Making {
                        signs,
                        algorithm: SignatureAlgorithm::RsaSha256,
                        encryption: Some(cipher),
                    },
                );
                let (xml, _) = posted(&browser.get(&scene.address(&format!("_{cipher:?}{signs:?}"))));
                is_valid(&xml, MESSAGES).unwrap();
                assert!(
                    xml.contains(uri) && !xml.contains(ADA) && !xml.contains("Lovelace"),
                    "{xml}"
                );
                assert!(!xml.contains("<saml:Assertion "), "{xml}");
                keys_seen.push(xml.split("CipherValue>").nth(3).unwrap().to_owned());
                if on_response {
                    judge::xmlsec1_verifies(&xml, &certificate, RESPONSE_SIGNATURE).unwrap();
                }
                let opened = judge::xmlsec1_decrypts(&xml, &key.private_pem()).unwrap();
                let document = Document::parse(&opened).unwrap();
                assert_eq!(all(&document, "Assertion").len(), 1, "{opened}");
                assert!(
                    judge::attributes(&opened)
                        .iter()
                        .any(|(_, values)| *values == ["Lovelace"])
                );
                // Where it stands now, and taken out of there.
                let open = opened.find("<saml:Assertion ").unwrap();
                let close = opened.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
                let taken_out = &opened[open..close];
                for (place, xpath) in [
                    (opened.as_str(), INNER_SIGNATURE),
                    (
                        taken_out,
                        "/*[local-name()='Assertion']/*[local-name()='Signature']",
                    ),
                ] {
                    assert_eq!(
                        judge::xmlsec1_verifies(place, &certificate, xpath).is_ok(),
                        on_assertion,
                        "{signs:?}"
                    );
                }
                let wrong = Key::rsa(2048);
                assert!(judge::xmlsec1_decrypts(&xml, &wrong.private_pem()).is_err());
            }
        }
        keys_seen.sort();
        keys_seen.dedup();
        assert_eq!(keys_seen.len(), 6, "each assertion has a key of its own");
    });
}

const CHATGPT_ACS: &str = "https://chatgpt.example/acs";
const INNER_SIGNATURE: &str = "/*[local-name()='Response']/*[local-name()='EncryptedAssertion']/*[local-name()='Assertion']/*[local-name()='Signature']";

#[test]
fn nothing_is_encrypted_for_chatgpt_nor_without_a_fitting_certificate() {
    let (rsa, curve) = (Key::rsa(2048), Key::p256());
    on_each_database(|database| {
        let scene = Scene::new(database);
        let provider = &scene.house.provider;
        let encrypt = MakingEdit {
            encryption: Some(Some(ContentCipher::Aes256Gcm)),
            ..MakingEdit::default()
        };
        let with = |certificates| MakingEdit {
            encryption_certificates: Some(certificates),
            ..encrypt.clone()
        };
        let edit = |application: &Application, making| {
            let edit = ApplicationEdit {
                making,
                ..ApplicationEdit::default()
            };
            provider.edit_application(&application.slug, edit).unwrap()
        };
        let refused = |application: &Application, making| match edit(application, making) {
            Err(BadApplication::Making(bad)) => bad,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(&scene.wiki, encrypt.clone()),
            BadMaking::NothingToEncryptTo
        );
        assert!(matches!(
            refused(&scene.wiki, with(vec![curve.certificate.clone()])),
            BadMaking::UnfitForEncryption { .. }
        ));
        // One that fits is enough.
        let both = vec![curve.certificate.clone(), rsa.certificate.clone()];
        assert!(matches!(edit(&scene.wiki, with(both)), Ok(Changed::Done(_))));

        for kind in [Kind::ChatGptLegacy, Kind::ChatGptCurrent] {
            let application = scene
                .house
                .add_application("ChatGPT", "urn:chatgpt", CHATGPT_ACS, |new| {
                    new.kind = kind;
                    new.saml.encryption_certificates = vec![rsa.certificate.clone()];
                });
            let weaker = |signs, algorithm| MakingEdit {
                signs,
                algorithm,
                ..MakingEdit::default()
            };
            for (making, why) in [
                (encrypt.clone(), BadMaking::EncryptedChatGpt),
                (
                    weaker(Some(Signs::Response), None),
                    BadMaking::UnsignedAssertionChatGpt,
                ),
                (
                    weaker(None, Some(SignatureAlgorithm::RsaSha384)),
                    BadMaking::AlgorithmChatGpt,
                ),
            ] {
                assert_eq!(refused(&application, making), why);
            }
            // Not even if somebody writes it into the database.
            rows::execute(
                &scene.house.settings,
                "UPDATE saml_service_providers SET encryption = 'aes256-gcm'; UPDATE installation SET generation = generation + 1",
            );
            let address =
                TestSp::new("urn:chatgpt", CHATGPT_ACS).sign_on_address(&format!("_{kind:?}"), scene.now());
            let (xml, _) = posted(&scene.signed_in().get(&address));
            assert!(
                xml.contains("<saml:Assertion ") && !xml.contains("EncryptedAssertion"),
                "{xml}"
            );
            provider.remove_application(&application.slug).unwrap();
        }
    });
}
