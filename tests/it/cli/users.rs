//! `hallpass user …`

use std::thread;

use serde_json::Value;

use crate::{
    cli::{Cli, server_and_cli, sign_in},
    support::{
        assertions::assert_contains,
        inspect,
        sso_setup::{ADA, SsoSetup},
        test_server::{PASSWORD, on_each_database},
        test_sp::{TestSp, posted_response},
    },
};

#[test]
fn users_are_managed_by_the_command_line_while_the_daemon_runs() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let names = ["--given-name", "Ada", "--family-name", "Lovelace"];
        let add = |email: &'static str| [&["user", "add", email][..], &names, &["--password-stdin"]].concat();
        let output = cli.expect_success_with_input(&add("ADA@Fernweh.example"), &format!("{PASSWORD}\n"));
        assert!(output.contains("Ada Lovelace <ada@fernweh.example>"), "{output}");
        assert_eq!(sign_in(&server, ADA, PASSWORD).1, 303);
        assert_contains(
            &cli.expect_failure_with_input(&add(ADA), &format!("{PASSWORD}\n")),
            "ada@fernweh.example belongs to Ada Lovelace",
        );
        for (input, expected) in [("short\n", "short"), ("\n", "empty"), ("", "empty")] {
            assert!(
                cli.expect_failure_with_input(&add("eve@fernweh.example"), input)
                    .contains(expected),
                "{input:?}"
            );
        }
        assert_contains(
            &cli.expect_failure_with_input(&add("no address"), PASSWORD),
            "not an e-mail address",
        );

        let list = cli.json(&["user", "list", "--json"]);
        let person = cli.json(&["user", "show", "Ada@fernweh.example", "--json"]);
        assert_eq!(list.as_array().unwrap().as_slice(), std::slice::from_ref(&person));
        for (field, value) in [("email", ADA), ("given_name", "Ada"), ("family_name", "Lovelace")] {
            assert_eq!(person[field], value);
        }
        assert_eq!(
            (&person["enabled"], &person["stable_id"]),
            (&Value::Bool(true), &person["id"])
        );
        assert_contains(&cli.expect_success(&["user", "list"]), ADA);
        assert_contains(&cli.expect_success(&["user", "show", ADA]), "Lovelace");

        let (mut browser, _) = sign_in(&server, ADA, PASSWORD);
        cli.expect_success(&[
            "user",
            "edit",
            ADA,
            "--family-name",
            "<King>",
            "--email",
            "countess@fernweh.example",
        ]);
        assert!(
            browser.get("/").body.contains("Ada"),
            "a new name is no reason to log out"
        );
        assert_contains(
            &cli.expect_failure(&["user", "show", ADA]),
            "nobody here has the address",
        );
        let countess = "countess@fernweh.example";
        assert_eq!(
            cli.json(&["user", "show", countess, "--json"])["stable_id"],
            person["stable_id"]
        );

        cli.expect_success(&["user", "disable", countess]);
        assert_eq!(
            (browser.get("/").status, sign_in(&server, countess, PASSWORD).1),
            (303, 200)
        );
        cli.expect_success(&["user", "enable", countess]);
        let (mut browser, status) = sign_in(&server, countess, PASSWORD);
        assert_eq!(status, 303);
        let output = cli.expect_success_with_input(
            &["user", "set-password", countess, "--password-stdin"],
            "another long password\r\n",
        );
        assert!(output.contains("1 session was ended"), "{output}");
        assert_eq!(
            (browser.get("/").status, sign_in(&server, countess, PASSWORD).1),
            (303, 200)
        );
        assert_eq!(sign_in(&server, countess, "another long password").1, 303);
        let output = cli.expect_success(&["user", "unlock", countess]);
        assert!(
            output.contains("/device/") && output.contains("30 minutes"),
            "{output}"
        );
        for unknown in [
            ["user", "unlock", "x@y.example"],
            ["user", "show", "x@y.example"],
            ["user", "disable", "x@y.example"],
            ["user", "enable", "x@y.example"],
        ] {
            cli.expect_failure(&unknown);
        }
    });
}

#[test]
fn a_user_with_one_name_is_added_greeted_edited_and_sent_without_the_other() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let acs = "https://sp.example/acs";
        let add_app = |name: &str, more: &[&str]| {
            let line = [
                "app",
                "add",
                "saml",
                "--name",
                name,
                "--entity-id",
                name,
                "--acs",
                acs,
            ];
            cli.expect_success(&[&line[..], more].concat())
        };
        add_app("wiki", &[]);
        add_app("strict", &["--preset", "atlassian"]);
        let sukarno = "sukarno@fernweh.example";
        let line = [
            "user",
            "add",
            sukarno,
            "--password-stdin",
            "--given-name",
            "Sukarno",
        ];
        let output = cli.expect_success_with_input(&[&line[..], &["--family-name", ""]].concat(), PASSWORD);
        assert!(output.contains("Sukarno <sukarno@fernweh.example>"), "{output}");
        assert!(
            output.contains("cannot sign in to strict yet")
                && output.contains("surname")
                && !output.contains("wiki"),
            "{output}"
        );
        let shown = cli.json(&["user", "show", sukarno, "--json"]);
        assert_eq!(
            (&shown["given_name"], &shown["family_name"]),
            (&Value::from("Sukarno"), &Value::Null)
        );
        assert_contains(
            &cli.expect_success(&["user", "show", sukarno]),
            "Last name    (none)",
        );
        // The users who cannot sign in are listed; the others can use the application all the same.
        let output = add_app("second", &["--preset", "atlassian"]);
        assert!(
            output.contains("surname is required") && output.contains(sukarno),
            "{output}"
        );

        let (mut browser, status) = sign_in(&server, sukarno, PASSWORD);
        assert_eq!(status, 303);
        let portal = browser.get("/").body;
        assert!(
            portal.contains("<h1>Hello, <bdi>Sukarno</bdi></h1>") && portal.contains("as <bdi>Sukarno</bdi>"),
            "{portal}"
        );
        let mut ask = |entity_id: &str, id: &str| {
            let address = TestSp::new(entity_id, acs).sso_url(id, server.provider.now());
            posted_response(&browser.get(&address)).0
        };
        let xml = ask("wiki", "_wiki");
        let attributes = inspect::saml_attributes(&xml);
        assert!(
            attributes
                .iter()
                .all(|(_, values)| values == &[values[0].clone()] && !values[0].is_empty()),
            "{attributes:?}"
        );
        let names: Vec<_> = attributes
            .iter()
            .map(|(name, _)| name.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(
            names,
            ["emailaddress", "givenname", "name", "id", "email", "firstName"]
        );
        let (top, second) = inspect::status_codes(&ask("strict", "_strict"));
        assert_eq!(
            (top.as_str(), second.as_deref()),
            ("Responder", Some("RequestDenied"))
        );

        let edit = ["user", "edit", sukarno];
        let refused = cli.expect_failure(&[&edit[..], &["--given-name", ""]].concat());
        assert!(refused.contains("first name, a last name, or both"), "{refused}");
        cli.expect_success(&[&edit[..], &["--family-name", "Kusno"]].concat());
        assert_contains(&cli.expect_success(&["user", "list"]), "Sukarno Kusno");
        assert_eq!(inspect::status_codes(&ask("strict", "_again")).0, "Success");
        let refused = cli.expect_failure(&[&edit[..], &["--family-name", ""]].concat());
        assert!(refused.contains("requires"), "{refused}");
        cli.expect_success(&["app", "remove", "strict"]);
        cli.expect_success(&["app", "remove", "second"]);
        cli.expect_success(&[&edit[..], &["--given-name", "", "--family-name", "Kusno"]].concat());
        assert_contains(&browser.get("/").body, "Hello, <bdi>Kusno</bdi>");
        let refused =
            cli.expect_failure_with_input(&["user", "add", "x@y.example", "--password-stdin"], PASSWORD);
        assert!(refused.contains("neither was given"), "{refused}");
    });
}

#[test]
fn commonly_guessed_passwords_are_refused() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let cli = cli.with_env(&[("HALLPASS_ORGANISATION", "Fernweh Instruments")]);
        let names = [
            "--given-name",
            "Ada",
            "--family-name",
            "Lovelace",
            "--username",
            "countess",
        ];
        let add = [&["user", "add", ADA, "--password-stdin"][..], &names].concat();
        let refused = [
            ("v9#kq2!z x7 hj", "needs 15 characters or more"),
            ("Willkommen2026!!", "too common"),
            ("123456123456123456", "row of neighbours"),
            ("ADA@fernweh.example", "own address or name"),
            ("ada.lovelace1815", "own address or name"),
            ("Countess Lovelace", "own address or name"),
            ("Fernweh-Instruments", "own address or name"),
            ("login.fernweh.example", "own address or name"),
        ];
        for (password, expected) in refused {
            let why = cli.expect_failure_with_input(&add, password);
            assert!(why.contains(expected), "{password}: {why}");
        }
        cli.expect_success_with_input(&add, PASSWORD);
        let set = ["user", "set-password", ADA, "--password-stdin"];
        for (password, expected) in refused {
            let why = cli.expect_failure_with_input(&set, password);
            assert!(why.contains(expected), "{password}: {why}");
        }
        assert_eq!(sign_in(&server, ADA, PASSWORD).1, 303);
    });
}

#[test]
fn a_script_says_whether_a_user_keeps_the_password() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let add = ["user", "add", ADA, "--given-name", "Ada", "--password-stdin"];
        let output = cli.expect_success_with_input(&[&add[..], &["--must-change"]].concat(), PASSWORD);
        assert_contains(&output, "The first sign-in asks for a password of their own.");
        assert_eq!(sign_in(&server, ADA, PASSWORD).1, 200, "it asks");
        let set = ["user", "set-password", ADA, "--password-stdin"];
        let output = cli.expect_success_with_input(&set, PASSWORD);
        assert!(!output.contains("of their own"), "{output}");
        assert_eq!(sign_in(&server, ADA, PASSWORD).1, 303);
        let output = cli.expect_success_with_input(&[&set[..], &["--must-change"]].concat(), PASSWORD);
        assert_contains(&output, "The next sign-in asks for a password of their own.");
        assert_eq!(sign_in(&server, ADA, PASSWORD).1, 200, "it asks");
        cli.expect_success_with_input(&[&set[..], &["--keep-password"]].concat(), PASSWORD);
        assert_eq!(sign_in(&server, ADA, PASSWORD).1, 303);
        let both = [&set[..], &["--keep-password", "--must-change"]].concat();
        assert_contains(
            &cli.expect_failure_with_input(&both, PASSWORD),
            "cannot be used with",
        );
    });
}

#[test]
fn a_user_added_twice_concurrently_is_one_user() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let added: usize = thread::scope(|scope| {
            let adding: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let arguments = [
                            "user",
                            "add",
                            "eve@fernweh.example",
                            "--given-name",
                            "E",
                            "--family-name",
                            "V",
                            "--password-stdin",
                        ];
                        usize::from(cli.run(&arguments, PASSWORD).status.success())
                    })
                })
                .collect();
            adding.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(
            (
                added,
                cli.json(&["user", "list", "--json"]).as_array().unwrap().len()
            ),
            (1, 2)
        );
    });
}

#[test]
fn a_language_and_an_external_id_are_given_changed_and_removed() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user("bob@fernweh.example", "Bob", "Berg");
        let add = [
            "user",
            "add",
            "ada@fernweh.example",
            "--given-name",
            "Ada",
            "--password-stdin",
            "--language",
            "DE",
            "--external-id",
            "guid-1",
        ];
        cli.expect_success_with_input(&add, &format!("{PASSWORD}\n"));
        let show = || cli.json(&["user", "show", "ada@fernweh.example", "--json"]);
        assert_eq!(
            (&show()["language"], &show()["external_id"]),
            (&"de".into(), &"guid-1".into())
        );
        let told = cli.expect_success(&["user", "show", "ada@fernweh.example"]);
        assert_contains(&told, "Language     de");
        let edit = |more: &[&str]| cli.expect_success(&[&["user", "edit"], more].concat());
        let refused = |more: &[&str]| cli.expect_failure(&[&["user", "edit"], more].concat());
        let taken = refused(&["bob@fernweh.example", "--external-id", "guid-1"]);
        assert_contains(&taken, "the external id guid-1 belongs to ada@fernweh.example");
        let unknown = refused(&["bob@fernweh.example", "--language", "tlh"]);
        assert_contains(&unknown, "en, de, fr, es, ja, ar");
        // Nothing that is not named changes.
        edit(&["ada@fernweh.example", "--language", "fr"]);
        assert_eq!(
            (&show()["language"], &show()["external_id"]),
            (&"fr".into(), &"guid-1".into())
        );
        edit(&["ada@fernweh.example", "--language", "", "--external-id", ""]);
        assert!(show()["language"].is_null() && show()["external_id"].is_null());
        let told = cli.expect_success(&["audit", "--action", "user.edit"]);
        assert_contains(&told, "language: de -> fr");
        edit(&["bob@fernweh.example", "--external-id", "guid-1"]);
    });
}
