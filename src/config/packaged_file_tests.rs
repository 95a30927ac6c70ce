//! The configuration that packages install.

use std::{collections::BTreeSet, fs, path::Path};

use tempfile::TempDir;

use crate::{
    config::{Settings, key},
    model::secret::Secret,
};

const PACKAGED: &str = include_str!("../../fixtures/package/hallpass.toml");

fn load(file: &str) -> Settings {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("hallpass.toml");
    fs::write(&path, file).unwrap();
    let read_secret = |path: &Path| {
        let url: &[u8] = if path.ends_with("mail-url") {
            b"smtps://hallpass:secret@smtp.example.com"
        } else {
            b"postgres:///hallpass"
        };
        Ok(Secret::new(url.to_vec()))
    };
    Settings::load(Some(&path), [].into_iter(), &read_secret).unwrap()
}

/// A line that is switched off, without its `#`.
fn switched_off(line: &str) -> Option<&str> {
    let setting = line.strip_prefix('#')?;
    setting
        .starts_with(|first: char| first.is_ascii_lowercase())
        .then_some(setting)
}

#[test]
fn it_sets_the_data_directory_alone() {
    let settings = load(PACKAGED);
    for line in settings
        .effective()
        .iter()
        .filter(|line| line.origin != "default")
    {
        assert_eq!(line.key, "data_dir");
    }
    assert_eq!(
        settings.database_url.expose(),
        "sqlite:/var/lib/hallpass/hallpass.db"
    );
}

#[test]
fn it_shows_every_key_with_a_good_value_and_its_default() {
    let defaults = load("base_url = \"https://login.example.com\"");
    let mut shown = BTreeSet::new();
    // One of the two can be set. In its section a key has its last word alone.
    for (left_out, names) in [
        (["database_url", "mail.url"], ["database_url", "url"]),
        (
            ["database_url_file", "mail.url_file"],
            ["database_url_file", "url_file"],
        ),
    ] {
        let switched_on: Vec<&str> = PACKAGED
            .lines()
            .map(|line| match switched_off(line) {
                Some(setting) if !names.iter().any(|name| setting.starts_with(&format!("{name} "))) => {
                    setting
                }
                Some(_) | None => line,
            })
            .collect();
        let settings = load(&switched_on.join("\n"));
        for line in settings
            .effective()
            .iter()
            .filter(|line| !left_out.contains(&line.key.as_str()))
        {
            assert_eq!(line.origin, "file", "{}", line.key);
            let default = defaults.effective().iter().find(|other| other.key == line.key);
            let default = &default.unwrap().value;
            let varies =
                ["data_dir", "database_url", "workers", "limits.hashing"].contains(&line.key.as_str());
            assert!(
                varies || default.is_empty() || line.value == *default,
                "{line:?}, but the default is {default}"
            );
            shown.insert(line.key.clone());
        }
    }
    assert_eq!(shown.len(), key::KEYS.len(), "{shown:?}");
}
