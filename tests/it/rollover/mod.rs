//! One signing key takes over from another: each state, who follows, and what a step waits for.

mod followers;
mod hints;
mod load;
mod reseal;
mod ring;

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hallpass::{
    model::key::{Certificate, KeyState},
    provider::{
        Provider,
        rollover::{Confirmed, KEPT_AFTER, PUBLISHED_FIRST, Stepped, Stop},
    },
    saml::second_opinion,
};
use roxmltree::Document;
use sha2::{Digest, Sha256};

use crate::{
    schemas::{METADATA, is_valid},
    support::{
        house::on_each_database,
        http::{self, Response},
        judge::{self, all, only},
        scene::Scene,
        sp::posted,
    },
};

/// How long another replica may take to hear of a step.
const SECONDS: Duration = Duration::from_secs(5);

fn ask(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
    let mut sent = vec![("Host", "login.fernweh.example")];
    sent.extend_from_slice(headers);
    http::request(address, method, target, &sent, "")
}

#[track_caller]
fn done(stepped: Stepped) -> Certificate {
    match stepped {
        Stepped::Done(certificate) => certificate,
        Stepped::Stopped(stop) => panic!("{stop}"),
    }
}

#[track_caller]
fn stopped(stepped: Stepped) -> Stop {
    match stepped {
        Stepped::Done(certificate) => panic!("done: {}", certificate.sha256),
        Stepped::Stopped(stop) => stop,
    }
}

/// Prepares, waits as long as must be, confirms everybody, and activates.
fn roll(scene: &Scene, provider: &Provider) -> Certificate {
    let next = done(provider.prepare_key(None).unwrap());
    scene.house.clock.advance(PUBLISHED_FIRST);
    provider
        .confirm_followers(std::slice::from_ref(&scene.wiki.slug))
        .unwrap();
    assert_eq!(done(provider.activate_key(false).unwrap()).sha256, next.sha256);
    next
}

/// The certificates of a metadata document, as DER, in their order.
fn certificates(metadata: &str) -> Vec<Vec<u8>> {
    let document = Document::parse(metadata).unwrap();
    all(&document, "KeyDescriptor")
        .iter()
        .map(|node| {
            let text = node.descendants().find_map(|inner| {
                (inner.tag_name().name() == "X509Certificate").then(|| inner.text().unwrap())
            });
            STANDARD.decode(text.unwrap()).unwrap()
        })
        .collect()
}

/// Waits until the daemon at `address` publishes what `wanted` says, and fails after some seconds.
fn publishes(address: SocketAddr, wanted: &[&Certificate]) {
    let began = Instant::now();
    loop {
        let served = certificates(&ask(address, "GET", "/saml/metadata", &[]).body);
        if served.len() == wanted.len() && served.iter().zip(wanted).all(|(der, one)| *der == one.der) {
            return;
        }
        assert!(
            began.elapsed() < SECONDS,
            "{} published, {} wanted",
            served.len(),
            wanted.len()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whose key signs now, by a sign-on and by the signature of our metadata.
fn signs(scene: &Scene, certificate: &Certificate, id: &str) {
    let page = scene.signed_in().get(&scene.address(id));
    assert_eq!(
        second_opinion::verify(&posted(&page).0, &certificate.der).unwrap(),
        2
    );
}

#[test]
fn each_state_is_published_as_it_should_be_and_signs_as_it_should() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let provider = &scene.house.provider;
        let address = scene.house.address;
        provider.refresh().unwrap();
        let old = provider.certificate_pem().unwrap().0;
        let published = |wanted: &[&Certificate], next: Option<&Certificate>| {
            publishes(address, wanted);
            let response = ask(address, "GET", "/saml/metadata", &[]);
            is_valid(&response.body, METADATA).unwrap();
            let signature = "/*[local-name()='EntityDescriptor']/*[local-name()='Signature']";
            judge::xmlsec1_verifies(&response.body, &wanted[0].der, signature).unwrap();
            let document = Document::parse(&response.body).unwrap();
            assert!(
                all(&document, "KeyDescriptor")
                    .iter()
                    .all(|key| key.attribute("use") == Some("signing"))
            );
            assert_eq!(
                only(&document, "EntityDescriptor").attribute("cacheDuration"),
                Some("PT6H")
            );
            let own = ask(address, "GET", "/saml/metadata/wiki", &[]);
            assert_eq!(
                (own.body, own.headers.len()),
                (response.body, response.headers.len())
            );
            for target in ["/saml/certificate.cer", "/saml/certificate.cer?key=active"] {
                assert_eq!(ask(address, "GET", target, &[]).bytes, wanted[0].der);
            }
            let (pem, cer) = (
                ask(address, "GET", "/saml/certificate.pem?key=next", &[]),
                ask(address, "GET", "/saml/certificate.cer?key=next", &[]),
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
        signs(&scene, &old, "_a");

        let next = done(provider.prepare_key(None).unwrap());
        published(&[&old, &next], Some(&next));
        signs(&scene, &old, "_b");

        scene.house.clock.advance(PUBLISHED_FIRST);
        provider
            .confirm_followers(std::slice::from_ref(&scene.wiki.slug))
            .unwrap();
        done(provider.activate_key(false).unwrap());
        published(&[&next, &old], None);
        signs(&scene, &next, "_c");

        done(provider.go_back_to_key().unwrap());
        published(&[&old, &next], Some(&next));
        signs(&scene, &old, "_d");

        done(provider.activate_key(false).unwrap());
        scene.house.clock.advance(KEPT_AFTER);
        assert_eq!(done(provider.retire_key(false).unwrap()).sha256, old.sha256);
        published(&[&next], None);
        signs(&scene, &next, "_e");

        let third = done(provider.prepare_key(None).unwrap());
        published(&[&next, &third], Some(&third));
        assert_eq!(done(provider.cancel_key().unwrap()).sha256, third.sha256);
        published(&[&next], None);
        for target in [
            "/saml/certificate.pem?key=previous",
            "/saml/certificate.pem?a=b&key=x",
        ] {
            assert_eq!(ask(address, "GET", target, &[]).status, 404, "{target}");
        }
        assert_eq!(
            ask(address, "GET", "/saml/certificate.cer?cache=1", &[]).bytes,
            next.der
        );
    });
}

#[test]
fn the_same_keys_make_the_same_document_and_other_keys_another() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let replica = scene.house.replica();
        let documents = || {
            for provider in [&scene.house.provider, &replica.provider] {
                provider.refresh().unwrap();
            }
            let (one, other) = (
                scene.house.provider.metadata().unwrap(),
                replica.provider.metadata().unwrap(),
            );
            assert_eq!(one, other, "every replica renders the same bytes");
            let hash: String = Sha256::digest(one.body.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(one.tag, hash);
            let document = Document::parse(&one.body).unwrap();
            let id = document.root_element().attribute("ID").unwrap().to_owned();
            (id, one.tag)
        };
        let first = documents();
        done(scene.house.provider.prepare_key(None).unwrap());
        let second = documents();
        assert!(
            first.0 != second.0 && first.1 != second.1,
            "another document has another ID"
        );
        done(replica.provider.cancel_key().unwrap());
        assert_eq!(documents(), first);
    });
}

#[test]
fn metadata_can_be_published_without_a_signature() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[("HALLPASS_METADATA_SIGNED", "false")], |_, _| {});
        let body = ask(scene.house.address, "GET", "/saml/metadata", &[]).body;
        is_valid(&body, METADATA).unwrap();
        let document = Document::parse(&body).unwrap();
        assert_eq!(all(&document, "Signature").len(), 0);
        assert_eq!(
            certificates(&body),
            [scene.house.provider.certificate_pem().unwrap().0.der]
        );
    });
}

#[test]
fn a_step_that_is_not_due_is_refused_with_its_reason() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let provider = &scene.house.provider;
        let wiki = std::slice::from_ref(&scene.wiki.slug);
        for refused in [
            provider.activate_key(true).unwrap(),
            provider.cancel_key().unwrap(),
        ] {
            assert_eq!(stopped(refused), Stop::NothingPrepared);
        }
        for refused in [
            provider.go_back_to_key().unwrap(),
            provider.retire_key(true).unwrap(),
        ] {
            assert_eq!(stopped(refused), Stop::NoPrevious);
        }
        assert_eq!(provider.confirm_followers(wiki).unwrap(), Confirmed::NoRollover);

        done(provider.prepare_key(None).unwrap());
        assert_eq!(
            stopped(provider.prepare_key(None).unwrap()),
            Stop::AlreadyPrepared
        );
        let now = scene.now();
        let refused = stopped(provider.activate_key(false).unwrap());
        assert!(
            matches!(refused, Stop::TooSoon { at, .. } if at == now + PUBLISHED_FIRST),
            "{refused}"
        );
        scene
            .house
            .clock
            .advance(PUBLISHED_FIRST - TimeDelta::milliseconds(1));
        assert!(matches!(
            stopped(provider.activate_key(false).unwrap()),
            Stop::TooSoon { .. }
        ));
        scene.house.clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(
            stopped(provider.activate_key(false).unwrap()),
            Stop::NotFollowed(1)
        );
        let nobody = hallpass::model::application::Slug::parse("nobody").unwrap();
        let both = [wiki[0].clone(), nobody.clone()];
        assert_eq!(
            provider.confirm_followers(&both).unwrap(),
            Confirmed::Unknown(vec![nobody])
        );
        assert_eq!(
            provider.rollover().unwrap().missing().count(),
            1,
            "nothing was confirmed"
        );
        assert_eq!(
            provider.confirm_followers(wiki).unwrap(),
            Confirmed::Done { new: 1, known: 0 }
        );
        assert_eq!(
            provider.confirm_followers(wiki).unwrap(),
            Confirmed::Done { new: 0, known: 1 }
        );
        done(provider.activate_key(false).unwrap());

        assert_eq!(stopped(provider.prepare_key(None).unwrap()), Stop::Unfinished);
        assert_eq!(
            stopped(provider.activate_key(true).unwrap()),
            Stop::NothingPrepared
        );
        let refused = stopped(provider.retire_key(false).unwrap());
        assert!(
            matches!(refused, Stop::TooSoon { at, .. } if at == scene.now() + KEPT_AFTER),
            "{refused}"
        );
        scene.house.clock.advance(KEPT_AFTER);
        done(provider.retire_key(false).unwrap());
        assert_eq!(stopped(provider.go_back_to_key().unwrap()), Stop::NoPrevious);
    });
}

#[test]
fn force_waits_for_nobody_and_the_audit_trail_says_so() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let provider = &scene.house.provider;
        scene.house.clock.advance(TimeDelta::seconds(1));
        let next = done(provider.prepare_key(None).unwrap());
        scene.house.clock.advance(TimeDelta::seconds(1));
        done(provider.activate_key(true).unwrap());
        signs(&scene, &next, "_forced");
        assert!(matches!(
            stopped(provider.retire_key(false).unwrap()),
            Stop::TooSoon { .. }
        ));
        scene.house.clock.advance(KEPT_AFTER);
        assert_eq!(stopped(provider.retire_key(false).unwrap()), Stop::NotFollowed(1));
        done(provider.retire_key(true).unwrap());
        let written = crate::support::rows::texts(
            &scene.house.settings,
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
fn another_replica_takes_every_step_up_within_seconds() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let replica = scene.house.replica();
        let old = scene.house.provider.certificate_pem().unwrap().0;
        let next = done(scene.house.provider.prepare_key(None).unwrap());
        publishes(replica.address, &[&old, &next]);
        scene.house.clock.advance(PUBLISHED_FIRST);
        done(replica.provider.activate_key(true).unwrap());
        signs(&scene, &next, "_at_once");
        publishes(scene.house.address, &[&next, &old]);
        let rollover = replica.provider.rollover().unwrap();
        assert_eq!(rollover.key(KeyState::Previous).unwrap().certificate, old);
        scene.house.clock.advance(KEPT_AFTER);
        done(scene.house.provider.retire_key(true).unwrap());
        publishes(replica.address, &[&next]);
    });
}
