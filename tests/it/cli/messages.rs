//! What a command prints where it does not do what was asked, and where it reports success.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    cli::server_and_cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        sso_setup::ADA,
        test_server::{PASSWORD, on_each_database},
    },
};

const WIKI: [&str; 9] = [
    "app",
    "add",
    "saml",
    "--entity-id",
    "urn:test:wiki",
    "--acs",
    "https://wiki.example/acs",
    "--name",
    "Wiki",
];

#[test]
fn pasted_values_are_trimmed() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        cli.expect_success(&[
            "app",
            "add",
            "chatgpt",
            "--acs",
            " https://external.auth.openai.com/sso/saml/acs/ATZB94xJ\n",
            "--audience",
            "\tATZB94xJKf9F ",
            "--tile-url",
            " https://chatgpt.com/auth/login?sso=true&connection=conn_1 ",
        ]);
        let shown = cli.json(&["app", "show", "chatgpt", "--json"]);
        assert_eq!(shown["audience"], "ATZB94xJKf9F");
        assert_eq!(
            shown["acs"][0],
            "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ"
        );
        let output = cli.expect_success(&["app", "show", "chatgpt"]);
        assert!(
            output.starts_with("ChatGPT (short name chatgpt, kind chatgpt)"),
            "{output}"
        );
    });
}

#[test]
fn a_taken_name_names_its_owner_and_a_draft_is_marked() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        cli.expect_success(&["app", "draft", "--name", "ChatGPT"]);
        for command in [
            &["app", "edit", "chatgpt", "--name", "x"][..],
            &["app", "disable", "chatgpt"],
            &["app", "enable", "chatgpt"],
            &["app", "attribute", "list", "chatgpt"],
        ] {
            let output = cli.expect_failure(command);
            assert!(output.contains("chatgpt is a draft"), "{command:?}: {output}");
        }
        let output = cli.expect_failure(&["app", "draft", "--name", "Other", "--slug", "chatgpt"]);
        assert!(
            output.contains("chatgpt is the short name of the draft ChatGPT"),
            "{output}"
        );
        cli.expect_success(&WIKI);
        let output = cli.expect_failure(&["app", "draft", "--name", "Other", "--slug", "wiki"]);
        assert!(output.contains("wiki is Wiki's short name"), "{output}");
        assert_contains(
            &cli.expect_failure(&["app", "edit", "nothing", "--name", "x"]),
            "there is no application nothing",
        );
        let output = cli.expect_failure(&["app", "add", "saml"]);
        assert!(
            output.contains("--metadata") && output.contains("--entity-id"),
            "{output}"
        );
    });
}

#[test]
fn lists_have_headings_and_drafts_and_json_is_printed_by_every_change() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        cli.expect_success(&["app", "draft", "--name", "ChatGPT"]);
        cli.expect_success(&WIKI);
        let output = cli.expect_success(&["app", "list"]);
        let lines: Vec<_> = output.lines().collect();
        assert!(
            lines[0].starts_with("SHORT NAME") && lines[1].contains("saml") && lines[2].contains("draft"),
            "{output}"
        );
        let listed = cli.json(&["app", "list", "--json"]);
        assert_eq!(
            (&listed[0]["slug"], &listed[1]["slug"], &listed[1]["kind"]),
            (&"wiki".into(), &"chatgpt".into(), &"draft".into())
        );

        let edited = cli.json(&["app", "edit", "wiki", "--name", "Wiki 2", "--json"]);
        assert_eq!(edited, cli.json(&["app", "show", "wiki", "--json"]));
        assert_eq!(edited["name"], "Wiki 2");
        assert_eq!(cli.json(&["app", "disable", "wiki", "--json"])["enabled"], false);
        assert_eq!(cli.json(&["app", "enable", "wiki", "--json"])["enabled"], true);

        let rule = ["wiki", "team", "own:team", "--json"];
        let set = cli.json(&[&["app", "attribute", "set"][..], &rule].concat());
        assert_eq!(set, cli.json(&["app", "attribute", "list", "wiki", "--json"]));
        let name = ["user", "name-id", ADA, "--app", "wiki", "--json"];
        assert_eq!(cli.json(&name)["name_id"], Value::Null);
        let set = cli.json(&[&name[..], &["--set", "ada-1"]].concat());
        assert_eq!(set, cli.json(&name));
        let removed = cli.json(&["app", "remove", "chatgpt", "--json"]);
        assert_eq!(removed["removed"], "chatgpt");

        let edited = cli.json(&["user", "edit", ADA, "--last-name", "King", "--json"]);
        assert_eq!(edited["family_name"], "King");
        let edited = cli.json(&["user", "edit", ADA, "--firstname", "Augusta", "--json"]);
        assert_eq!(edited["given_name"], "Augusta");
        assert!(edited["updated_at"].as_str().unwrap().ends_with('Z'), "{edited}");
        assert_eq!(cli.json(&["user", "disable", ADA, "--json"])["enabled"], false);
        assert_eq!(cli.json(&["user", "enable", ADA, "--json"])["enabled"], true);
        let set = ["user", "set-password", ADA, "--password-stdin", "--json"];
        let set: Value = serde_json::from_str(&cli.expect_success_with_input(&set, PASSWORD)).unwrap();
        assert_eq!((&set["email"], &set["sessions_ended"]), (&ADA.into(), &0.into()));
        let link = cli.json(&["user", "unlock", ADA, "--json"]);
        assert!(link["link"].as_str().unwrap().contains("/device/"), "{link}");
        let keys = cli.json(&["key", "roll", "prepare", "--json"]);
        assert_eq!(keys, cli.json(&["key", "roll", "status", "--json"]));
        assert!(
            keys["keys"][0]["since"].as_str().unwrap().ends_with('Z'),
            "{keys}"
        );
    });
}

#[test]
fn an_application_registered_by_hand_has_no_metadata_source() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        cli.expect_success(&WIKI);
        let output = cli.expect_success(&["app", "source", "wiki"]);
        assert!(output.contains("Wiki was entered by hand"), "{output}");
        let output = cli.expect_failure(&["app", "source", "wiki", "--refresh"]);
        assert!(output.contains("nothing to fetch"), "{output}");
        assert_eq!(cli.json(&["app", "source", "wiki", "--json"]), Value::Null);
        let output = cli.expect_failure(&["key", "roll", "back"]);
        assert!(output.contains("no rollover is under way"), "{output}");
    });
}

#[test]
fn a_truncated_list_says_so_and_all_is_accepted_as_a_limit() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        for name in ["One", "Two", "Three"] {
            cli.expect_success(&["user", "edit", ADA, "--given-name", name]);
        }
        let cut = cli.run(&["audit", "-n", "2", "--json"], "");
        let rows: Value = serde_json::from_slice(&cut.stdout).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 2);
        assert_contains(&String::from_utf8_lossy(&cut.stderr), "there are older ones");
        assert_contains(
            &cli.expect_success(&["audit", "-n", "2"]),
            "… there are older ones",
        );
        for all in [&["audit", "-n", "all"][..], &["audit", "-n", "100000"]] {
            assert_lacks(&cli.expect_success(all), "…");
        }
        let output = cli.expect_failure(&["audit", "-n", "99999999999999999999"]);
        assert!(
            output.contains("write a number from 1 to 100000, or all"),
            "{output}"
        );
        assert_contains(
            &cli.expect_success(&["audit", "--since", "1w", "--until", "2126-11-29 10:00"]),
            "user.edit",
        );
    });
}

#[test]
fn help_names_the_data_the_codes_and_the_documentation() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        let output = cli.expect_success(&["help"]);
        for part in ["hallpass-data", "Exit codes: 0", "docs/commands.md"] {
            assert!(output.contains(part), "{part}: {output}");
        }
        assert!(
            output
                .split_once("With every command")
                .unwrap()
                .1
                .contains("--config"),
            "{output}"
        );
        assert_eq!(cli.run(&["user", "nonsense"], "").status.code(), Some(2));
        assert_eq!(
            cli.run(&["user", "show", "x@y.example"], "").status.code(),
            Some(1)
        );
    });
}

#[test]
fn key_reseal_prints_json_too() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let settings = Arc::clone(&server.settings);
        let _dir = server.stop();
        let printed = cli.json(&["key", "reseal", "--json"]);
        let path = settings.seal_key_path().display().to_string();
        let purged = settings.sqlite_path().is_some().then_some(true);
        assert_eq!(
            printed,
            json!({"keys": 1, "seal_key_file": path, "in_place": true, "purged": purged})
        );
    });
}
