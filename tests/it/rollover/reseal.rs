//! Replacing the sealing key: nothing that is published changes, and the old key no longer opens anything.

use hallpass::model::actor::Actor;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use hallpass::{provider::Provider, server};

use super::expect_done;
use crate::support::{
    assertions::{assert_contains, assert_matches},
    sql,
    test_server::{Database, TestServer, on_each_database},
};

fn sealing_key_path(test_server: &TestServer) -> std::path::PathBuf {
    test_server.settings.data_dir.join("seal.key")
}

fn sealing_key_ids(test_server: &TestServer) -> Vec<String> {
    // Version, then the name of the sealing key.
    let sql = if test_server.settings.sqlite_path().is_some() {
        "SELECT DISTINCT hex(substr(sealed, 1, 9)) AS t FROM signing_keys WHERE sealed IS NOT NULL"
    } else {
        "SELECT DISTINCT upper(encode(substr(sealed, 1, 9), 'hex')) AS t FROM signing_keys WHERE sealed IS NOT NULL"
    };
    sql::texts(&test_server.settings, sql)
}

/// A server with an active and a next key, and the metadata that it publishes.
fn server_with_two_keys(database: &Database) -> (TestServer, String) {
    let test_server = TestServer::start(database, &[]);
    expect_done(
        test_server
            .provider
            .keys(&Actor::Itself)
            .prepare_key(None)
            .unwrap(),
    );
    test_server.provider.refresh_snapshot().unwrap();
    let published = test_server.provider.saml().metadata().unwrap().etag;
    (test_server, published)
}

fn assert_keys_usable(provider: &Provider, published: &str) {
    assert_eq!(provider.saml().metadata().unwrap().etag, published);
    assert!(
        provider.keys(&Actor::Itself).cancel_key().is_ok(),
        "the keys are used, not only read"
    );
}

#[test]
fn every_key_is_resealed_and_the_old_sealing_key_is_useless() {
    on_each_database(|database| {
        let (test_server, published) = server_with_two_keys(database);
        let (before, file) = (
            sealing_key_ids(&test_server),
            fs::read(sealing_key_path(&test_server)).unwrap(),
        );
        let settings = Arc::clone(&test_server.settings);
        let at = sealing_key_path(&test_server);
        let dir = test_server.stop();
        let resealed = server::reseal(&settings, None, &Actor::Itself).unwrap();
        assert!(
            resealed.keys == 2 && resealed.is_in_place && resealed.is_purged,
            "{resealed:?}"
        );
        let new = fs::read(&at).unwrap();
        assert_ne!(new, file);
        assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!at.with_extension("key.new").exists());
        if let Some(path) = settings.sqlite_path() {
            let old = hex(&before[0]);
            for ending in ["", "-wal"] {
                let bytes = fs::read(format!("{}{ending}", path.display())).unwrap_or_default();
                assert!(
                    !bytes.windows(old.len()).any(|part| part == old),
                    "sealed with the old key: {ending}"
                );
            }
        }
        let provider = server::open(&settings).unwrap();
        let audit = "SELECT count(*) AS n FROM audit_events WHERE action = 'key.reseal'";
        assert_eq!(sql::number(&settings, audit), 1);
        assert_eq!(provider.saml().metadata().unwrap().etag, published);
        drop(provider);

        // Nothing starts with the old one.
        fs::write(&at, &file).unwrap();
        assert_contains(&format!("{:#}", server::open(&settings).unwrap_err()), "seal");
        fs::write(&at, &new).unwrap();
        let test_server = TestServer::start_in_dir(dir, database, &[]);
        let after = sealing_key_ids(&test_server);
        assert_eq!(after.len(), 1, "{after:?}");
        assert_ne!(after, before);
        assert_keys_usable(&test_server.provider, &published);
    });
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn an_interrupted_reseal_is_completed() {
    on_each_database(|database| {
        let (test_server, published) = server_with_two_keys(database);
        let (at, settings) = (sealing_key_path(&test_server), Arc::clone(&test_server.settings));
        let old = fs::read(&at).unwrap();
        let coming = at.with_extension("key.new");
        let dir = test_server.stop();
        // Before the database took it: the old one is used, and the next attempt takes the key that lies there.
        write_file(
            &coming,
            &format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[5; 32])),
        );
        let left = fs::read(&coming).unwrap();
        server::open(&settings).unwrap();
        assert!(coming.exists());
        server::reseal(&settings, None, &Actor::Itself).unwrap();
        assert_eq!(fs::read(&at).unwrap(), left);
        // After the database took it.
        fs::rename(&at, &coming).unwrap();
        write_file(&at, std::str::from_utf8(&old).unwrap());
        let test_server = TestServer::start_in_dir(dir, database, &[]);
        assert_eq!((fs::read(&at).unwrap(), coming.exists()), (left, false));
        assert_keys_usable(&test_server.provider, &published);
    });
}

fn write_file(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_configured_sealing_key_is_replaced_by_another() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let [old, new] = ["one", "other"].map(|name| dir.path().join(name));
        write_file(
            &old,
            &format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[1; 32])),
        );
        write_file(
            &new,
            &format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[2; 32])),
        );
        let named = |path: &Path| path.display().to_string();
        let first = named(&old);
        let test_server = TestServer::start(database, &[("HALLPASS_SEAL_KEY_FILE", first.as_str())]);
        let settings = Arc::clone(&test_server.settings);
        let data = test_server.stop();
        let why = format!(
            "{:#}",
            server::reseal(&settings, None, &Actor::Itself).unwrap_err()
        );
        assert!(why.contains("--to FILE") && why.contains("openssl rand"), "{why}");
        let done = server::reseal(&settings, Some(&new), &Actor::Itself).unwrap();
        assert!(done.keys == 1 && !done.is_in_place, "{done:?}");
        assert_matches!(server::open(&settings), Err(_));
        let second = named(&new);
        let test_server =
            TestServer::start_in_dir(data, database, &[("HALLPASS_SEAL_KEY_FILE", second.as_str())]);
        assert_eq!(sealing_key_ids(&test_server).len(), 1);
    });
}
