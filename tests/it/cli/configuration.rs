//! `hallpass config check`, and commands that find nothing to work on.

use std::{fs, os::unix::fs::PermissionsExt};

use hallpass::files;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        sp_keys::SpKey,
        test_server::{self, Database, on_each_database},
    },
};

#[test]
fn the_configuration_is_checked_and_unknown_settings_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite);
    let lines = cli.json(&["config", "check", "--json"]);
    let line = |key: &str| {
        lines
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["key"] == key)
            .unwrap()
            .clone()
    };
    assert_eq!(line("base_url")["value"], "https://login.fernweh.example");
    assert_contains(&cli.expect_success(&["config", "check"]), "can be used");
    assert!(!dir.path().join("data").exists(), "a check makes nothing");

    let file = dir.path().join("hallpass.toml");
    let with_file = |text: &str| {
        fs::write(&file, text).unwrap();
        cli.expect_failure(&["--config", &file.display().to_string(), "config", "check"])
    };
    let output = with_file("organization = \"x\"\n");
    assert!(
        output.contains("organization") && output.contains("organisation"),
        "{output}"
    );
    assert_contains(&with_file("[sessions]\nidle = \"8 parsecs\"\n"), "idle");
    let mut strange = Cli(cli.0.clone());
    strange.0.push(("HALLPASS_BASE_URI".to_owned(), "x".to_owned()));
    assert_contains(&strange.expect_failure(&["config", "check"]), "HALLPASS_BASE_URI");
    for bad in [
        "http://login.fernweh.example",
        "https://login.fernweh.example/path",
        "ftp://x",
        "login.fernweh.example",
        "https://user@x.example",
    ] {
        let mut wrong = Cli(cli.0.clone());
        wrong.0.retain(|(name, _)| name != "HALLPASS_BASE_URL");
        wrong.0.push(("HALLPASS_BASE_URL".to_owned(), bad.to_owned()));
        assert!(
            wrong.expect_failure(&["config", "check"]).contains("base_url")
                || wrong.expect_failure(&["config", "check"]).contains("BASE_URL"),
            "{bad}"
        );
    }
    let mut secret = Cli(cli.0.clone());
    secret.0.push((
        "HALLPASS_DATABASE_URL".to_owned(),
        "postgres://u:hunter2@127.0.0.1:1/x".to_owned(),
    ));
    let output = secret.run(&["config", "check"], "");
    for text in [output.stdout, output.stderr] {
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("database_url"), "{text}");
        assert_lacks(&text, "hunter2");
    }
}

#[test]
fn all_configuration_errors_are_reported_at_once_including_files() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite);
    let file = dir.path().join("hallpass.toml");
    fs::write(
        &file,
        "organization = \"x\"\nlog_format = \"xml\"\n[sessions]\nidle = \"8 parsecs\"\n[audit]\nretention = \"400\"\n",
    )
    .unwrap();
    let file = file.display().to_string();
    let check = ["--config", &file, "config", "check"];
    let absent = dir.path().join("absent").display().to_string();
    let more = cli.with_env(&[
        ("HALLPASS_WORKERS", "many"),
        ("HALLPASS_DATABASE_URL_FILE", &absent),
        ("HALLPASS_HELP_URL", "ftp://x"),
    ]);
    let output = more.expect_failure(&check);
    for part in [
        "7 errors",
        "hallpass.toml:1: organization is not a setting",
        "hallpass.toml:2: log_format",
        "hallpass.toml:4: sessions.idle",
        "hallpass.toml:6: audit.retention: `400`",
        "180d, or forever",
        "HALLPASS_WORKERS: `many`",
        "HALLPASS_DATABASE_URL_FILE: cannot read",
        "No such file or directory",
        "HALLPASS_HELP_URL: `ftp://x`",
        "https://, http:// or mailto:",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }

    fs::write(&file, "organisation = \"x\"\n").unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite);
    let output = cli.expect_success(&check);
    assert!(
        output.contains(&format!(
            "Read: the file {file}; variables of the environment: 2."
        )) && output.contains("is not there yet; the daemon makes it"),
        "{output}"
    );
    let cli = Cli::new(std::path::Path::new("/etc/passwd"), &Database::Sqlite);
    let output = cli.expect_failure(&["config", "check"]);
    assert!(
        output.contains("data_dir: /etc/passwd is not a directory"),
        "{output}"
    );
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite)
        .with_env(&[("HALLPASS_SEAL_KEY_FILE", &absent)]);
    let output = cli.expect_failure(&["config", "check"]);
    assert!(output.contains("seal_key_file: cannot read"), "{output}");
}

#[test]
fn a_check_looks_at_data_directory_database_keys_and_proxy() {
    on_each_database(|database| {
        let server = test_server::TestServer::start(database, &[]);
        let data_dir = server.settings.data_dir.clone();
        let cli = || Cli::new(&data_dir, database);
        let output = cli().expect_success(&["config", "check"]);
        assert_contains(&output, "the database is there, and its keys can be opened");
        assert_contains(
            &cli()
                .with_env(&[("HALLPASS_TRUSTED_PROXIES", "none")])
                .expect_success(&["config", "check"]),
            "trusted_proxies: no proxy is trusted",
        );
        let open_to_all = cli().with_env(&[
            ("HALLPASS_LISTEN", "0.0.0.0:8080"),
            ("HALLPASS_BASE_URL", "http://127.0.0.1:8080"),
        ]);
        assert_contains(&open_to_all.expect_success(&["config", "check"]), "unencrypted");

        // Everything that is wrong, at once: a key with the certificate of another one, a file that others can read, and
        // a sealing key that is not the one of this database.
        let dir = tempfile::tempdir().unwrap();
        let (key, certificate) = (dir.path().join("key.pem"), dir.path().join("certificate.pem"));
        files::write_private(&key, &SpKey::rsa(2048).private_pem()).unwrap();
        fs::write(&certificate, SpKey::rsa(2048).pem).unwrap();
        fs::write(
            data_dir.join("seal.key"),
            format!("hallpass-seal-1:{}\n", "A".repeat(43) + "="),
        )
        .unwrap();
        let marker = match database {
            Database::Sqlite => "initialized.sqlite",
            Database::Postgres(_) => "initialized.postgres",
        };
        fs::set_permissions(data_dir.join(marker), PermissionsExt::from_mode(0o644)).unwrap();
        let output = cli()
            .with_env(&[
                ("HALLPASS_KEY_FILE", &key.display().to_string()),
                ("HALLPASS_CERTIFICATE_FILE", &certificate.display().to_string()),
            ])
            .expect_failure(&["config", "check"]);
        for part in [
            "key_file: ",
            "data_dir: ",
            "chmod 600",
            "database_url: ",
            "was sealed with",
        ] {
            assert_contains(&output, part);
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let away = Cli::new(
        &dir.path().join("data"),
        &Database::Postgres("postgres://nobody@127.0.0.1:1/nothing".to_owned()),
    );
    assert_contains(
        &away.expect_failure(&["config", "check"]),
        "database_url: the database cannot be opened",
    );
}

#[test]
fn other_commands_than_serve_make_no_database() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let cli = Cli::new(
            &dir.path().join("data"),
            &test_server::fresh_database_like(database),
        );
        assert_contains(&cli.expect_failure(&["user", "list"]), "start the daemon once");
        fs::create_dir(dir.path().join("data")).unwrap();
        fs::set_permissions(dir.path().join("data"), PermissionsExt::from_mode(0o700)).unwrap();
        assert_contains(&cli.expect_failure(&["app", "list"]), "start the daemon once");
        assert_eq!(fs::read_dir(dir.path().join("data")).unwrap().count(), 0);
    });
}
