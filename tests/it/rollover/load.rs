//! SSO continues while keys change: no response is signed with a key that was not published before.

use std::{
    array,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hallpass::{
    model::actor::Actor,
    provider::keys::{MIN_PUBLISHED_AFTER_SIGNING, MIN_PUBLISHED_BEFORE_SIGNING},
    saml::second_opinion,
};
use roxmltree::Document;

use super::{expect_done, published_certificates, request_with_headers, wait_until_published};
use crate::support::{
    browser::Browser,
    inspect::elements,
    sso_setup::SsoSetup,
    test_server::{Replica, on_each_database},
    test_sp::posted_response,
};

const STATE_DURATION: Duration = Duration::from_millis(400);
const THREADS: usize = 4;

/// Browsers that request SSO again and again, half of them at each daemon.
struct Load {
    stop: AtomicBool,
    /// How many SSO requests each of them has begun.
    started_sign_ins: [AtomicUsize; THREADS],
}

#[test]
fn every_response_verifies_with_a_key_that_every_replica_had_published() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let replica = setup.server.replica();
        let jar = setup.signed_in_browser().cookies;
        let load = Load {
            stop: AtomicBool::new(false),
            started_sign_ins: array::from_fn(|_| AtomicUsize::new(0)),
        };
        let mut signers: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        thread::scope(|scope| {
            let people: Vec<_> = (0..THREADS)
                .map(|n| {
                    let (setup, replica, load) = (&setup, &replica, &load);
                    let mut browser = Browser::new(
                        [setup.server.address, replica.address][n % 2],
                        &setup.server.origin,
                    );
                    browser.cookies = jar.clone();
                    scope.spawn(move || sign_in_until_stopped(setup, replica, load, n, browser))
                })
                .collect();
            let rolled = panic::catch_unwind(AssertUnwindSafe(|| roll_twice(&setup, &replica, &load)));
            load.stop.store(true, Ordering::Relaxed);
            for thread in people {
                for (der, times) in thread.join().unwrap() {
                    *signers.entry(der).or_default() += times;
                }
            }
            rolled.unwrap();
        });
        assert_eq!(signers.len(), 3, "the first key and two that took over");
        assert!(
            signers.values().all(|times| *times >= THREADS),
            "{:?}",
            signers.values()
        );
    });
}

/// How often each key signed.
fn sign_in_until_stopped(
    setup: &SsoSetup,
    replica: &Replica,
    load: &Load,
    n: usize,
    mut browser: Browser,
) -> BTreeMap<Vec<u8>, usize> {
    let mut signers: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    while !load.stop.load(Ordering::Relaxed) {
        let number = load.started_sign_ins[n].fetch_add(1, Ordering::SeqCst);
        // What a service provider may have fetched before this, from either daemon.
        let known = [setup.server.address, replica.address].map(|daemon| {
            published_certificates(&request_with_headers(daemon, "GET", "/saml/metadata", &[]).body)
        });
        let xml = posted_response(&browser.get(&setup.sso_url(&format!("_l{n}-{number}")))).0;
        let document = Document::parse(&xml).unwrap();
        let named = elements(&document, "X509Certificate")[0].text().unwrap();
        let signer = STANDARD.decode(named).unwrap();
        assert!(
            known.iter().all(|published| published.contains(&signer)),
            "signed with a key that was not published everywhere before"
        );
        assert_eq!(second_opinion::verify(&xml, &signer).unwrap(), 2);
        *signers.entry(signer).or_default() += 1;
    }
    signers
}

impl Load {
    /// Waits until every client that read our metadata before this has finished its SSO request and reads it again: for
    /// service providers that is what `MIN_PUBLISHED_BEFORE_SIGNING` waits for, and the clock of the test stands still.
    fn wait_for_fresh_metadata(&self) {
        let before: Vec<_> = self
            .started_sign_ins
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .collect();
        let began = Instant::now();
        for (count, before) in self.started_sign_ins.iter().zip(before) {
            while count.load(Ordering::SeqCst) <= before {
                assert!(began.elapsed() < Duration::from_mins(1), "the load has ended");
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Two rollovers, each with a step back in between, by both daemons in turn.
fn roll_twice(setup: &SsoSetup, replica: &Replica, load: &Load) {
    let (own, other) = (&setup.server.provider, &replica.provider);
    load.wait_for_fresh_metadata();
    for (first, second) in [(own, other), (other, own)] {
        let before = first.saml().certificate_pem().unwrap().0;
        let next = expect_done(first.keys(&Actor::Itself).prepare_key(None).unwrap());
        for daemon in [setup.server.address, replica.address] {
            wait_until_published(daemon, &[&before, &next]);
        }
        load.wait_for_fresh_metadata();
        setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        first
            .keys(&Actor::Itself)
            .confirm_key_adoption(std::slice::from_ref(&setup.wiki.slug))
            .unwrap();
        expect_done(second.keys(&Actor::Itself).activate_key(false).unwrap());
        thread::sleep(STATE_DURATION);
        expect_done(first.keys(&Actor::Itself).reactivate_previous_key().unwrap());
        thread::sleep(STATE_DURATION);
        expect_done(second.keys(&Actor::Itself).activate_key(false).unwrap());
        // In steps, so that no request under way expires.
        let mut waited = TimeDelta::zero();
        while waited < MIN_PUBLISHED_AFTER_SIGNING {
            setup.server.clock.advance(TimeDelta::minutes(2));
            waited += TimeDelta::minutes(2);
            load.wait_for_fresh_metadata();
        }
        expect_done(first.keys(&Actor::Itself).retire_key(false).unwrap());
        for daemon in [setup.server.address, replica.address] {
            wait_until_published(daemon, &[&next]);
        }
        load.wait_for_fresh_metadata();
    }
}
