//! What is signed, with which algorithm, and what is encrypted: each variant as configured, each accepted by other
//! implementations.

use hallpass::{
    model::{
        actor::Actor,
        application::{Application, ApplicationKind, Binding, LogoutEndpoint, SpUrl},
        name_id::EMAIL_ADDRESS,
        response_options::{ContentCipher, DefaultClass, ResponseOptions, SignatureAlgorithm, SignedParts},
    },
    provider::{
        applications::{ApplicationEdit, BadApplication},
        people::users::ChangeOutcome,
        saml::response_options::{BadResponseOptions, ResponseOptionsEdit},
    },
    saml::{
        binding::redirect,
        second_opinion::{self, Expected},
        signature::{Unverified, VerificationOutcome},
    },
};
use roxmltree::Document;

use crate::{
    schemas::{PROTOCOL_SCHEMA, validate_against_schema},
    support::{
        assertions::assert_matches,
        inspect::{self, ASSERTION_SIGNATURE_XPATH, RESPONSE_SIGNATURE_XPATH, elements},
        sp_keys::SpKey,
        sql,
        sso_setup::{ACS, ADA, SsoSetup, WIKI},
        test_server::on_each_database,
        test_sp::{TestSp, posted_response},
    },
};

const SIGNED_PARTS: [(SignedParts, bool, bool); 3] = [
    (SignedParts::Assertion, true, false),
    (SignedParts::Response, false, true),
    (SignedParts::Both, true, true),
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

fn set_response_options(setup: &SsoSetup, making: ResponseOptions) {
    let edit = ApplicationEdit {
        response_options: ResponseOptionsEdit {
            signed_parts: Some(making.signed_parts),
            signature_algorithm: Some(making.signature_algorithm),
            encryption: Some(making.encryption),
            ..ResponseOptionsEdit::default()
        },
        ..ApplicationEdit::default()
    };
    let done = setup
        .server
        .applications()
        .edit_application(&setup.wiki.slug, edit)
        .unwrap()
        .unwrap();
    assert!(
        matches!(done, ChangeOutcome::Done(_) | ChangeOutcome::Unchanged(_)),
        "{done:?}"
    );
}

#[test]
fn every_combination_of_signed_parts_is_as_configured_and_verifies() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let certificate = setup.server.provider.saml().certificate_pem().unwrap().0.der;
        let metadata = setup.server.provider.saml().metadata().unwrap().body;
        for (signs, on_assertion, on_response) in SIGNED_PARTS {
            for (algorithm, method, digest) in ALGORITHMS {
                set_response_options(
                    &setup,
                    ResponseOptions {
                        default_class: DefaultClass::Proven,
                        signed_parts: signs,
                        signature_algorithm: algorithm,
                        encryption: None,
                    },
                );
                let id = format!("_{signs:?}{algorithm:?}");
                let page = browser.get(&setup.sso_url(&id));
                let (xml, _) = posted_response(&page);
                validate_against_schema(&xml, PROTOCOL_SCHEMA).unwrap();
                let count = usize::from(on_assertion) + usize::from(on_response);
                let document = Document::parse(&xml).unwrap();
                for (element, uri) in [("SignatureMethod", method), ("DigestMethod", digest)] {
                    let found = elements(&document, element);
                    assert_eq!(found.len(), count, "{xml}");
                    assert!(
                        found.iter().all(|node| node.attribute("Algorithm") == Some(uri)),
                        "{xml}"
                    );
                }
                assert_eq!(second_opinion::verify(&xml, &certificate).unwrap(), count);
                for (is_signed, xpath) in [
                    (on_response, RESPONSE_SIGNATURE_XPATH),
                    (on_assertion, ASSERTION_SIGNATURE_XPATH),
                ] {
                    assert_eq!(
                        inspect::verify_with_xmlsec1(&xml, &certificate, xpath).is_ok(),
                        is_signed
                    );
                }
                let expected = Expected {
                    idp_metadata: &metadata,
                    entity_id: WIKI,
                    acs: ACS,
                    request_ids: Some(&[&id]),
                };
                let read =
                    second_opinion::read_response(&page.field("SAMLResponse").unwrap(), &expected).unwrap();
                assert_eq!((read.signatures, read.name_id.0.as_str()), (count, ADA));
                let forged = xml.replace(ADA, "eve@fernweh.example");
                assert_matches!(second_opinion::verify(&forged, &certificate), Err(_));
            }
        }
    });
}

#[test]
fn an_error_response_is_signed_with_the_algorithm_of_the_application() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let certificate = setup.server.provider.saml().certificate_pem().unwrap().0.der;
        for (algorithm, method, _) in ALGORITHMS {
            set_response_options(
                &setup,
                ResponseOptions {
                    default_class: DefaultClass::Proven,
                    signed_parts: SignedParts::Assertion,
                    signature_algorithm: algorithm,
                    encryption: None,
                },
            );
            let page = setup.server.browser().get(&setup.sso_url_with(
                &format!("_{algorithm:?}"),
                "IsPassive=\"true\"",
                "",
            ));
            let (xml, _) = posted_response(&page);
            assert_eq!(inspect::status_codes(&xml).1.as_deref(), Some("NoPassive"));
            validate_against_schema(&xml, PROTOCOL_SCHEMA).unwrap();
            assert!(xml.contains(method), "{xml}");
            inspect::verify_with_xmlsec1(&xml, &certificate, RESPONSE_SIGNATURE_XPATH).unwrap();
        }
    });
}

#[test]
fn a_logout_response_is_signed_with_the_algorithm_of_the_application() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: SpUrl::parse("https://wiki.example/slo").unwrap(),
                response_location: None,
            });
        });
        let certificate = setup.server.provider.saml().certificate_pem().unwrap().0;
        for (algorithm, method, _) in ALGORITHMS {
            set_response_options(
                &setup,
                ResponseOptions {
                    default_class: DefaultClass::Proven,
                    signed_parts: SignedParts::Both,
                    signature_algorithm: algorithm,
                    encryption: None,
                },
            );
            let mut browser = setup.signed_in_browser();
            let id = format!("_{algorithm:?}");
            posted_response(&browser.get(&setup.sso_url(&id)));
            let slo = "https://login.fernweh.example/saml/slo";
            let who = (ADA, EMAIL_ADDRESS);
            let xml = setup
                .sp
                .logout_request(&format!("{id}out"), setup.now(), slo, who, None);
            let page = browser.get(&format!(
                "/saml/slo?{}",
                setup.sp.redirect_query(&xml, None, true)
            ));
            let query = page.location().split_once('?').unwrap().1.to_owned();
            let signature = redirect::decode(&query).unwrap().signature.unwrap();
            assert_eq!(signature.algorithm, method);
            let judged = Unverified::new((), Some(signature)).verify(std::slice::from_ref(&certificate));
            assert!(matches!(judged, Ok(VerificationOutcome::Signed(_))), "{judged:?}");
        }
    });
}

#[test]
fn an_encrypted_assertion_is_decrypted_by_xmlsec1_and_its_signature_is_valid() {
    let key = SpKey::rsa(2048);
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.encryption_certificates = vec![key.certificate.clone()];
        });
        let mut browser = setup.signed_in_browser();
        let certificate = setup.server.provider.saml().certificate_pem().unwrap().0.der;
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
            for (signs, on_assertion, on_response) in SIGNED_PARTS {
                set_response_options(
                    &setup,
                    ResponseOptions {
                        default_class: DefaultClass::Proven,
                        signed_parts: signs,
                        signature_algorithm: SignatureAlgorithm::RsaSha256,
                        encryption: Some(cipher),
                    },
                );
                let (xml, _) =
                    posted_response(&browser.get(&setup.sso_url(&format!("_{cipher:?}{signs:?}"))));
                validate_against_schema(&xml, PROTOCOL_SCHEMA).unwrap();
                assert!(
                    xml.contains(uri) && !xml.contains(ADA) && !xml.contains("Lovelace"),
                    "{xml}"
                );
                assert!(!xml.contains("<saml:Assertion "), "{xml}");
                keys_seen.push(xml.split("CipherValue>").nth(3).unwrap().to_owned());
                if on_response {
                    inspect::verify_with_xmlsec1(&xml, &certificate, RESPONSE_SIGNATURE_XPATH).unwrap();
                }
                let opened = inspect::decrypt_with_xmlsec1(&xml, &key.private_pem()).unwrap();
                let document = Document::parse(&opened).unwrap();
                assert_eq!(elements(&document, "Assertion").len(), 1, "{opened}");
                let attributes = inspect::saml_attributes(&opened);
                assert!(
                    attributes.iter().any(|(_, values)| *values == ["Lovelace"]),
                    "{attributes:?}"
                );
                // In the decrypted document, and taken out of it.
                let open = opened.find("<saml:Assertion ").unwrap();
                let close = opened.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
                let taken_out = &opened[open..close];
                for (signed_xml, xpath) in [
                    (opened.as_str(), ENCRYPTED_ASSERTION_SIGNATURE_XPATH),
                    (
                        taken_out,
                        "/*[local-name()='Assertion']/*[local-name()='Signature']",
                    ),
                ] {
                    assert_eq!(
                        inspect::verify_with_xmlsec1(signed_xml, &certificate, xpath).is_ok(),
                        on_assertion,
                        "{signs:?}"
                    );
                }
                let wrong = SpKey::rsa(2048);
                assert_matches!(inspect::decrypt_with_xmlsec1(&xml, &wrong.private_pem()), Err(_));
            }
        }
        keys_seen.sort();
        keys_seen.dedup();
        assert_eq!(keys_seen.len(), 6, "each assertion has a key of its own");
    });
}

const CHATGPT_ACS: &str = "https://chatgpt.example/acs";
const ENCRYPTED_ASSERTION_SIGNATURE_XPATH: &str = "/*[local-name()='Response']/*[local-name()='EncryptedAssertion']/*[local-name()='Assertion']/*[local-name()='Signature']";

#[test]
fn nothing_is_encrypted_for_chatgpt_or_without_a_usable_certificate() {
    let (rsa, curve) = (SpKey::rsa(2048), SpKey::p256());
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        let encrypt = ResponseOptionsEdit {
            encryption: Some(Some(ContentCipher::Aes256Gcm)),
            ..ResponseOptionsEdit::default()
        };
        let with = |certificates| ResponseOptionsEdit {
            encryption_certificates: Some(certificates),
            ..encrypt.clone()
        };
        let edit = |application: &Application, making| {
            let edit = ApplicationEdit {
                response_options: making,
                ..ApplicationEdit::default()
            };
            provider
                .applications(&Actor::Itself)
                .edit_application(&application.slug, edit)
                .unwrap()
        };
        let refused = |application: &Application, making| match edit(application, making) {
            Err(BadApplication::ResponseOptions(bad)) => bad,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(&setup.wiki, encrypt.clone()),
            BadResponseOptions::NoEncryptionCertificate
        );
        assert_matches!(
            refused(&setup.wiki, with(vec![curve.certificate.clone()])),
            BadResponseOptions::UnusableForEncryption { .. }
        );
        // One usable certificate is enough.
        let both = vec![curve.certificate.clone(), rsa.certificate.clone()];
        assert_matches!(edit(&setup.wiki, with(both)), Ok(ChangeOutcome::Done(_)));

        for kind in [ApplicationKind::ChatGptLegacy, ApplicationKind::ChatGptCurrent] {
            let application = setup
                .server
                .add_application("ChatGPT", "urn:chatgpt", CHATGPT_ACS, |new| {
                    new.kind = kind;
                    new.saml.encryption_certificates = vec![rsa.certificate.clone()];
                });
            let weaker = |signs, algorithm| ResponseOptionsEdit {
                signed_parts: signs,
                signature_algorithm: algorithm,
                ..ResponseOptionsEdit::default()
            };
            for (making, why) in [
                (encrypt.clone(), BadResponseOptions::EncryptedChatGpt),
                (
                    weaker(Some(SignedParts::Response), None),
                    BadResponseOptions::UnsignedAssertionChatGpt,
                ),
                (
                    weaker(None, Some(SignatureAlgorithm::RsaSha384)),
                    BadResponseOptions::AlgorithmChatGpt,
                ),
            ] {
                assert_eq!(refused(&application, making), why);
            }
            // Not even if it is written into the database.
            sql::execute(
                &setup.server.settings,
                "UPDATE saml_service_providers SET encryption = 'aes256-gcm'; UPDATE installation SET generation = generation + 1",
            );
            let address = TestSp::new("urn:chatgpt", CHATGPT_ACS).sso_url(&format!("_{kind:?}"), setup.now());
            let (xml, _) = posted_response(&setup.signed_in_browser().get(&address));
            assert!(
                xml.contains("<saml:Assertion ") && !xml.contains("EncryptedAssertion"),
                "{xml}"
            );
            provider
                .applications(&Actor::Itself)
                .remove_application(&application.slug)
                .unwrap();
        }
    });
}
