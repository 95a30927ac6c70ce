//! Signing key rollover: each state, which applications adopt the key, and what a step waits for.

mod adoption;
mod load;
mod reseal;
mod ring;
mod unproven_fetches;

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hallpass::{
    model::{
        actor::Actor,
        key::{Certificate, KeyState},
    },
    provider::{
        Provider,
        keys::{
            KeyAdoptionOutcome, MIN_PUBLISHED_AFTER_SIGNING, MIN_PUBLISHED_BEFORE_SIGNING,
            RolloverStepOutcome, StepRefused,
        },
    },
    saml::second_opinion,
};
use roxmltree::Document;
use sha2::{Digest, Sha256};

use crate::{
    schemas::{METADATA_SCHEMA, validate_against_schema},
    support::{
        assertions::assert_matches,
        http::{self, Response},
        inspect::{self, elements, only_element},
        sso_setup::SsoSetup,
        test_server::on_each_database,
        test_sp::posted_response,
    },
};

/// How long another replica may take to notice a step.
const PROPAGATION_LIMIT: Duration = Duration::from_secs(5);

fn request_with_headers(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Response {
    let mut sent = vec![("Host", "login.fernweh.example")];
    sent.extend_from_slice(headers);
    http::request(address, method, target, &sent, "")
}

#[track_caller]
fn expect_done(stepped: RolloverStepOutcome) -> Certificate {
    match stepped {
        RolloverStepOutcome::Done(certificate) => certificate,
        RolloverStepOutcome::Refused(refused) => panic!("{refused}"),
    }
}

#[track_caller]
fn expect_refused(stepped: RolloverStepOutcome) -> StepRefused {
    match stepped {
        RolloverStepOutcome::Done(certificate) => panic!("done: {}", certificate.sha256),
        RolloverStepOutcome::Refused(refused) => refused,
    }
}

/// Prepares, waits as long as required, confirms all applications, and activates.
fn roll_over(setup: &SsoSetup, provider: &Provider) -> Certificate {
    let next = expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
    setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
    provider
        .keys(&Actor::Itself)
        .confirm_key_adoption(std::slice::from_ref(&setup.wiki.slug))
        .unwrap();
    assert_eq!(
        expect_done(provider.keys(&Actor::Itself).activate_key(false).unwrap()).sha256,
        next.sha256
    );
    next
}

/// The certificates of a metadata document, as DER, in document order.
fn published_certificates(metadata: &str) -> Vec<Vec<u8>> {
    let document = Document::parse(metadata).unwrap();
    elements(&document, "KeyDescriptor")
        .iter()
        .map(|node| {
            let text = node.descendants().find_map(|inner| {
                (inner.tag_name().name() == "X509Certificate").then(|| inner.text().unwrap())
            });
            STANDARD.decode(text.unwrap()).unwrap()
        })
        .collect()
}

/// Waits until the daemon at `address` publishes exactly `wanted`, and fails after some seconds.
fn wait_until_published(address: SocketAddr, wanted: &[&Certificate]) {
    let began = Instant::now();
    loop {
        let served =
            published_certificates(&request_with_headers(address, "GET", "/saml/metadata", &[]).body);
        if served.len() == wanted.len()
            && served
                .iter()
                .zip(wanted)
                .all(|(der, certificate)| *der == certificate.der)
        {
            return;
        }
        assert!(
            began.elapsed() < PROPAGATION_LIMIT,
            "{} published, {} wanted",
            served.len(),
            wanted.len()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Asserts which key signs now, by an SSO response and by the signature of our metadata.
fn assert_signs_with(setup: &SsoSetup, certificate: &Certificate, id: &str) {
    let page = setup.signed_in_browser().get(&setup.sso_url(id));
    assert_eq!(
        second_opinion::verify(&posted_response(&page).0, &certificate.der).unwrap(),
        2
    );
}

#[test]
fn each_key_state_publishes_and_signs_as_specified() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        let address = setup.server.address;
        provider.refresh_snapshot().unwrap();
        let old = provider.saml().certificate_pem().unwrap().0;
        let published = |wanted: &[&Certificate], next: Option<&Certificate>| {
            wait_until_published(address, wanted);
            let response = request_with_headers(address, "GET", "/saml/metadata", &[]);
            validate_against_schema(&response.body, METADATA_SCHEMA).unwrap();
            let signature = "/*[local-name()='EntityDescriptor']/*[local-name()='Signature']";
            inspect::verify_with_xmlsec1(&response.body, &wanted[0].der, signature).unwrap();
            let document = Document::parse(&response.body).unwrap();
            assert!(
                elements(&document, "KeyDescriptor")
                    .iter()
                    .all(|key| key.attribute("use") == Some("signing")),
                "{}",
                response.body
            );
            assert_eq!(
                only_element(&document, "EntityDescriptor").attribute("cacheDuration"),
                Some("PT6H")
            );
            let own = request_with_headers(address, "GET", "/saml/metadata/wiki", &[]);
            assert_eq!(
                (own.body, own.headers.len()),
                (response.body, response.headers.len())
            );
            for target in ["/saml/certificate.cer", "/saml/certificate.cer?key=active"] {
                assert_eq!(
                    request_with_headers(address, "GET", target, &[]).bytes,
                    wanted[0].der
                );
            }
            let (pem, cer) = (
                request_with_headers(address, "GET", "/saml/certificate.pem?key=next", &[]),
                request_with_headers(address, "GET", "/saml/certificate.cer?key=next", &[]),
            );
            match next {
                Some(next) => {
                    assert_eq!(cer.bytes, next.der);
                    let read = openssl::x509::X509::from_pem(&pem.bytes).unwrap();
                    assert_eq!(read.to_der().unwrap(), next.der);
                    let name = pem.header("content-disposition").unwrap();
                    assert!(name.contains(&next.sha256[..12]), "{name}");
                }
                None => assert_eq!((pem.status, cer.status), (404, 404)),
            }
        };
        published(&[&old], None);
        assert_signs_with(&setup, &old, "_a");

        let next = expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        published(&[&old, &next], Some(&next));
        assert_signs_with(&setup, &old, "_b");

        setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        provider
            .keys(&Actor::Itself)
            .confirm_key_adoption(std::slice::from_ref(&setup.wiki.slug))
            .unwrap();
        expect_done(provider.keys(&Actor::Itself).activate_key(false).unwrap());
        published(&[&next, &old], None);
        assert_signs_with(&setup, &next, "_c");

        expect_done(provider.keys(&Actor::Itself).reactivate_previous_key().unwrap());
        published(&[&old, &next], Some(&next));
        assert_signs_with(&setup, &old, "_d");

        expect_done(provider.keys(&Actor::Itself).activate_key(false).unwrap());
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        assert_eq!(
            expect_done(provider.keys(&Actor::Itself).retire_key(false).unwrap()).sha256,
            old.sha256
        );
        published(&[&next], None);
        assert_signs_with(&setup, &next, "_e");

        let third = expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        published(&[&next, &third], Some(&third));
        assert_eq!(
            expect_done(provider.keys(&Actor::Itself).cancel_key().unwrap()).sha256,
            third.sha256
        );
        published(&[&next], None);
        for target in [
            "/saml/certificate.pem?key=previous",
            "/saml/certificate.pem?a=b&key=x",
        ] {
            assert_eq!(
                request_with_headers(address, "GET", target, &[]).status,
                404,
                "{target}"
            );
        }
        assert_eq!(
            request_with_headers(address, "GET", "/saml/certificate.cer?cache=1", &[]).bytes,
            next.der
        );
    });
}

#[test]
fn the_metadata_tag_depends_on_the_keys_only() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let replica = setup.server.replica();
        let documents = || {
            for provider in [&setup.server.provider, &replica.provider] {
                provider.refresh_snapshot().unwrap();
            }
            let (own, other) = (
                setup.server.provider.saml().metadata().unwrap(),
                replica.provider.saml().metadata().unwrap(),
            );
            assert_eq!(own, other, "every replica renders the same bytes");
            let hash: String = Sha256::digest(own.body.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(own.etag, hash);
            let document = Document::parse(&own.body).unwrap();
            let id = document.root_element().attribute("ID").unwrap().to_owned();
            (id, own.etag)
        };
        let first = documents();
        expect_done(setup.server.keys().prepare_key(None).unwrap());
        let second = documents();
        assert!(
            first.0 != second.0 && first.1 != second.1,
            "another document has another ID"
        );
        expect_done(replica.provider.keys(&Actor::Itself).cancel_key().unwrap());
        assert_eq!(documents(), first);
    });
}

#[test]
fn metadata_can_be_published_without_a_signature() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_METADATA_SIGNED", "false")], |_, _| {});
        let body = request_with_headers(setup.server.address, "GET", "/saml/metadata", &[]).body;
        validate_against_schema(&body, METADATA_SCHEMA).unwrap();
        let document = Document::parse(&body).unwrap();
        assert_eq!(elements(&document, "Signature").len(), 0);
        assert_eq!(
            published_certificates(&body),
            [setup.server.provider.saml().certificate_pem().unwrap().0.der]
        );
    });
}

#[test]
fn a_step_that_is_not_due_is_refused_with_its_reason() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        let wiki = std::slice::from_ref(&setup.wiki.slug);
        for refused in [
            provider.keys(&Actor::Itself).activate_key(true).unwrap(),
            provider.keys(&Actor::Itself).cancel_key().unwrap(),
        ] {
            assert_eq!(expect_refused(refused), StepRefused::NothingPrepared);
        }
        for refused in [
            provider.keys(&Actor::Itself).reactivate_previous_key().unwrap(),
            provider.keys(&Actor::Itself).retire_key(true).unwrap(),
        ] {
            assert_eq!(expect_refused(refused), StepRefused::NoPrevious);
        }
        assert_eq!(
            provider.keys(&Actor::Itself).confirm_key_adoption(wiki).unwrap(),
            KeyAdoptionOutcome::NoRollover
        );

        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        assert_eq!(
            expect_refused(provider.keys(&Actor::Itself).prepare_key(None).unwrap()),
            StepRefused::AlreadyPrepared
        );
        let now = setup.now();
        let refused = expect_refused(provider.keys(&Actor::Itself).activate_key(false).unwrap());
        assert!(
            matches!(refused, StepRefused::TooSoon { at, .. } if at == now + MIN_PUBLISHED_BEFORE_SIGNING),
            "{refused}"
        );
        setup
            .server
            .clock
            .advance(MIN_PUBLISHED_BEFORE_SIGNING - TimeDelta::milliseconds(1));
        assert_matches!(
            expect_refused(provider.keys(&Actor::Itself).activate_key(false).unwrap()),
            StepRefused::TooSoon { .. }
        );
        setup.server.clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(
            expect_refused(provider.keys(&Actor::Itself).activate_key(false).unwrap()),
            StepRefused::NotAdopted(1)
        );
        let nobody = hallpass::model::application::Slug::parse("nobody").unwrap();
        let both = [wiki[0].clone(), nobody.clone()];
        assert_eq!(
            provider.keys(&Actor::Itself).confirm_key_adoption(&both).unwrap(),
            KeyAdoptionOutcome::Unknown(vec![nobody])
        );
        assert_eq!(
            provider
                .keys(&Actor::Itself)
                .rollover()
                .unwrap()
                .not_adopted()
                .count(),
            1,
            "nothing was confirmed"
        );
        assert_eq!(
            provider.keys(&Actor::Itself).confirm_key_adoption(wiki).unwrap(),
            KeyAdoptionOutcome::Done {
                new: 1,
                already_known: 0
            }
        );
        assert_eq!(
            provider.keys(&Actor::Itself).confirm_key_adoption(wiki).unwrap(),
            KeyAdoptionOutcome::Done {
                new: 0,
                already_known: 1
            }
        );
        expect_done(provider.keys(&Actor::Itself).activate_key(false).unwrap());

        assert_eq!(
            expect_refused(provider.keys(&Actor::Itself).prepare_key(None).unwrap()),
            StepRefused::PreviousNotRetired
        );
        assert_eq!(
            expect_refused(provider.keys(&Actor::Itself).activate_key(true).unwrap()),
            StepRefused::NothingPrepared
        );
        let refused = expect_refused(provider.keys(&Actor::Itself).retire_key(false).unwrap());
        assert!(
            matches!(refused, StepRefused::TooSoon { at, .. } if at == setup.now() + MIN_PUBLISHED_AFTER_SIGNING),
            "{refused}"
        );
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(provider.keys(&Actor::Itself).retire_key(false).unwrap());
        assert_eq!(
            expect_refused(provider.keys(&Actor::Itself).reactivate_previous_key().unwrap()),
            StepRefused::NoPrevious
        );
    });
}

#[test]
fn force_skips_the_waits_and_is_audited() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        setup.server.clock.advance(TimeDelta::seconds(1));
        let next = expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        setup.server.clock.advance(TimeDelta::seconds(1));
        expect_done(provider.keys(&Actor::Itself).activate_key(true).unwrap());
        assert_signs_with(&setup, &next, "_forced");
        assert_matches!(
            expect_refused(provider.keys(&Actor::Itself).retire_key(false).unwrap()),
            StepRefused::TooSoon { .. }
        );
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        assert_eq!(
            expect_refused(provider.keys(&Actor::Itself).retire_key(false).unwrap()),
            StepRefused::NotAdopted(1)
        );
        expect_done(provider.keys(&Actor::Itself).retire_key(true).unwrap());
        let written = crate::support::sql::texts(
            &setup.server.settings,
            "SELECT action || ' ' || detail AS t FROM audit_events WHERE action LIKE 'key.%' ORDER BY id",
        );
        assert!(
            written.len() == 3
                && written[0].starts_with("key.prepare certificate ")
                && written[1].ends_with(", forced")
                && written[1].contains(&next.sha256)
                && written[2].starts_with("key.retire "),
            "{written:?}"
        );
    });
}

#[test]
fn every_replica_applies_each_step_within_seconds() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let replica = setup.server.replica();
        let old = setup.server.provider.saml().certificate_pem().unwrap().0;
        let next = expect_done(setup.server.keys().prepare_key(None).unwrap());
        wait_until_published(replica.address, &[&old, &next]);
        setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        expect_done(replica.provider.keys(&Actor::Itself).activate_key(true).unwrap());
        assert_signs_with(&setup, &next, "_at_once");
        wait_until_published(setup.server.address, &[&next, &old]);
        let rollover = replica.provider.keys(&Actor::Itself).rollover().unwrap();
        assert_eq!(rollover.key(KeyState::Previous).unwrap().certificate, old);
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(setup.server.keys().retire_key(true).unwrap());
        wait_until_published(replica.address, &[&next]);
    });
}
