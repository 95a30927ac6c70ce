//! Sign-ons go on while keys change: no response is signed with a key that was not published before.

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
    provider::rollover::{KEPT_AFTER, PUBLISHED_FIRST},
    saml::second_opinion,
};
use roxmltree::Document;

use super::{ask, certificates, done, publishes};
use crate::support::{
    browser::Browser,
    house::{Replica, on_each_database},
    judge::all,
    scene::Scene,
    sp::posted,
};

/// How long each state is under load.
const A_WHILE: Duration = Duration::from_millis(400);
const THREADS: usize = 4;

/// People who sign on again and again, half of them at each daemon.
struct Load {
    stop: AtomicBool,
    /// How many sign-ons each of them has begun.
    begun: [AtomicUsize; THREADS],
}

#[test]
fn every_response_verifies_with_a_key_that_every_replica_had_published() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let replica = scene.house.replica();
        let jar = scene.signed_in().jar;
        let load = Load {
            stop: AtomicBool::new(false),
            begun: array::from_fn(|_| AtomicUsize::new(0)),
        };
        let mut signers: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        thread::scope(|scope| {
            let people: Vec<_> = (0..THREADS)
                .map(|n| {
                    let (scene, replica, load) = (&scene, &replica, &load);
                    let mut browser =
                        Browser::new([scene.house.address, replica.address][n % 2], &scene.house.origin);
                    browser.jar = jar.clone();
                    scope.spawn(move || sign_on_until_told(scene, replica, load, n, browser))
                })
                .collect();
            let rolled = panic::catch_unwind(AssertUnwindSafe(|| roll_twice(&scene, &replica, &load)));
            load.stop.store(true, Ordering::Relaxed);
            for one in people {
                for (der, times) in one.join().unwrap() {
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

/// Who signed how often.
fn sign_on_until_told(
    scene: &Scene,
    replica: &Replica,
    load: &Load,
    n: usize,
    mut browser: Browser,
) -> BTreeMap<Vec<u8>, usize> {
    let mut signers: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    while !load.stop.load(Ordering::Relaxed) {
        let number = load.begun[n].fetch_add(1, Ordering::SeqCst);
        // What a service provider may have fetched before this, from either daemon.
        let known = [scene.house.address, replica.address]
            .map(|daemon| certificates(&ask(daemon, "GET", "/saml/metadata", &[]).body));
        let xml = posted(&browser.get(&scene.address(&format!("_l{n}-{number}")))).0;
        let document = Document::parse(&xml).unwrap();
        let named = all(&document, "X509Certificate")[0].text().unwrap();
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
    /// Waits until whoever looked at our metadata before this has signed on and looks again: for service
    /// providers that takes what `PUBLISHED_FIRST` waits for, and the clock here stands still.
    fn everybody_looks_again(&self) {
        let before: Vec<_> = self.begun.iter().map(|one| one.load(Ordering::SeqCst)).collect();
        let began = Instant::now();
        for (one, before) in self.begun.iter().zip(before) {
            while one.load(Ordering::SeqCst) <= before {
                assert!(began.elapsed() < Duration::from_mins(1), "the load has ended");
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Two rollovers, each with a way back in between, by both daemons in turn.
fn roll_twice(scene: &Scene, replica: &Replica, load: &Load) {
    let (one, other) = (&scene.house.provider, &replica.provider);
    load.everybody_looks_again();
    for (first, second) in [(one, other), (other, one)] {
        let before = first.certificate_pem().unwrap().0;
        let next = done(first.prepare_key(None).unwrap());
        for daemon in [scene.house.address, replica.address] {
            publishes(daemon, &[&before, &next]);
        }
        load.everybody_looks_again();
        scene.house.clock.advance(PUBLISHED_FIRST);
        first
            .confirm_followers(std::slice::from_ref(&scene.wiki.slug))
            .unwrap();
        done(second.activate_key(false).unwrap());
        thread::sleep(A_WHILE);
        done(first.go_back_to_key().unwrap());
        thread::sleep(A_WHILE);
        done(second.activate_key(false).unwrap());
        // In steps, so that no request under way becomes stale.
        let mut waited = TimeDelta::zero();
        while waited < KEPT_AFTER {
            scene.house.clock.advance(TimeDelta::minutes(2));
            waited += TimeDelta::minutes(2);
            load.everybody_looks_again();
        }
        done(first.retire_key(false).unwrap());
        for daemon in [scene.house.address, replica.address] {
            publishes(daemon, &[&next]);
        }
        load.everybody_looks_again();
    }
}
