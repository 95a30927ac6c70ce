//! Another sealing key: nothing that is published changes, and the old one opens nothing any more.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use hallpass::{provider::Provider, server};

use super::done;
use crate::support::{
    house::{Database, House, on_each_database},
    rows,
};

fn seal(house: &House) -> std::path::PathBuf {
    house.settings.data_dir.join("seal.key")
}

fn sealed_by(house: &House) -> Vec<String> {
    // Version, then the name of the sealing key.
    let sql = if house.settings.sqlite_path().is_some() {
        "SELECT DISTINCT hex(substr(sealed, 1, 9)) AS t FROM signing_keys WHERE sealed IS NOT NULL"
    } else {
        "SELECT DISTINCT upper(encode(substr(sealed, 1, 9), 'hex')) AS t FROM signing_keys WHERE sealed IS NOT NULL"
    };
    rows::texts(&house.settings, sql)
}

/// A house whose key and next key are sealed, and what it publishes.
fn with_two_keys(database: &Database) -> (House, String) {
    let house = House::start(database, &[]);
    done(house.provider.prepare_key(None).unwrap());
    house.provider.refresh().unwrap();
    let published = house.provider.metadata().unwrap().tag;
    (house, published)
}

fn opens(provider: &Provider, published: &str) {
    assert_eq!(provider.metadata().unwrap().tag, published);
    assert!(provider.cancel_key().is_ok(), "the keys are used, not only read");
}

#[test]
fn every_key_is_sealed_anew_and_the_old_sealing_key_opens_nothing() {
    on_each_database(|database| {
        let (house, published) = with_two_keys(database);
        let (before, file) = (sealed_by(&house), fs::read(seal(&house)).unwrap());
        let settings = house.settings.clone();
        let at = seal(&house);
        let dir = house.stop();
        let resealed = server::reseal(&settings, None).unwrap();
        assert!(resealed.keys == 2 && resealed.is_in_place && resealed.is_purged);
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
        assert_eq!(rows::number(&settings, audit), 1);
        assert_eq!(provider.metadata().unwrap().tag, published);
        drop(provider);

        // With the old one nothing starts.
        fs::write(&at, &file).unwrap();
        assert!(format!("{:#}", server::open(&settings).unwrap_err()).contains("seal"));
        fs::write(&at, &new).unwrap();
        let house = House::start_in(dir, database, &[]);
        let after = sealed_by(&house);
        assert!(after.len() == 1 && after != before);
        opens(&house.provider, &published);
    });
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn a_change_that_was_cut_short_is_brought_to_its_end() {
    on_each_database(|database| {
        let (house, published) = with_two_keys(database);
        let (at, settings) = (seal(&house), house.settings.clone());
        let old = fs::read(&at).unwrap();
        let coming = at.with_extension("key.new");
        let dir = house.stop();
        // Before the database took it: the old one goes on, and the next try takes what lies there.
        write(
            &coming,
            &format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[5; 32])),
        );
        let left = fs::read(&coming).unwrap();
        server::open(&settings).unwrap();
        assert!(coming.exists());
        server::reseal(&settings, None).unwrap();
        assert_eq!(fs::read(&at).unwrap(), left);
        // After the database took it.
        fs::rename(&at, &coming).unwrap();
        write(&at, std::str::from_utf8(&old).unwrap());
        let house = House::start_in(dir, database, &[]);
        assert_eq!((fs::read(&at).unwrap(), coming.exists()), (left, false));
        opens(&house.provider, &published);
    });
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_sealing_key_of_the_administrators_own_is_changed_for_another_of_theirs() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| dir.path().join(name));
        write(
            &one,
            &format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[1; 32])),
        );
        write(
            &other,
            &format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[2; 32])),
        );
        let named = |path: &Path| path.display().to_string();
        let first = named(&one);
        let house = House::start(database, &[("HALLPASS_SEAL_KEY_FILE", first.as_str())]);
        let settings = house.settings.clone();
        let data = house.stop();
        let why = format!("{:#}", server::reseal(&settings, None).unwrap_err());
        assert!(why.contains("--to FILE") && why.contains("openssl rand"), "{why}");
        let done = server::reseal(&settings, Some(&other)).unwrap();
        assert!(done.keys == 1 && !done.is_in_place);
        assert!(server::open(&settings).is_err());
        let second = named(&other);
        let house = House::start_in(data, database, &[("HALLPASS_SEAL_KEY_FILE", second.as_str())]);
        assert_eq!(sealed_by(&house).len(), 1);
    });
}
