//! What keys need besides: their sealing key, their files, a backup, an end that is seen coming.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chrono::{DateTime, TimeDelta};
use hallpass::{
    model::{
        key::{Certificate, KeyState},
        secret::Secret,
    },
    provider::{
        Provider,
        installation::Finding,
        rollover::{KEPT_AFTER, OwnKey, PUBLISHED_FIRST, Stop},
    },
    server,
};

use super::{ask, done, publishes, roll, signs, stopped};
use crate::support::{
    house::{Database, House, on_each_database},
    rows,
    scene::Scene,
    signing::Key,
};

fn own(key: &Key) -> OwnKey {
    OwnKey {
        key: Secret::new(key.private_pem()),
        certificate: key.pem.clone(),
    }
}

fn in_state(provider: &Provider, state: KeyState) -> Option<Certificate> {
    provider
        .rollover()
        .unwrap()
        .key(state)
        .map(|key| key.certificate.clone())
}

fn write(path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn a_key_of_ones_own_is_prepared_with_its_certificate_only() {
    on_each_database(|database| {
        let (key, other) = (Key::rsa(2048), Key::rsa(2048));
        let scene = Scene::new(database);
        let provider = &scene.house.provider;
        for (bad, words) in [
            (
                OwnKey {
                    certificate: other.pem.clone(),
                    ..own(&key)
                },
                "belong together",
            ),
            (
                OwnKey {
                    certificate: b"x".to_vec(),
                    ..own(&key)
                },
                "no certificate found",
            ),
            (
                OwnKey {
                    key: Secret::new(b"x".to_vec()),
                    ..own(&key)
                },
                "no private key found",
            ),
            (own(&Key::p256()), "not an RSA key"),
        ] {
            let stop = stopped(provider.prepare_key(Some(&bad)).unwrap());
            assert!(
                matches!(&stop, Stop::BadKey(why) if why.contains(words)),
                "{stop}"
            );
        }
        assert_eq!(in_state(provider, KeyState::Next), None);
        assert_eq!(
            done(provider.prepare_key(Some(&own(&key))).unwrap()).sha256,
            key.certificate.sha256
        );
        scene.house.clock.advance(PUBLISHED_FIRST);
        done(provider.activate_key(true).unwrap());
        signs(&scene, &key.certificate, "_own");
        scene.house.clock.advance(KEPT_AFTER);
        done(provider.retire_key(true).unwrap());
        assert_eq!(
            stopped(provider.prepare_key(Some(&own(&key))).unwrap()),
            Stop::SameCertificate
        );
    });
}

#[test]
fn a_retired_key_is_destroyed_and_a_prepared_one_is_sealed() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let left = || {
            let sql = "SELECT count(*) AS n FROM signing_keys WHERE sealed IS NOT NULL";
            rows::number(&scene.house.settings, sql)
        };
        roll(&scene, &scene.house.provider);
        assert_eq!(left(), 2);
        scene.house.clock.advance(KEPT_AFTER);
        done(scene.house.provider.retire_key(false).unwrap());
        assert_eq!(left(), 1);
        done(scene.house.provider.prepare_key(None).unwrap());
        assert_eq!(left(), 2);
        done(scene.house.provider.cancel_key().unwrap());
        assert_eq!(left(), 1);
        let kept = "SELECT count(*) AS n FROM signing_keys WHERE state = 'retired'";
        assert_eq!(
            rows::number(&scene.house.settings, kept),
            2,
            "their certificates are a record"
        );
    });
}

#[test]
fn another_sealing_key_is_found_out_whichever_key_it_did_not_seal() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        done(scene.house.provider.prepare_key(None).unwrap());
        // The row of the next key as another sealing key would have left it: its name is bytes 2 to 9.
        let sealed = "SELECT state AS t FROM signing_keys WHERE state = 'next'";
        assert_eq!(rows::texts(&scene.house.settings, sealed), ["next"]);
        let spoil = match database {
            Database::Sqlite => {
                "UPDATE signing_keys SET sealed = CAST(substr(sealed, 1, 1) || x'0102030405060708' || substr(sealed, 10) AS BLOB) WHERE state = 'next'"
            }
            Database::Postgres(_) => {
                "UPDATE signing_keys SET sealed = overlay(sealed placing '\\x0102030405060708'::bytea from 2) WHERE state = 'next'"
            }
        };
        rows::execute(&scene.house.settings, spoil);
        let why = format!("{:#}", server::open(&scene.house.settings).unwrap_err());
        assert!(
            why.contains("was sealed with the sealing key 0102030405060708"),
            "{why}"
        );
        let why = format!("{:#}", server::prepare(&scene.house.settings).unwrap_err());
        assert!(
            why.contains("seal.key") && why.contains("0102030405060708"),
            "{why}"
        );
        let why = scene.house.provider.activate_key(true).unwrap_err().to_string();
        assert!(why.contains("0102030405060708"), "{why}");
    });
}

#[test]
fn files_that_are_still_configured_do_not_undo_a_rollover() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (Key::rsa(2048), Key::rsa(2048));
        let files = |name: &str, key: &Key| {
            (
                write(&dir.path().join(format!("{name}.key")), &key.private_pem()),
                write(&dir.path().join(format!("{name}.pem")), &key.pem),
            )
        };
        let (key, certificate) = files("first", &first);
        let configured = [
            ("HALLPASS_KEY_FILE", key.as_str()),
            ("HALLPASS_CERTIFICATE_FILE", certificate.as_str()),
        ];
        let scene = Scene::with(database, &configured, |_, _| {});
        let provider = &scene.house.provider;
        let restart = |environment: &[(&str, &str)]| {
            let settings = crate::support::house::settings(
                &scene.house.settings.data_dir,
                database,
                scene.house.address,
                environment,
            );
            server::prepare(&settings).unwrap().1
        };
        assert_eq!(restart(&configured), []);
        let next = roll(&scene, provider);
        for state in [KeyState::Previous, KeyState::Retired] {
            assert_eq!(
                restart(&configured),
                [Finding::OwnKeyNotActive {
                    sha256: first.certificate.sha256.clone(),
                    state
                }]
            );
            assert_eq!(in_state(provider, KeyState::Active).unwrap(), next);
            scene.house.clock.advance(KEPT_AFTER);
            if state == KeyState::Previous {
                done(provider.retire_key(false).unwrap());
            }
        }
        // Other files take over at once, as ever, and the key before can be had back.
        let (key, certificate) = files("second", &second);
        let findings = restart(&[
            ("HALLPASS_KEY_FILE", key.as_str()),
            ("HALLPASS_CERTIFICATE_FILE", certificate.as_str()),
        ]);
        assert_eq!(
            findings,
            [Finding::KeyImported {
                sha256: second.certificate.sha256.clone()
            }]
        );
        assert_eq!(in_state(provider, KeyState::Previous).unwrap(), next);
        publishes(scene.house.address, &[&second.certificate, &next]);
        done(provider.go_back_to_key().unwrap());
        signs(&scene, &next, "_back");
    });
}

#[test]
fn a_backup_from_the_middle_of_a_rollover_goes_on_from_there() {
    let scene = Scene::new(&Database::Sqlite);
    let provider = &scene.house.provider;
    let old = provider.certificate_pem().unwrap().0;
    let next = done(provider.prepare_key(None).unwrap());
    let copy = tempfile::tempdir().unwrap();
    let data = copy.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let file = data.join("hallpass.db");
    rows::execute(
        &scene.house.settings,
        &format!("VACUUM INTO '{}'", file.display()),
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let seal = fs::read(scene.house.settings.data_dir.join("seal.key")).unwrap();
    write(&data.join("seal.key"), &seal);
    scene.house.clock.advance(PUBLISHED_FIRST);
    done(provider.activate_key(true).unwrap());
    scene.house.clock.advance(KEPT_AFTER);
    done(provider.retire_key(true).unwrap());

    let restored = House::start_in(copy, &Database::Sqlite, &[]);
    publishes(restored.address, &[&old, &next]);
    restored.clock.advance(TimeDelta::hours(1));
    done(restored.provider.activate_key(true).unwrap());
    assert_eq!(restored.provider.rollover().unwrap().keys[0].certificate, next);
}

#[test]
fn an_end_that_comes_near_is_said_in_health_and_in_the_status_and_forbids_nothing() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
        });
        let ready = || ask(scene.house.address, "GET", "/health/ready", &[]);
        let provider = &scene.house.provider;
        // What the start found, before anybody was there, is looked at anew each second.
        provider.refresh().unwrap();
        assert_eq!((ready().status, ready().body.as_str()), (200, "ready\n"));
        let end: DateTime<_> = provider.certificate_pem().unwrap().0.not_after;
        scene.house.clock.advance(end - TimeDelta::days(13) - scene.now());
        let body = ready().body;
        assert!(
            body.starts_with("ready\nwarning: the signing certificate ends in 13 days")
                && body.contains("hallpass key roll prepare"),
            "{body}"
        );
        let theirs: Vec<_> = provider
            .application_endings()
            .unwrap()
            .iter()
            .map(hallpass::provider::endings::EndingSoon::words)
            .collect();
        assert!(
            theirs.len() == 1 && theirs[0].contains("Wiki (wiki) signs with ends in 13 days"),
            "{theirs:?}"
        );
        provider.keep_house().unwrap();
        let short = Key::rsa(2048);
        assert!(matches!(
            stopped(provider.prepare_key(Some(&own(&short))).unwrap()),
            Stop::BadKey(why) if why.contains("expired")
        ));
        done(provider.prepare_key(None).unwrap());
        provider.refresh().unwrap();
        assert!(
            ready().body.contains("the next key is prepared"),
            "{}",
            ready().body
        );
        scene.house.clock.advance(TimeDelta::days(20));
        assert_eq!(ready().status, 200);
        assert!(ready().body.contains("ended on"), "{}", ready().body);
        done(provider.activate_key(true).unwrap());
        provider.refresh().unwrap();
        assert_eq!(ready().body, "ready\n");
    });
}

/// A promise about bytes is tested on bytes.
#[test]
fn a_private_key_that_is_destroyed_is_gone_from_the_files() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let provider = &scene.house.provider;
        let Some(file) = scene.house.settings.sqlite_path() else {
            return;
        };
        let sealed = |state: &str| {
            let sql = format!("SELECT hex(sealed) AS t FROM signing_keys WHERE state = '{state}'");
            let hex = rows::texts(&scene.house.settings, &sql).remove(0);
            (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
                .collect::<Vec<u8>>()
        };
        // Any part of it would do: what is left behind of a row may be cut.
        let lies_on = |sealed: &[u8]| {
            ["", "-wal", "-journal"].iter().any(|ending| {
                let bytes = fs::read(format!("{}{ending}", file.display())).unwrap_or_default();
                sealed
                    .chunks_exact(64)
                    .any(|part| bytes.windows(part.len()).any(|window| window == part))
            })
        };
        done(provider.prepare_key(None).unwrap());
        let next = sealed("next");
        assert!(lies_on(&next), "the test would see it");
        done(provider.cancel_key().unwrap());
        assert!(!lies_on(&next), "taken back");
        roll(&scene, provider);
        let previous = sealed("previous");
        assert!(lies_on(&previous));
        scene.house.clock.advance(KEPT_AFTER);
        done(provider.retire_key(true).unwrap());
        assert!(!lies_on(&previous), "retired");
    });
}
