//! Signed requests: every algorithm and encoder that is in use, and which signatures are refused.

use chrono::{TimeDelta, Utc};
use hallpass::{
    crypto::generate,
    model::id::KeyId,
    saml::urn::{ECDSA_SHA256, RSA_SHA1, RSA_SHA256, RSA_SHA384, RSA_SHA512},
};
use openssl::hash::MessageDigest;

use crate::support::{
    http::Response,
    inspect,
    sp_keys::{PERCENT_ENCODINGS, PercentEncoding, SignatureFormat, SpKey},
    sso_setup::{ACS, ADA, RELAY_STATE, SsoSetup, WIKI},
    test_server::{PASSWORD, on_each_database},
    test_sp::{TestSp, posted_response},
};

const DESTINATION: &str = "Destination=\"https://login.fernweh.example/saml/sso\"";
const UPPER_HEX: PercentEncoding = PERCENT_ENCODINGS[0].1;

fn assert_refused(page: &Response, code: &str) {
    assert!(
        page.field("SAMLResponse").is_none() && page.status == 400,
        "{} {}",
        page.status,
        page.body
    );
    assert!(page.body.contains(code), "{code}: {}", page.body);
}

fn rsa_sha256() -> (&'static str, MessageDigest, SignatureFormat) {
    (RSA_SHA256, MessageDigest::sha256(), SignatureFormat::AsOpenSsl)
}

#[test]
fn every_algorithm_and_percent_encoding_is_verified_over_the_received_octets() {
    on_each_database(|database| {
        let (rsa, ec) = (SpKey::rsa(2048), SpKey::p256());
        let registered = vec![
            SpKey::rsa(2048).certificate,
            rsa.certificate.clone(),
            ec.certificate.clone(),
        ];
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.signing_certificates = registered;
            new.saml.require_signed_requests = true;
        });
        let mut browser = setup.signed_in_browser();
        let ways = [
            (
                &rsa,
                (RSA_SHA256, MessageDigest::sha256(), SignatureFormat::AsOpenSsl),
            ),
            (
                &rsa,
                (RSA_SHA384, MessageDigest::sha384(), SignatureFormat::AsOpenSsl),
            ),
            (
                &rsa,
                (RSA_SHA512, MessageDigest::sha512(), SignatureFormat::AsOpenSsl),
            ),
            (
                &ec,
                (ECDSA_SHA256, MessageDigest::sha256(), SignatureFormat::AsOpenSsl),
            ),
            (
                &ec,
                (ECDSA_SHA256, MessageDigest::sha256(), SignatureFormat::RawEcdsa),
            ),
        ];
        for (n, (key, how)) in ways.into_iter().enumerate() {
            for (m, (name, style)) in PERCENT_ENCODINGS.into_iter().enumerate() {
                let id = format!("_r{n}_{m}");
                let xml = setup.sp.authn_request(&id, setup.now(), DESTINATION, "");
                let query = key.signed_query(&xml, Some(RELAY_STATE), style, how);
                let page = browser.get(&format!("/saml/sso?{query}"));
                assert!(
                    page.field("SAMLResponse").is_some(),
                    "{name} {} {:?}: {}",
                    how.0,
                    how.2,
                    page.body
                );
                assert_eq!(page.field("RelayState").as_deref(), Some(RELAY_STATE), "{name}");
                // The same value in another spelling is another message.
                let spelt = query
                    .replace("%2F", "%2f")
                    .replace("%3d", "%3D")
                    .replace("SigAlg=http:", "SigAlg=http%3A");
                if spelt != query {
                    assert_refused(&browser.get(&format!("/saml/sso?{spelt}")), "SIGNATURE-WRONG");
                }
            }
        }
    });
}

#[test]
fn a_changed_request_or_an_unregistered_key_gets_our_error_page() {
    on_each_database(|database| {
        let (key, foreign, ec) = (SpKey::rsa(2048), SpKey::rsa(2048), SpKey::p256());
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.signing_certificates = vec![key.certificate.clone()];
        });
        let mut browser = setup.signed_in_browser();
        let xml = setup.sp.authn_request("_r1", setup.now(), DESTINATION, "");
        let good = key.signed_query(&xml, Some("a"), UPPER_HEX, rsa_sha256());
        let (other_xml, (body, signature)) = (
            setup.sp.authn_request("_r2", setup.now(), DESTINATION, ""),
            good.split_once("&Signature=").unwrap(),
        );
        let other = key.signed_query(&other_xml, Some("a"), UPPER_HEX, rsa_sha256());
        let swapped = format!(
            "{}&Signature={signature}",
            other.split_once("&Signature=").unwrap().0
        );
        for (what, bad) in [
            ("another RelayState", good.replace("RelayState=a", "RelayState=b")),
            ("no RelayState", good.replace("&RelayState=a", "")),
            ("another message", swapped),
            (
                "a foreign key",
                foreign.signed_query(&xml, Some("a"), UPPER_HEX, rsa_sha256()),
            ),
            (
                "another kind of key",
                ec.signed_query(
                    &xml,
                    Some("a"),
                    UPPER_HEX,
                    (ECDSA_SHA256, MessageDigest::sha256(), SignatureFormat::RawEcdsa),
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
        posted_response(&browser.get(&format!("/saml/sso?{good}")));
    });
}

#[test]
fn weak_algorithms_and_key_confusion_are_refused() {
    on_each_database(|database| {
        let key = SpKey::rsa(2048);
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.signing_certificates = vec![key.certificate.clone()];
        });
        let mut browser = setup.signed_in_browser();
        let xml = setup.sp.authn_request("_r1", setup.now(), DESTINATION, "");
        let sha1 = key.signed_query(
            &xml,
            None,
            UPPER_HEX,
            (RSA_SHA1, MessageDigest::sha1(), SignatureFormat::AsOpenSsl),
        );
        assert_refused(&browser.get(&format!("/saml/sso?{sha1}")), "SIGNATURE-ALGORITHM");
        for algorithm in [
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
            "none",
            "",
            "HTTP://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        ] {
            let bad = key.signed_query(
                &xml,
                None,
                UPPER_HEX,
                (algorithm, MessageDigest::sha256(), SignatureFormat::AsOpenSsl),
            );
            assert_refused(&browser.get(&format!("/saml/sso?{bad}")), "SIGNATURE-ALGORITHM");
        }
    });
}

#[test]
fn a_missing_required_signature_is_denied_at_the_acs() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            new.saml.require_signed_requests = true;
        });
        let denied = ("Requester".to_owned(), Some("RequestDenied".to_owned()));
        for mut browser in [setup.server.browser(), setup.signed_in_browser()] {
            let page = browser.get(&setup.sso_url_with("_r1", DESTINATION, ""));
            let (xml, action) = posted_response(&page);
            assert_eq!(
                (action.as_str(), inspect::status_codes(&xml)),
                (ACS, denied.clone())
            );
            assert_eq!(page.field("RelayState").as_deref(), Some(RELAY_STATE));
            let elsewhere = browser.get(&setup.sso_url_with(
                "_r2",
                "AssertionConsumerServiceURL=\"https://evil.example/\"",
                "",
            ));
            assert_refused(&elsewhere, "ACS-UNKNOWN");
            let destination =
                browser.get(&setup.sso_url_with("_r3", "Destination=\"https://evil.example/saml/sso\"", ""));
            assert_refused(&destination, "DESTINATION-WRONG");
        }
    });
}

#[test]
fn a_signed_request_names_its_destination() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
        });
        let mut browser = setup.signed_in_browser();
        let xml = setup.sp.authn_request("_r1", setup.now(), "", "");
        assert_refused(
            &browser.get(&format!(
                "/saml/sso?{}",
                setup.sp.redirect_query(&xml, None, true)
            )),
            "DESTINATION-WRONG",
        );
        let xml = setup.sp.authn_request("_r1", setup.now(), DESTINATION, "");
        posted_response(&browser.get(&format!(
            "/saml/sso?{}",
            setup.sp.redirect_query(&xml, None, true)
        )));
    });
}

/// A certificate carries a key; nothing else in it counts (IIP-MD12).
#[test]
fn expired_certificates_are_usable_and_every_registered_key_is_tried() {
    on_each_database(|database| {
        let past = Utc::now() - TimeDelta::days(365 * 11);
        let mut old = TestSp::new(WIKI, ACS);
        old.key = generate::generate(KeyId::new(past, [8; 10]), "sp.example", past).unwrap();
        let end = old.certificate().not_after;
        assert!(end < Utc::now(), "{end}");
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate(), old.certificate()];
            new.saml.require_signed_requests = true;
        });
        let mut browser = setup.signed_in_browser();
        for (n, sp) in [&old, &setup.sp].into_iter().enumerate() {
            let xml = sp.authn_request(&format!("_r{n}"), setup.now(), DESTINATION, "");
            let page = browser.get(&format!("/saml/sso?{}", sp.redirect_query(&xml, None, true)));
            assert_eq!(
                inspect::status_codes(&posted_response(&page).0),
                ("Success".to_owned(), None)
            );
        }
    });
}

#[test]
fn a_signature_without_a_registered_certificate_is_ignored_and_reported() {
    on_each_database(|database| {
        for warm in [true, false] {
            let setup = SsoSetup::new(&crate::support::test_server::fresh_database_like(database));
            let unchecked = || {
                setup
                    .server
                    .applications()
                    .last_unchecked_signature(setup.wiki.id)
                    .unwrap()
            };
            let mut browser = if warm {
                setup.signed_in_browser()
            } else {
                setup.server.browser()
            };
            let xml = setup.sp.authn_request("_r1", setup.now(), DESTINATION, "");
            assert_eq!(unchecked(), None);
            let mut page = browser.get_following_redirects(&format!(
                "/saml/sso?{}",
                setup.sp.redirect_query(&xml, None, true)
            ));
            if !warm {
                page = browser.sign_in(&page, ADA, PASSWORD);
            }
            posted_response(&page);
            assert_eq!(unchecked(), Some(setup.now()), "warm: {warm}");
        }
    });
}
