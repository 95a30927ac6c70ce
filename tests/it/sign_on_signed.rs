//! Signed requests: every algorithm and encoder that is out there, and what is not believed.

use chrono::{TimeDelta, Utc};
use hallpass::{
    keys::generate,
    model::id::KeyId,
    saml::urn::{ECDSA_SHA256, RSA_SHA1, RSA_SHA256, RSA_SHA384, RSA_SHA512},
};
use openssl::hash::MessageDigest;

use crate::support::{
    house::{PASSWORD, on_each_database},
    http::Response,
    judge,
    scene::{ACS, ADA, RELAY, Scene, WIKI},
    signing::{Key, STYLES, Shape, Style},
    sp::{TestSp, posted},
};

const SSO: &str = "Destination=\"https://login.fernweh.example/saml/sso\"";
const UPPER: Style = STYLES[0].1;

fn is_refused(page: &Response, code: &str) {
    assert!(
        page.field("SAMLResponse").is_none() && page.status == 400,
        "{} {}",
        page.status,
        page.body
    );
    assert!(page.body.contains(code), "{code}: {}", page.body);
}

fn how() -> (&'static str, MessageDigest, Shape) {
    (RSA_SHA256, MessageDigest::sha256(), Shape::Plain)
}

#[test]
fn every_algorithm_in_every_spelling_is_verified_over_the_octets_as_they_came() {
    on_each_database(|database| {
        let (rsa, ec) = (Key::rsa(2048), Key::p256());
        let registered = vec![
            Key::rsa(2048).certificate,
            rsa.certificate.clone(),
            ec.certificate.clone(),
        ];
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.certificates = registered;
            new.saml.require_signed_requests = true;
        });
        let mut browser = scene.signed_in();
        let ways = [
            (&rsa, (RSA_SHA256, MessageDigest::sha256(), Shape::Plain)),
            (&rsa, (RSA_SHA384, MessageDigest::sha384(), Shape::Plain)),
            (&rsa, (RSA_SHA512, MessageDigest::sha512(), Shape::Plain)),
            (&ec, (ECDSA_SHA256, MessageDigest::sha256(), Shape::Plain)),
            (&ec, (ECDSA_SHA256, MessageDigest::sha256(), Shape::Raw)),
        ];
        for (n, (key, how)) in ways.into_iter().enumerate() {
            for (m, (name, style)) in STYLES.into_iter().enumerate() {
                let id = format!("_r{n}_{m}");
                let xml = scene.sp.authn_request(&id, scene.now(), SSO, "");
                let query = key.query(&xml, Some(RELAY), style, how);
                let page = browser.get(&format!("/saml/sso?{query}"));
                assert!(
                    page.field("SAMLResponse").is_some(),
                    "{name} {} {:?}: {}",
                    how.0,
                    how.2,
                    page.body
                );
                assert_eq!(page.field("RelayState").as_deref(), Some(RELAY), "{name}");
                // The same value in another spelling is another message.
                let spelt = query
                    .replace("%2F", "%2f")
                    .replace("%3d", "%3D")
                    .replace("SigAlg=http:", "SigAlg=http%3A");
                if spelt != query {
                    is_refused(&browser.get(&format!("/saml/sso?{spelt}")), "SIGNATURE-WRONG");
                }
            }
        }
    });
}

#[test]
fn a_changed_request_or_a_foreign_key_gets_our_own_page() {
    on_each_database(|database| {
        let (key, foreign, ec) = (Key::rsa(2048), Key::rsa(2048), Key::p256());
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.certificates = vec![key.certificate.clone()];
        });
        let mut browser = scene.signed_in();
        let xml = scene.sp.authn_request("_r1", scene.now(), SSO, "");
        let good = key.query(&xml, Some("a"), UPPER, how());
        let (other_xml, (body, signature)) = (
            scene.sp.authn_request("_r2", scene.now(), SSO, ""),
            good.split_once("&Signature=").unwrap(),
        );
        let other = key.query(&other_xml, Some("a"), UPPER, how());
        let swapped = format!(
            "{}&Signature={signature}",
            other.split_once("&Signature=").unwrap().0
        );
        for (what, bad) in [
            ("another RelayState", good.replace("RelayState=a", "RelayState=b")),
            ("no RelayState", good.replace("&RelayState=a", "")),
            ("another message", swapped),
            ("a foreign key", foreign.query(&xml, Some("a"), UPPER, how())),
            (
                "another kind of key",
                ec.query(
                    &xml,
                    Some("a"),
                    UPPER,
                    (ECDSA_SHA256, MessageDigest::sha256(), Shape::Raw),
                ),
            ),
            ("another algorithm", good.replace("rsa-sha256", "rsa-sha512")),
            ("an empty signature", format!("{body}&Signature=")),
        ] {
            let page = browser.get(&format!("/saml/sso?{bad}"));
            assert!(
                page.status == 400 && page.field("SAMLResponse").is_none(),
                "{what}: {}",
                page.body
            );
            assert!(
                page.body.contains("SIGNATURE-WRONG") || what == "an empty signature",
                "{what}: {}",
                page.body
            );
            assert!(
                !page.body.contains("wiki.example"),
                "{what}: no registered value is shown"
            );
        }
        posted(&browser.get(&format!("/saml/sso?{good}")));
    });
}

#[test]
fn weak_algorithms_and_key_confusion_are_refused() {
    on_each_database(|database| {
        let key = Key::rsa(2048);
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.certificates = vec![key.certificate.clone()];
        });
        let mut browser = scene.signed_in();
        let xml = scene.sp.authn_request("_r1", scene.now(), SSO, "");
        let sha1 = key.query(&xml, None, UPPER, (RSA_SHA1, MessageDigest::sha1(), Shape::Plain));
        is_refused(&browser.get(&format!("/saml/sso?{sha1}")), "SIGNATURE-ALGORITHM");
        for algorithm in [
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
            "none",
            "",
            "HTTP://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        ] {
            let bad = key.query(
                &xml,
                None,
                UPPER,
                (algorithm, MessageDigest::sha256(), Shape::Plain),
            );
            is_refused(&browser.get(&format!("/saml/sso?{bad}")), "SIGNATURE-ALGORITHM");
        }
    });
}

#[test]
fn a_signature_that_is_demanded_and_missing_is_denied_at_the_consumer() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
            new.saml.require_signed_requests = true;
        });
        let denied = ("Requester".to_owned(), Some("RequestDenied".to_owned()));
        for mut browser in [scene.house.browser(), scene.signed_in()] {
            let page = browser.get(&scene.ask("_r1", SSO, ""));
            let (xml, action) = posted(&page);
            assert_eq!((action.as_str(), judge::status(&xml)), (ACS, denied.clone()));
            assert_eq!(page.field("RelayState").as_deref(), Some(RELAY));
            let elsewhere =
                browser.get(&scene.ask("_r2", "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
            is_refused(&elsewhere, "ACS-UNKNOWN");
            let destination =
                browser.get(&scene.ask("_r3", "Destination=\"https://evil.example/saml/sso\"", ""));
            is_refused(&destination, "DESTINATION-WRONG");
        }
    });
}

#[test]
fn a_signed_request_names_its_destination() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
        });
        let mut browser = scene.signed_in();
        let xml = scene.sp.authn_request("_r1", scene.now(), "", "");
        is_refused(
            &browser.get(&format!("/saml/sso?{}", scene.sp.query(&xml, None, true))),
            "DESTINATION-WRONG",
        );
        let xml = scene.sp.authn_request("_r1", scene.now(), SSO, "");
        posted(&browser.get(&format!("/saml/sso?{}", scene.sp.query(&xml, None, true))));
    });
}

/// A certificate carries a key, and nothing else of it counts (IIP-MD12).
#[test]
fn an_expired_certificate_is_a_key_like_another_and_each_of_several_is_tried() {
    on_each_database(|database| {
        let past = Utc::now() - TimeDelta::days(365 * 11);
        let mut old = TestSp::new(WIKI, ACS);
        old.key = generate::generate(KeyId::new(past, [8; 10]), "sp.example", past).unwrap();
        assert!(old.certificate().not_after < Utc::now());
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate(), old.certificate()];
            new.saml.require_signed_requests = true;
        });
        let mut browser = scene.signed_in();
        for (n, sp) in [&old, &scene.sp].into_iter().enumerate() {
            let xml = sp.authn_request(&format!("_r{n}"), scene.now(), SSO, "");
            let page = browser.get(&format!("/saml/sso?{}", sp.query(&xml, None, true)));
            assert_eq!(judge::status(&posted(&page).0), ("Success".to_owned(), None));
        }
    });
}

#[test]
fn a_signature_without_a_registered_certificate_counts_as_none_and_is_a_finding() {
    on_each_database(|database| {
        for warm in [true, false] {
            let scene = Scene::new(&crate::support::house::another(database));
            let unchecked = || scene.house.provider.unchecked_signature(scene.wiki.id).unwrap();
            let mut browser = if warm {
                scene.signed_in()
            } else {
                scene.house.browser()
            };
            let xml = scene.sp.authn_request("_r1", scene.now(), SSO, "");
            assert_eq!(unchecked(), None);
            let mut page = browser.follow(&format!("/saml/sso?{}", scene.sp.query(&xml, None, true)));
            if !warm {
                page = browser.sign_in(&page, ADA, PASSWORD);
            }
            posted(&page);
            assert_eq!(unchecked(), Some(scene.now()), "warm: {warm}");
        }
    });
}
