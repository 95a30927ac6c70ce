//! What applications receive about users: attribute lists, presets, own attributes, and required ones.

use chrono::Utc;
use hallpass::model::{name_id::NameIdFormat, preset::Preset};
use roxmltree::Document;
use serde_json::Value;

use crate::{
    cli::{Cli, server_and_cli, sign_in},
    schemas::{PROTOCOL_SCHEMA, validate_against_schema},
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        inspect::{self, elements, only_element},
        sql,
        sso_setup::ADA,
        test_server::{PASSWORD, TestServer, on_each_database},
        test_sp::{TestSp, posted_response},
    },
};

const ACS: &str = "https://sp.example/acs";

fn add_application(cli: &Cli, entity_id: &str, more: &[&str]) {
    let line = [
        "app",
        "add",
        "saml",
        "--name",
        entity_id,
        "--entity-id",
        entity_id,
        "--acs",
        ACS,
    ];
    cli.expect_success(&[&line[..], more].concat());
}

fn sso_response(browser: &mut Browser, entity_id: &str, id: &str) -> String {
    let page = browser.get(&TestSp::new(entity_id, ACS).sso_url(id, Utc::now()));
    posted_response(&page).0
}

fn attribute(name: &str, value: &str) -> (String, Vec<String>) {
    (name.to_owned(), vec![value.to_owned()])
}

fn browser_of_ada(server: &TestServer) -> Browser {
    server.add_user(ADA, "Ada", "Lovelace");
    sign_in(server, ADA, PASSWORD).0
}

#[test]
fn every_preset_sends_its_attributes_in_a_valid_message() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let mut browser = browser_of_ada(&server);
        cli.expect_success(&["user", "edit", ADA, "--username", "ada.l"]);
        for preset in Preset::ALL {
            let name = preset.name();
            add_application(&cli, name, &["--preset", name]);
            let xml = sso_response(&mut browser, name, &format!("_{name}"));
            validate_against_schema(&xml, PROTOCOL_SCHEMA).unwrap();
            let sent = inspect::saml_attributes(&xml);
            let wanted: Vec<_> = preset.attributes().into_iter().map(|rule| rule.name).collect();
            let names: Vec<_> = sent.iter().map(|(name, _)| name.clone()).collect();
            assert_eq!(names, wanted, "{name}");
            assert!(
                sent.iter()
                    .all(|(_, values)| values.len() == 1 && !values[0].is_empty()),
                "{name}: {sent:?}"
            );
            let document = Document::parse(&xml).unwrap();
            assert_eq!(
                elements(&document, "AttributeStatement").len(),
                usize::from(!sent.is_empty())
            );
            let format = only_element(&document, "NameID").attribute("Format").unwrap();
            let wanted = match preset.name_id_format() {
                NameIdFormat::EmailAddress => "emailAddress",
                NameIdFormat::Persistent => "persistent",
                NameIdFormat::Transient | NameIdFormat::Unspecified => panic!("{name}"),
            };
            assert!(format.ends_with(wanted), "{name}: {format}");
        }
        let slack = inspect::saml_attributes(&sso_response(&mut browser, "slack", "_again"));
        assert_eq!(
            slack,
            [
                attribute("User.Email", ADA),
                attribute("User.Username", "ada.l"),
                attribute("first_name", "Ada"),
                attribute("last_name", "Lovelace"),
            ]
        );
        assert_contains(
            &cli.expect_failure(&["app", "edit", "slack", "--preset", "nobody"]),
            "google-workspace",
        );
    });
}

#[test]
fn the_documentation_lists_every_preset_correctly() {
    let page = std::fs::read_to_string("docs/attributes.md").unwrap();
    for preset in Preset::ALL {
        let start = format!("| `{}` | {} |", preset.name(), preset.name_id_format().name());
        let row = page
            .lines()
            .find(|line| line.starts_with(&start))
            .unwrap_or_else(|| panic!("{start}"));
        for rule in preset.attributes() {
            let name = rule.name.rsplit('/').next().unwrap();
            let output = row.contains(&format!("{name}` {}", rule.source))
                || (row.contains(&format!("{name}`")) && row.contains(&format!("` {}", rule.source)))
                || row.contains("the same eight");
            assert!(output, "{start} {name} {}", rule.source);
        }
    }
}

#[test]
fn own_attributes_are_sent_to_the_application_that_requests_them() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let mut browser = browser_of_ada(&server);
        add_application(&cli, "wiki", &["--preset", "google-workspace"]);
        for rule in [
            &[
                "team",
                "own:team",
                "--friendly-name",
                "The team",
                "--format",
                "uri",
            ][..],
            &["teams", "own:team", "--join", ";", "--lower-case"],
            &["login", "user-name", "--format", "unspecified"],
            &["org", "constant:Fernweh & Söhne"],
            &["cost", "own:cost-centre"],
        ] {
            cli.expect_success(&[&["app", "attribute", "set", "wiki"][..], rule].concat());
        }
        assert_eq!(
            inspect::saml_attributes(&sso_response(&mut browser, "wiki", "_bare")),
            [attribute("org", "Fernweh & Söhne")]
        );
        let edit = ["user", "edit", ADA];
        cli.expect_success(
            &[
                &edit[..],
                &[
                    "--username",
                    "ada.l",
                    "--attribute",
                    "team=Red",
                    "--attribute",
                    "team=A=B <c>",
                ],
            ]
            .concat(),
        );
        let xml = sso_response(&mut browser, "wiki", "_full");
        validate_against_schema(&xml, PROTOCOL_SCHEMA).unwrap();
        let team = vec!["Red".to_owned(), "A=B <c>".to_owned()];
        assert_eq!(
            inspect::saml_attributes(&xml),
            [
                ("team".to_owned(), team.clone()),
                attribute("teams", "red;a=b <c>"),
                attribute("login", "ada.l"),
                attribute("org", "Fernweh & Söhne"),
            ]
        );
        assert_contains(
            &xml,
            "FriendlyName=\"The team\" Name=\"team\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\"",
        );

        let shown = cli.json(&["user", "show", ADA, "--json"]);
        assert_eq!(shown["user_name"], "ada.l");
        assert_eq!(shown["attributes"]["team"], Value::from(team));
        assert_eq!(cli.json(&["user", "list", "--json"])[0], shown);
        let output = cli.expect_success(&["user", "show", ADA]);
        assert!(
            output.contains("ada.l") && output.contains("team=Red"),
            "{output}"
        );
        let listed = cli.json(&["app", "attribute", "list", "wiki", "--json"]);
        assert_eq!(
            (&listed[1]["source"], &listed[1]["join"], &listed[1]["lower_case"]),
            (&"own:team".into(), &";".into(), &true.into())
        );
        assert_eq!(cli.json(&["app", "show", "wiki", "--json"])["attributes"], listed);
        assert_contains(&cli.expect_success(&["app", "show", "wiki"]), "own:team");

        cli.expect_success(&[&edit[..], &["--attribute", "team="]].concat());
        cli.expect_success(&["app", "attribute", "remove", "wiki", "org"]);
        assert_eq!(
            inspect::saml_attributes(&sso_response(&mut browser, "wiki", "_less")),
            [attribute("login", "ada.l")]
        );
    });
}

#[test]
fn attribute_errors_are_explained_and_user_names_are_unique() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        add_application(&cli, "wiki", &[]);
        let edit = ["user", "edit", ADA];
        cli.expect_success(&[&edit[..], &["--username", "ada.l"]].concat());
        for (bad, expected) in [
            (&["--attribute", "team"][..], "NAME=VALUE"),
            (&["--attribute", "=x"], "name is empty"),
            (&["--attribute", "a=1", "--attribute", "a=1"], "twice"),
            (&["--attribute", "a=\u{1}"], "control character"),
            (&["--username", "\u{7}"], "control character"),
        ] {
            assert!(
                cli.expect_failure(&[&edit[..], bad].concat()).contains(expected),
                "{bad:?}"
            );
        }
        server.add_user("eve@fernweh.example", "Eve", "Other");
        let taken = cli.expect_failure(&["user", "edit", "eve@fernweh.example", "--username", "ADA.L"]);
        assert!(
            taken.contains("the user name ada.l belongs to ada@fernweh.example"),
            "{taken}"
        );
        let bob = [
            "user",
            "add",
            "bob@fernweh.example",
            "--given-name",
            "Bob",
            "--family-name",
            "B",
            "--password-stdin",
            "--json",
        ];
        let with = |more: &[&'static str]| [&bob[..], more].concat();
        let taken = cli.expect_failure_with_input(&with(&["--username", "ada.l"]), PASSWORD);
        assert!(
            taken.contains("the user name ada.l belongs to ada@fernweh.example"),
            "{taken}"
        );
        let output =
            cli.expect_success_with_input(&with(&["--username", "bob", "--attribute", "team=Red"]), PASSWORD);
        let added: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(
            (&added["user_name"], &added["attributes"]["team"][0]),
            (&"bob".into(), &"Red".into())
        );
        for (bad, expected) in [
            (&["set", "wiki", "x", "own:"][..], "own:NAME"),
            (&["set", "wiki", "x", "ldap:cn"], "given-name"),
            (&["set", "wiki", "", "email"], "empty"),
            (&["remove", "wiki", "nothing"], "does not receive nothing"),
        ] {
            let line = [&["app", "attribute"][..], bad].concat();
            assert!(cli.expect_failure(&line).contains(expected), "{bad:?}");
        }
    });
}

#[test]
fn required_attributes_are_checked_at_every_edit_and_always_sent() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let mut browser = browser_of_ada(&server);
        add_application(&cli, "wiki", &[]);
        let require = [
            "app",
            "attribute",
            "set",
            "wiki",
            "team",
            "own:team",
            "--required",
        ];
        let refused = cli.expect_failure(&require);
        assert!(
            refused.contains(ADA) && refused.contains("--attribute team=VALUE"),
            "{refused}"
        );
        assert_lacks(&cli.expect_success(&["app", "attribute", "list", "wiki"]), "team");

        cli.expect_success(&["user", "edit", ADA, "--attribute", "team=Red"]);
        cli.expect_success(&require);
        let sent = inspect::saml_attributes(&sso_response(&mut browser, "wiki", "_ok"));
        assert!(sent.contains(&attribute("team", "Red")), "{sent:?}");
        let refused = cli.expect_failure(&["user", "edit", ADA, "--attribute", "team="]);
        assert!(refused.contains("wiki") && refused.contains("team"), "{refused}");
        cli.expect_success(&["user", "edit", ADA, "--given-name", "Augusta"]);

        // A user who is added later is reported at once, and refused at sign-in; other edits are possible.
        server.add_user("eve@fernweh.example", "Eve", "Other");
        let shown = cli.expect_success(&["app", "show", "wiki"]);
        assert!(
            shown.contains("team is required") && shown.contains("eve@"),
            "{shown}"
        );
        cli.expect_success(&["app", "edit", "wiki", "--sign", "assertion"]);
        cli.expect_success(&["user", "disable", "eve@fernweh.example"]);
        let output = cli.expect_success(&["user", "enable", "eve@fernweh.example"]);
        assert!(output.contains("cannot sign in to wiki yet"), "{output}");
        let (mut eve, _) = sign_in(&server, "eve@fernweh.example", PASSWORD);
        let xml = sso_response(&mut eve, "wiki", "_eve");
        validate_against_schema(&xml, PROTOCOL_SCHEMA).unwrap();
        assert_eq!(
            inspect::status_codes(&xml),
            ("Responder".to_owned(), Some("RequestDenied".to_owned()))
        );
        assert!(!xml.contains("Assertion>") && !xml.contains("eve@"), "{xml}");
        let details = sql::texts(
            &server.settings,
            "SELECT u.email || ' ' || e.detail AS t FROM audit_events e JOIN users u ON u.id = e.user_id WHERE e.outcome = 'ATTRIBUTE-MISSING'",
        );
        assert_eq!(details.len(), 1, "{details:?}");
        assert!(
            details[0].contains("eve@") && details[0].contains("team"),
            "{details:?}"
        );

        // A disabled application requires nothing; enabling it checks again.
        cli.expect_success(&["app", "disable", "wiki"]);
        cli.expect_success(&["user", "edit", ADA, "--attribute", "team="]);
        let refused = cli.expect_failure(&["app", "enable", "wiki"]);
        assert!(refused.contains(ADA) && refused.contains("eve@"), "{refused}");
    });
}

#[test]
fn chatgpt_cannot_lose_required_attributes_and_may_get_more() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let mut browser = browser_of_ada(&server);
        let acs = "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ";
        cli.expect_success(&[
            "app",
            "add",
            "chatgpt",
            "--acs",
            acs,
            "--audience",
            "ATZB94xJ",
            "--access",
            "everyone",
        ]);
        let at_chatgpt = ["app", "attribute"];
        for bad in [
            &["remove", "chatgpt", "email"][..],
            &["set", "chatgpt", "email", "constant:x@y.example"],
            &["set", "chatgpt", "id", "email"],
            &["preset", "chatgpt", "slack"],
        ] {
            let refused = cli.expect_failure(&[&at_chatgpt[..], bad].concat());
            assert!(refused.contains("ChatGPT needs"), "{bad:?}: {refused}");
        }
        for bad in [
            &["--encrypt", "aes256-gcm"][..],
            &["--sign", "response"],
            &["--algorithm", "rsa-sha512"],
            &["--name-id", "persistent"],
            &["--preset", "gitlab"],
        ] {
            let refused = cli.expect_failure(&[&["app", "edit", "chatgpt"][..], bad].concat());
            assert!(refused.contains("ChatGPT"), "{bad:?}: {refused}");
        }
        cli.expect_success(
            &[
                &at_chatgpt[..],
                &["set", "chatgpt", "department", "constant:Optics"],
            ]
            .concat(),
        );
        let page = browser.get(&TestSp::new("ATZB94xJ", acs).sso_url("_r", Utc::now()));
        let sent = inspect::saml_attributes(&posted_response(&page).0);
        assert_eq!(sent.len(), 9);
        assert_eq!(sent[8], attribute("department", "Optics"));
        cli.expect_success(&[&at_chatgpt[..], &["preset", "chatgpt", "chatgpt"]].concat());
    });
}

#[test]
fn response_options_are_shown_as_they_are_typed() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let key = crate::support::sp_keys::SpKey::rsa(2048);
        let file = server.dir.path().join("encryption.pem");
        std::fs::write(&file, &key.pem).unwrap();
        let file = file.to_str().unwrap();
        let arguments = [
            "--sign",
            "assertion",
            "--algorithm",
            "rsa-sha512",
            "--encrypt",
            "aes128-gcm",
            "--encryption-certificate",
            file,
            "--name-id",
            "transient",
        ];
        add_application(&cli, "one", &arguments);
        add_application(&cli, "two", &[]);
        let plain = cli.json(&["app", "show", "two", "--json"]);
        for (field, value) in [
            ("sign", "both"),
            ("algorithm", "rsa-sha256"),
            ("encrypt", "none"),
            ("name_id", "email"),
        ] {
            assert_eq!(plain[field], value, "{field}");
        }
        let refused = cli.expect_failure(&["app", "edit", "two", "--encrypt", "aes128-gcm"]);
        assert!(refused.contains("--encryption-certificate"), "{refused}");
        cli.expect_success(&[&["app", "edit", "two"][..], &arguments].concat());
        for slug in ["one", "two"] {
            let shown = cli.json(&["app", "show", slug, "--json"]);
            for (field, value) in [
                ("sign", "assertion"),
                ("algorithm", "rsa-sha512"),
                ("encrypt", "aes128-gcm"),
                ("name_id", "transient"),
            ] {
                assert_eq!(shown[field], value, "{slug} {field}");
            }
            assert_eq!(
                shown["encryption_certificates"][0]["sha256"],
                key.certificate.sha256.as_str()
            );
            let output = cli.expect_success(&["app", "show", slug]);
            assert!(
                output.contains("rsa-sha512") && output.contains("aes128-gcm"),
                "{output}"
            );
        }
        cli.expect_success(&["app", "edit", "two", "--sign", "response"]);
        assert_contains(
            &cli.expect_success(&["app", "show", "two"]),
            "no signature once they are opened",
        );
        cli.expect_success(&["app", "edit", "two", "--encrypt", "none", "--sign", "both"]);
        assert_eq!(cli.json(&["app", "show", "two", "--json"])["encrypt"], "none");
        assert_contains(
            &cli.expect_failure(&["app", "edit", "two", "--algorithm", "rsa-sha1"]),
            "rsa-sha256",
        );
    });
}

#[test]
fn a_persistent_name_id_can_be_imported_and_is_unique() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let mut browser = browser_of_ada(&server);
        let eve = "eve@fernweh.example";
        server.add_user(eve, "Eve", "Other");
        add_application(&cli, "wiki", &["--name-id", "persistent"]);
        let of = |email: &'static str| ["user", "name-id", email, "--app", "wiki"];
        let set = |email, value: &'static str| [&of(email)[..], &["--set", value]].concat();
        assert_contains(&cli.expect_success(&of(ADA)), "None yet");
        cli.expect_success(&set(ADA, "OLD-4711"));
        let xml = sso_response(&mut browser, "wiki", "_old");
        let document = Document::parse(&xml).unwrap();
        let name = only_element(&document, "NameID");
        assert_eq!(name.text(), Some("OLD-4711"));
        assert_eq!(name.attribute("SPNameQualifier"), Some("wiki"));
        assert_eq!(cli.expect_success(&of(ADA)).trim(), "OLD-4711");

        assert_contains(&cli.expect_failure(&set(eve, "OLD-4711")), "another person");
        cli.expect_success(&set(ADA, "NEW-1"));
        assert_contains(&cli.expect_failure(&set(eve, "OLD-4711")), "another person");
        cli.expect_success(&set(eve, "E-1"));
        assert_eq!(cli.expect_success(&of(eve)).trim(), "E-1");
        assert_contains(&cli.expect_failure(&set(ADA, "a\u{1}")), "control character");
        assert_contains(
            &cli.expect_failure(&["user", "name-id", ADA, "--app", "nothing"]),
            "no application",
        );
    });
}

#[test]
fn own_attributes_are_loaded_only_for_applications_that_request_them() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        let mut browser = browser_of_ada(&server);
        add_application(&cli, "usual", &[]);
        // From now on, reading them during SSO fails.
        sql::execute(&server.settings, "DROP TABLE user_attributes");
        assert_eq!(
            inspect::saml_attributes(&sso_response(&mut browser, "usual", "_r")).len(),
            8
        );
    });
}
