//! What keys also need: their sealing key, configured files, a backup, and a warning before they expire.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chrono::{DateTime, TimeDelta};
use hallpass::{
    model::{
        actor::Actor,
        key::{Certificate, KeyState},
        secret::Secret,
    },
    provider::{
        Provider,
        bootstrap::BootstrapNotice,
        keys::{MIN_PUBLISHED_AFTER_SIGNING, MIN_PUBLISHED_BEFORE_SIGNING, OwnKey, StepRefused},
    },
    server,
};

use super::{
    assert_signs_with, expect_done, expect_refused, request_with_headers, roll_over, wait_until_published,
};
use crate::support::{
    assertions::assert_matches,
    sp_keys::SpKey,
    sql,
    sso_setup::SsoSetup,
    test_server::{Database, TestServer, on_each_database},
};

fn own_key(key: &SpKey) -> OwnKey {
    OwnKey {
        key: Secret::new(key.private_pem()),
        certificate: key.pem.clone(),
    }
}

fn certificate_in_state(provider: &Provider, state: KeyState) -> Option<Certificate> {
    provider
        .keys(&Actor::Itself)
        .rollover()
        .unwrap()
        .key(state)
        .map(|key| key.certificate.clone())
}

fn write_file(path: &Path, bytes: &[u8]) -> String {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn an_own_key_is_prepared_only_with_its_certificate() {
    on_each_database(|database| {
        let (key, other) = (SpKey::rsa(2048), SpKey::rsa(2048));
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        for (bad, expected) in [
            (
                OwnKey {
                    certificate: other.pem.clone(),
                    ..own_key(&key)
                },
                "belong together",
            ),
            (
                OwnKey {
                    certificate: b"x".to_vec(),
                    ..own_key(&key)
                },
                "no certificate found",
            ),
            (
                OwnKey {
                    key: Secret::new(b"x".to_vec()),
                    ..own_key(&key)
                },
                "no private key found",
            ),
            (own_key(&SpKey::p256()), "not an RSA key"),
        ] {
            let refused = expect_refused(provider.keys(&Actor::Itself).prepare_key(Some(&bad)).unwrap());
            assert!(
                matches!(&refused, StepRefused::UnusableKey(why) if why.contains(expected)),
                "{refused}"
            );
        }
        assert_eq!(certificate_in_state(provider, KeyState::Next), None);
        assert_eq!(
            expect_done(
                provider
                    .keys(&Actor::Itself)
                    .prepare_key(Some(&own_key(&key)))
                    .unwrap()
            )
            .sha256,
            key.certificate.sha256
        );
        setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        expect_done(provider.keys(&Actor::Itself).activate_key(true).unwrap());
        assert_signs_with(&setup, &key.certificate, "_own");
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(provider.keys(&Actor::Itself).retire_key(true).unwrap());
        assert_eq!(
            expect_refused(
                provider
                    .keys(&Actor::Itself)
                    .prepare_key(Some(&own_key(&key)))
                    .unwrap()
            ),
            StepRefused::SameCertificate
        );
    });
}

#[test]
fn a_retired_key_is_destroyed_and_a_prepared_one_is_sealed() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let left = || {
            let sql = "SELECT count(*) AS n FROM signing_keys WHERE sealed IS NOT NULL";
            sql::number(&setup.server.settings, sql)
        };
        roll_over(&setup, &setup.server.provider);
        assert_eq!(left(), 2);
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(setup.server.keys().retire_key(false).unwrap());
        assert_eq!(left(), 1);
        expect_done(setup.server.keys().prepare_key(None).unwrap());
        assert_eq!(left(), 2);
        expect_done(setup.server.keys().cancel_key().unwrap());
        assert_eq!(left(), 1);
        let count_retired = "SELECT count(*) AS n FROM signing_keys WHERE state = 'retired'";
        assert_eq!(
            sql::number(&setup.server.settings, count_retired),
            2,
            "their certificates are a record"
        );
    });
}

#[test]
fn a_wrong_sealing_key_is_detected_for_any_signing_key() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        expect_done(setup.server.keys().prepare_key(None).unwrap());
        // The next key's row as another sealing key would have left it: that key's name is bytes 2 to 9.
        let sealed = "SELECT state AS t FROM signing_keys WHERE state = 'next'";
        assert_eq!(sql::texts(&setup.server.settings, sealed), ["next"]);
        let spoil = match database {
            Database::Sqlite => {
                "UPDATE signing_keys SET sealed = CAST(substr(sealed, 1, 1) || x'0102030405060708' || substr(sealed, 10) AS BLOB) WHERE state = 'next'"
            }
            Database::Postgres(_) => {
                "UPDATE signing_keys SET sealed = overlay(sealed placing '\\x0102030405060708'::bytea from 2) WHERE state = 'next'"
            }
        };
        sql::execute(&setup.server.settings, spoil);
        let why = format!("{:#}", server::open(&setup.server.settings).unwrap_err());
        assert!(
            why.contains("was sealed with the sealing key 0102030405060708"),
            "{why}"
        );
        let why = format!("{:#}", server::prepare(&setup.server.settings).unwrap_err());
        assert!(
            why.contains("seal.key") && why.contains("0102030405060708"),
            "{why}"
        );
        let why = setup.server.keys().activate_key(true).unwrap_err().to_string();
        assert!(why.contains("0102030405060708"), "{why}");
    });
}

#[test]
fn files_that_are_still_configured_do_not_undo_a_rollover() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (SpKey::rsa(2048), SpKey::rsa(2048));
        let files = |name: &str, key: &SpKey| {
            (
                write_file(&dir.path().join(format!("{name}.key")), &key.private_pem()),
                write_file(&dir.path().join(format!("{name}.pem")), &key.pem),
            )
        };
        let (key, certificate) = files("first", &first);
        let configured = [
            ("HALLPASS_KEY_FILE", key.as_str()),
            ("HALLPASS_CERTIFICATE_FILE", certificate.as_str()),
        ];
        let setup = SsoSetup::with(database, &configured, |_, _| {});
        let provider = &setup.server.provider;
        let restart = |environment: &[(&str, &str)]| {
            let settings = crate::support::test_server::settings(
                &setup.server.settings.data_dir,
                database,
                setup.server.address,
                environment,
            );
            server::prepare(&settings).unwrap().1
        };
        assert_eq!(restart(&configured), []);
        let next = roll_over(&setup, provider);
        for state in [KeyState::Previous, KeyState::Retired] {
            assert_eq!(
                restart(&configured),
                [BootstrapNotice::ConfiguredKeyNotActive {
                    sha256: first.certificate.sha256.clone(),
                    state
                }]
            );
            assert_eq!(certificate_in_state(provider, KeyState::Active).unwrap(), next);
            setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
            if state == KeyState::Previous {
                expect_done(provider.keys(&Actor::Itself).retire_key(false).unwrap());
            }
        }
        // Other configured files take over at once, and the previous key can be reactivated.
        let (key, certificate) = files("second", &second);
        let findings = restart(&[
            ("HALLPASS_KEY_FILE", key.as_str()),
            ("HALLPASS_CERTIFICATE_FILE", certificate.as_str()),
        ]);
        assert_eq!(
            findings,
            [BootstrapNotice::KeyImported {
                sha256: second.certificate.sha256.clone()
            }]
        );
        assert_eq!(certificate_in_state(provider, KeyState::Previous).unwrap(), next);
        wait_until_published(setup.server.address, &[&second.certificate, &next]);
        expect_done(provider.keys(&Actor::Itself).reactivate_previous_key().unwrap());
        assert_signs_with(&setup, &next, "_back");
    });
}

#[test]
fn a_backup_taken_during_a_rollover_resumes_it() {
    let setup = SsoSetup::new(&Database::Sqlite);
    let provider = &setup.server.provider;
    let old = provider.saml().certificate_pem().unwrap().0;
    let next = expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
    let copy = tempfile::tempdir().unwrap();
    let data = copy.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let file = data.join("hallpass.db");
    sql::execute(
        &setup.server.settings,
        &format!("VACUUM INTO '{}'", file.display()),
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let seal_key = fs::read(setup.server.settings.data_dir.join("seal.key")).unwrap();
    write_file(&data.join("seal.key"), &seal_key);
    setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
    expect_done(provider.keys(&Actor::Itself).activate_key(true).unwrap());
    setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
    expect_done(provider.keys(&Actor::Itself).retire_key(true).unwrap());

    let restored = TestServer::start_in_dir(copy, &Database::Sqlite, &[]);
    wait_until_published(restored.address, &[&old, &next]);
    restored.clock.advance(TimeDelta::hours(1));
    expect_done(restored.provider.keys(&Actor::Itself).activate_key(true).unwrap());
    assert_eq!(
        restored.provider.keys(&Actor::Itself).rollover().unwrap().keys[0].certificate,
        next
    );
}

#[test]
fn an_expiring_certificate_is_reported_in_health_and_status_and_blocks_nothing() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
        });
        let ready = || request_with_headers(setup.server.address, "GET", "/health/ready", &[]);
        let provider = &setup.server.provider;
        // What the start found, before anything was registered, is checked again each second.
        provider.refresh_snapshot().unwrap();
        assert_eq!((ready().status, ready().body.as_str()), (200, "ready\n"));
        let end: DateTime<_> = provider.saml().certificate_pem().unwrap().0.not_after;
        setup
            .server
            .clock
            .advance(end - TimeDelta::days(13) - setup.now());
        let body = ready().body;
        assert!(
            body.starts_with("ready\nwarning: the signing certificate ends in 13 days")
                && body.contains("hallpass key roll prepare"),
            "{body}"
        );
        let of_applications: Vec<_> = provider
            .keys(&Actor::Itself)
            .application_expiring_certificates()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            of_applications.len() == 1
                && of_applications[0].contains("Wiki (wiki) signs with ends in 13 days"),
            "{of_applications:?}"
        );
        provider.run_housekeeping().unwrap();
        let short = SpKey::rsa(2048);
        assert_matches!(
            expect_refused(provider.keys(&Actor::Itself).prepare_key(Some(&own_key(&short))).unwrap()),
            StepRefused::UnusableKey(why) if why.contains("expired")
        );
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        provider.refresh_snapshot().unwrap();
        assert!(
            ready().body.contains("the next key is prepared"),
            "{}",
            ready().body
        );
        setup.server.clock.advance(TimeDelta::days(20));
        assert_eq!(ready().status, 200);
        assert!(ready().body.contains("ended on"), "{}", ready().body);
        expect_done(provider.keys(&Actor::Itself).activate_key(true).unwrap());
        provider.refresh_snapshot().unwrap();
        assert_eq!(ready().body, "ready\n");
    });
}

/// The private key must not remain in the bytes of the files, so the test reads them.
#[test]
fn a_destroyed_private_key_is_erased_from_the_files() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        let Some(file) = setup.server.settings.sqlite_path() else {
            return;
        };
        let sealed = |state: &str| {
            let sql = format!("SELECT hex(sealed) AS t FROM signing_keys WHERE state = '{state}'");
            let hex = sql::texts(&setup.server.settings, &sql).remove(0);
            (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
                .collect::<Vec<u8>>()
        };
        // Any part of it counts: what remains of a row may be cut.
        let lies_on = |sealed: &[u8]| {
            ["", "-wal", "-journal"].iter().any(|ending| {
                let bytes = fs::read(format!("{}{ending}", file.display())).unwrap_or_default();
                sealed
                    .chunks_exact(64)
                    .any(|part| bytes.windows(part.len()).any(|window| window == part))
            })
        };
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        let next = sealed("next");
        assert!(lies_on(&next), "the test would see it");
        expect_done(provider.keys(&Actor::Itself).cancel_key().unwrap());
        assert!(!lies_on(&next), "taken back");
        roll_over(&setup, provider);
        let previous = sealed("previous");
        assert!(lies_on(&previous), "it stays until it is retired");
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(provider.keys(&Actor::Itself).retire_key(true).unwrap());
        assert!(!lies_on(&previous), "retired");
    });
}
