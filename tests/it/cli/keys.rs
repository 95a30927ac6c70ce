//! `hallpass key roll …` and `hallpass app draft`: what an administrator types and sees.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use super::{Cli, server_and_cli};
use crate::support::{
    assertions::assert_contains,
    http,
    sp_keys::SpKey,
    sql,
    test_server::{TestServer, on_each_database},
};

/// Sets the last step one hour back in the database: the command line uses the real time.
fn advance_one_hour(server: &TestServer) {
    sql::execute(
        &server.settings,
        "UPDATE signing_keys SET created_at = '2026-01-01 00:00:00', since = '2026-01-01 00:00:00' WHERE state <> 'retired'",
    );
}

fn rollover_status(cli: &Cli) -> Value {
    cli.json(&["key", "roll", "status", "--json"])
}

fn add_wiki(cli: &Cli) {
    cli.expect_success(&[
        "app",
        "add",
        "saml",
        "--entity-id",
        "urn:test:wiki",
        "--acs",
        "https://wiki.example/acs",
        "--name",
        "Wiki",
    ]);
}

fn add_chatgpt(cli: &Cli, more: &[&str]) -> String {
    let values = [
        "app",
        "add",
        "chatgpt",
        "--acs",
        "https://external.auth.openai.com/sso/saml/acs/AT1",
        "--audience",
        "AT1x",
    ];
    cli.expect_success(&[&values[..], more].concat())
}

/// The metadata URL's path for an application or a draft.
fn metadata_path(cli: &Cli, slug: &str) -> String {
    let shown = cli.json(&["app", "show", slug, "--json"]);
    let url = shown["paste"]["metadata_url"].as_str().unwrap();
    url.strip_prefix("https://login.fernweh.example")
        .unwrap()
        .to_owned()
}

#[test]
fn prepare_reports_what_each_application_must_do() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        let roll = |step: &str| cli.expect_success(&["key", "roll", step]);
        add_wiki(&cli);
        add_chatgpt(&cli, &[]);
        assert_contains(&roll("status"), "No rollover is under way");
        let output = roll("prepare");
        for part in [
            "https://login.fernweh.example/saml/certificate.pem?key=next",
            "SHA-256",
            "- ChatGPT (chatgpt): if ChatGPT was given https://login.fernweh.example/saml/metadata/chatgpt",
            "ChatGPT holds one at a time",
            "- Wiki (wiki): let it fetch https://login.fernweh.example/saml/metadata/wiki",
        ] {
            assert!(output.contains(part), "{part}: {output}");
        }
        assert_contains(
            &cli.expect_failure(&["key", "roll", "prepare"]),
            "prepared already",
        );
        let shown = rollover_status(&cli);
        assert_eq!(
            (
                &shown["keys"][0]["state"],
                &shown["keys"][1]["state"],
                &shown["missing"]
            ),
            (&"active".into(), &"next".into(), &2.into())
        );
        assert_eq!(shown["learning"], shown["keys"][1]["sha256"]);
        assert_eq!(shown["applications"][1]["slug"], "wiki");
        assert_contains(
            shown["applications"][1]["todo"].as_str().unwrap(),
            "key roll confirm wiki",
        );
        let application = cli.json(&["app", "show", "wiki", "--json"]);
        assert_eq!(application["paste"]["next_certificate_sha256"], shown["learning"]);
        assert_contains(
            &cli.expect_success(&["app", "show", "wiki"]),
            "A new signing key is prepared",
        );
    });
}

#[test]
fn a_manual_rollover_runs_from_confirmations_to_retirement() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let roll = |step: &str| cli.expect_success(&["key", "roll", step]);
        add_wiki(&cli);
        add_chatgpt(&cli, &[]);
        roll("prepare");
        let learning = rollover_status(&cli)["learning"].clone();
        assert_contains(&cli.expect_failure(&["key", "roll", "activate"]), "too soon");
        advance_one_hour(&server);
        let refused = cli.expect_failure(&["key", "roll", "activate"]);
        assert!(
            refused.contains("missing: 2\n- ")
                && refused.contains("- Wiki (wiki)")
                && refused.contains("--force"),
            "{refused}"
        );
        assert_contains(
            &cli.expect_failure(&["key", "roll", "confirm", "wiki", "nobody"]),
            "nobody",
        );
        assert_contains(
            &cli.expect_failure(&["key", "roll", "confirm", "../x"]),
            "not a short name",
        );
        cli.expect_failure(&["key", "roll", "confirm"]);
        assert_eq!(rollover_status(&cli)["missing"], 2);
        let output = cli.expect_success(&["key", "roll", "confirm", "chatgpt"]);
        assert!(
            output.contains("Confirmed: 1.") && output.contains("trust the next key: 1 of 2."),
            "{output}"
        );

        assert_fetches_are_shown(&server, &cli);
        let output = roll("activate");
        assert!(
            output.contains("paste it now")
                && output.contains("- ChatGPT (chatgpt)")
                && !output.contains("- Wiki"),
            "{output}"
        );
        let output = roll("back");
        assert!(output.contains("again"), "{output}");
        roll("activate");
        assert_contains(&cli.expect_failure(&["key", "roll", "retire"]), "too soon");
        assert_contains(&roll("status"), "`hallpass key roll back` undoes it");
        advance_one_hour(&server);
        assert_contains(&roll("retire"), "destroyed");
        let after = rollover_status(&cli);
        assert_eq!(
            (
                &after["keys"].as_array().unwrap().len(),
                &after["keys"][0]["sha256"]
            ),
            (&1, &learning)
        );
        assert_contains(
            &cli.expect_failure(&["key", "roll", "back"]),
            "no rollover is under way",
        );
    });
}

/// Wiki fetches our metadata from its own address, and somebody else from the one that can be guessed.
fn assert_fetches_are_shown(server: &TestServer, cli: &Cli) {
    let status = || cli.expect_success(&["key", "roll", "status"]);
    server.provider.refresh_snapshot().unwrap();
    let fetched = http::request(
        server.address,
        "GET",
        &metadata_path(cli, "wiki"),
        &[("Host", "login.fernweh.example"), ("User-Agent", "wiki/2")],
        "",
    );
    assert_eq!(fetched.status, 200);
    let output = status();
    assert!(
        output.contains(": 2 of 2.")
            && output.contains("fetched our metadata on")
            && output.contains("by wiki/2"),
        "{output}"
    );
    let guessed = [("Host", "login.fernweh.example"), ("User-Agent", "somebody")];
    http::request(server.address, "GET", "/saml/metadata/wiki", &guessed, "");
    // The fetch is recorded after the response.
    for _ in 0..200 {
        if status().contains("by somebody") {
            break;
        }
    }
    let output = status();
    assert!(
        output.contains("a hint only, since anybody can ask there") && output.contains("by somebody"),
        "{output}"
    );
    let fetchers = rollover_status(cli)["applications"][1]["fetchers"].clone();
    assert_eq!(
        (
            &fetchers[0]["own_address"],
            &fetchers[1]["own_address"],
            &fetchers[1]["agent"]
        ),
        (&true.into(), &false.into(), &"somebody".into()),
        "{fetchers}"
    );
}

#[test]
fn an_own_key_is_prepared_from_two_files() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let key = SpKey::rsa(2048);
        let file = |name: &str, bytes: &[u8], mode: u32| {
            let path = server.dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path.display().to_string()
        };
        let certificate = file("own.pem", &key.pem, 0o644);
        let open = file("open.key", &key.private_pem(), 0o644);
        let private = file("own.key", &key.private_pem(), 0o600);
        let prepare = |key: &str, certificate: &str| {
            [
                "key",
                "roll",
                "prepare",
                "--key",
                key,
                "--certificate",
                certificate,
            ]
            .map(str::to_owned)
        };
        let refuses = |arguments: &[String]| {
            cli.expect_failure(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert_contains(&refuses(&prepare(&open, &certificate)), "chmod");
        assert_contains(
            &refuses(&prepare(&private, &private)),
            "private key; give the certificate",
        );
        assert_contains(&refuses(&prepare(&private, &private)[..5]), "--certificate");
        cli.expect_success(
            &prepare(&private, &certificate)
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
        );
        let shown = rollover_status(&cli);
        assert_eq!(shown["learning"], key.certificate.sha256.as_str());
        let warnings = shown["warnings"].as_array().unwrap();
        assert!(
            warnings.len() == 1
                && warnings[0]
                    .as_str()
                    .unwrap()
                    .contains("the certificate of the next key ends in"),
            "a certificate for thirty days: {warnings:?}"
        );
        assert_contains(&cli.expect_success(&["key", "roll", "cancel"]), "is withdrawn");
        assert_contains(
            &cli.expect_failure(&["key", "roll", "activate", "--force"]),
            "no key is prepared",
        );
    });
}

#[test]
fn a_draft_prints_the_values_to_paste_and_becomes_the_application() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let output = cli.expect_success(&["app", "draft", "--name", "ChatGPT"]);
        for part in [
            "ChatGPT (short name chatgpt; a draft)",
            "https://login.fernweh.example/saml/metadata/chatgpt",
            "https://login.fernweh.example/saml/sso",
            "https://login.fernweh.example/saml/slo",
            "BEGIN CERTIFICATE",
            "hallpass app add chatgpt --slug chatgpt",
        ] {
            assert!(output.contains(part), "{part}: {output}");
        }
        let other = cli.json(&["app", "draft", "--name", "Wiki", "--slug", "books", "--json"]);
        let url = other["paste"]["metadata_url"].as_str().unwrap();
        let start = "https://login.fernweh.example/saml/metadata/books/";
        assert!(url.starts_with(start) && url.len() == start.len() + 32, "{url}");
        assert_contains(
            &cli.expect_failure(&["app", "draft", "--name", "x", "--slug", "books"]),
            "the short name of the draft",
        );
        assert_contains(&cli.expect_failure(&["app", "draft", "--name", " "]), "empty");
        assert_contains(&cli.expect_success(&["app", "list"]), "draft");
        let listed = cli.json(&["app", "list", "--json"]);
        assert_eq!(
            (&listed[0]["kind"], &listed[1]["slug"]),
            (&"draft".into(), &"books".into())
        );
        assert_contains(
            &cli.expect_success(&["app", "show", "books"]),
            "Wiki (short name books; a draft)",
        );

        cli.expect_success(&["key", "roll", "prepare"]);
        server.provider.refresh_snapshot().unwrap();
        http::request(
            server.address,
            "GET",
            &metadata_path(&cli, "chatgpt"),
            &[("Host", "login.fernweh.example")],
            "",
        );
        add_chatgpt(&cli, &["--slug", "chatgpt"]);
        let shown = rollover_status(&cli);
        assert_eq!(
            (
                &shown["applications"][0]["kind"],
                &shown["applications"][0]["how"],
                &shown["missing"]
            ),
            (&"chatgpt".into(), &"fetched".into(), &0.into())
        );
        assert_contains(&cli.expect_success(&["app", "show", "chatgpt"]), "Audience");
        // Whoever looks for the values once more gets no second connection.
        assert_contains(
            &cli.expect_failure(&["app", "draft", "--name", "ChatGPT"]),
            "`hallpass app show chatgpt` prints what to paste there",
        );
        let second = ["app", "draft", "--name", "ChatGPT", "--slug", "second"];
        assert_contains(&cli.expect_success(&second), "short name second; a draft");
        assert_contains(
            &cli.expect_success(&["app", "remove", "books"]),
            "draft books is gone",
        );
        assert_contains(&cli.expect_failure(&["app", "show", "books"]), "no application");
    });
}
