//! A change of e-mail address: what it would do at each application is said before it is done, and an application may
//! keep receiving the address of before.

use std::{fs, path::Path};

use hallpass::model::user::Email;
use roxmltree::Document;
use serde_json::{Value, json};

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        inspect::{self, only_element},
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, on_each_database},
        test_sp::posted_response,
    },
};

const NEW: &str = "ada.king@fernweh.example";
const BOB: &str = "bob@fernweh.example";

/// Ada and Bob have signed in to the wiki, which receives addresses.
struct Setup {
    sso: SsoSetup,
    cli: Cli,
    ada: Browser,
}

impl Setup {
    fn new(database: &Database) -> Self {
        let sso = SsoSetup::new(database);
        sso.server.add_user(BOB, "Bob", "Boole");
        let mut ada = sso.signed_in_browser();
        posted_response(&ada.get(&sso.sso_url("_ada")));
        let mut bob = sso.server.browser();
        let login = bob.get("/login");
        bob.submit_password(&login, BOB, PASSWORD);
        posted_response(&bob.get(&sso.sso_url("_bob")));
        let cli = Cli::new(&sso.server.settings.data_dir, database);
        Self { sso, cli, ada }
    }

    /// What the wiki receives from Ada's next sign-in: the NameID, the attribute `email`, and her id.
    fn received(&mut self, request: &str) -> (String, String, String) {
        let (xml, _) = posted_response(&self.ada.get(&self.sso.sso_url(request)));
        let (certificate, _) = self.sso.server.provider.saml().certificate_pem().unwrap();
        for xpath in [
            inspect::RESPONSE_SIGNATURE_XPATH,
            inspect::ASSERTION_SIGNATURE_XPATH,
        ] {
            inspect::verify_with_xmlsec1(&xml, &certificate.der, xpath).unwrap();
        }
        sent(&xml)
    }

    /// The same as the preview shows it.
    fn previewed(&self, email: &str) -> (String, String, String) {
        let preview = self.cli.json(&["app", "preview", "wiki", email, "--json"]);
        let (xml, name_id) = (&preview["response"]["xml"], &preview["response"]["name_id"]);
        let sent = sent(xml.as_str().unwrap());
        assert_eq!(name_id["value"].as_str(), Some(sent.0.as_str()));
        let origin = if sent.0 == email { "email" } else { "pinned" };
        assert_eq!(name_id["origin"], origin);
        sent
    }

    fn identity(&self) -> Vec<String> {
        sql::texts(
            &self.sso.server.settings,
            "SELECT first_name_id || ' ' || last_name_id || ' ' || last_email || ' ' || coalesce(pinned_email, '-') AS t \
             FROM app_identities WHERE first_email LIKE 'ada%'",
        )
    }
}

fn sent(xml: &str) -> (String, String, String) {
    let document = Document::parse(xml).unwrap();
    let name_id = only_element(&document, "NameID").text().unwrap().to_owned();
    let attributes = inspect::saml_attributes(xml);
    let value = |name: &str| {
        let found = attributes.iter().find(|(found, _)| found.ends_with(name));
        found.unwrap().1[0].clone()
    };
    assert_eq!(value("emailaddress"), value("email"), "every address is the same");
    (name_id, value("email"), value("id"))
}

#[test]
fn a_change_by_hand_waits_until_somebody_says_what_applications_receive() {
    on_each_database(|database| {
        let mut setup = Setup::new(database);
        let edit = ["user", "edit", ADA, "--email", NEW];
        let output = setup.cli.run(&edit, "");
        let (printed, failure) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert_eq!(output.status.code(), Some(1));
        for words in [
            "Wiki (wiki), last entered",
            ADA,
            NEW,
            "nobody said by what it finds people",
        ] {
            assert_contains(&printed, words);
        }
        for words in [
            "nothing was changed: Wiki would receive",
            "--keep-old",
            "--send-new",
        ] {
            assert_contains(&failure, words);
        }
        let output = setup.cli.run(&[&edit[..], &["--json"]].concat(), "");
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let wiki = &printed["applications"][0];
        assert_eq!(
            [
                &wiki["slug"],
                &wiki["last_email"],
                &wiki["next_name_id"],
                &wiki["effect"]
            ],
            ["wiki", ADA, NEW, "unknown"]
        );
        assert_eq!(setup.received("_r1").0, ADA, "nothing was changed");

        // Whoever has said what the wiki finds people by is told what happens.
        setup
            .cli
            .expect_success(&["app", "edit", "wiki", "--keys-on", "nameid"]);
        let output = setup.cli.run(&edit, "");
        assert_contains(
            &String::from_utf8(output.stdout).unwrap(),
            "Wiki finds people by their e-mail NameID: it would make a second, empty account",
        );

        setup.cli.expect_success(&[&edit[..], &["--keep-old"]].concat());
        let kept = (
            ADA.to_owned(),
            ADA.to_owned(),
            setup.sso.ada.stable_id.as_str().to_owned(),
        );
        assert_eq!(setup.received("_r2"), kept);
        assert_eq!(setup.previewed(NEW), kept);
        assert_eq!(setup.identity(), [format!("{ADA} {ADA} {ADA} {ADA}")]);
        let log = setup.cli.expect_success(&["audit", "--action", "user.edit"]);
        assert_contains(&log, &format!("e-mail: {ADA} -> {NEW}"));
        assert_contains(&log, "pinned e-mail for wiki");
        // A pinned address is left alone by the next change.
        setup
            .cli
            .expect_success(&["user", "edit", NEW, "--email", "countess@fernweh.example"]);
        assert_eq!(setup.received("_r3"), kept);
        // Back to the address of before: nothing is pinned any more.
        setup
            .cli
            .expect_success(&["user", "edit", "countess@fernweh.example", "--email", ADA]);
        assert_eq!(setup.identity(), [format!("{ADA} {ADA} {ADA} -")]);
    });
}

#[test]
fn an_application_that_is_not_affected_asks_nothing() {
    on_each_database(|database| {
        let mut setup = Setup::new(database);
        setup
            .cli
            .expect_success(&["app", "edit", "wiki", "--keys-on", "id"]);
        setup.cli.expect_success(&["user", "edit", ADA, "--email", NEW]);
        assert_eq!(setup.received("_r1").0, NEW);
        setup.sso.server.add_user("eve@fernweh.example", "Eve", "E");
        setup
            .cli
            .expect_success(&["app", "edit", "wiki", "--keys-on", "email"]);
        setup.cli.expect_success(&[
            "user",
            "edit",
            "eve@fernweh.example",
            "--email",
            "e@fernweh.example",
        ]);
        for (more, words) in [
            (&["--keep-old", "nothing"][..], "there is no application nothing"),
            (
                &["--keep-old", "wiki", "--send-new", "wiki"],
                "only one of them can be meant",
            ),
            (&["--keep-old", "--send-new"], "name some of them"),
        ] {
            let edit = [&["user", "edit", NEW, "--email", ADA][..], more].concat();
            assert_contains(&setup.cli.expect_failure(&edit), words);
        }
        assert_contains(
            &setup.cli.expect_failure(&["user", "edit", NEW, "--keep-old"]),
            "go with a new address",
        );
        let edit = [
            "user",
            "edit",
            NEW,
            "--email",
            ADA,
            "--keep-old",
            "--send-new",
            "wiki",
        ];
        setup.cli.expect_success(&edit);
        assert_eq!(setup.received("_r2").0, ADA);
    });
}

#[test]
fn an_import_counts_what_happens_where_and_waits_for_a_decision() {
    on_each_database(|database| {
        let mut setup = Setup::new(database);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("people.csv");
        let (ada, bob) = (setup.sso.ada.stable_id.as_str(), "bob.b@fernweh.example");
        let bob_id = setup.cli.json(&["user", "show", BOB, "--json"])["stable_id"].clone();
        fs::write(
            &file,
            format!(
                "stable_id,email\n{ada},{NEW}\n{},{bob}\n",
                bob_id.as_str().unwrap()
            ),
        )
        .unwrap();
        let import = |more: &[&'static str]| -> Vec<String> {
            let path = Path::new(&file).display().to_string();
            let words = ["user".to_owned(), "import".to_owned(), path];
            words
                .into_iter()
                .chain(more.iter().map(|word| (*word).to_owned()))
                .collect()
        };
        let run = |more: &[&'static str]| {
            let words = import(more);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            setup.cli.run(&words, "")
        };
        let dry = String::from_utf8(run(&[]).stdout).unwrap();
        for words in [
            "2 people get another address",
            "2  wiki",
            "TO BE DECIDED",
            "with --keep-old or --send-new",
        ] {
            assert_contains(&dry, words);
        }
        let refused = run(&["--apply", "--json"]);
        assert_eq!(refused.status.code(), Some(1));
        assert_contains(&String::from_utf8(refused.stderr).unwrap(), "--keep-old SLUG");
        let plan: Value = serde_json::from_slice(&refused.stdout).unwrap();
        assert_eq!(plan["applied"], false);
        let counted = &plan["email_effects"][0];
        assert_eq!(
            (
                &counted["slug"],
                &counted["people"],
                &counted["needs_decision"],
                &counted["decision"]
            ),
            (&json!("wiki"), &json!(2), &json!(true), &Value::Null)
        );
        setup.cli.expect_success(&["user", "show", ADA]);

        let applied = run(&["--apply", "--keep-old", "wiki"]);
        assert!(applied.status.success(), "{applied:?}");
        assert_contains(
            &String::from_utf8(applied.stdout).unwrap(),
            "the address of before is kept",
        );
        let preview = setup.previewed(NEW);
        assert_eq!(preview.0, ADA);
        assert_eq!(setup.received("_r1"), preview);
        assert_contains(
            &setup.cli.expect_success(&["audit", "--action", "user.edit"]),
            "pinned e-mail for wiki",
        );
    });
}

#[test]
fn an_address_that_is_pinned_is_nobody_elses() {
    on_each_database(|database| {
        let mut setup = Setup::new(database);
        setup
            .cli
            .expect_success(&["user", "edit", ADA, "--email", NEW, "--keep-old"]);
        let why = format!("keeps receiving that address for Ada Lovelace <{NEW}>");
        let add = ["user", "add", ADA, "--given-name", "Eve", "--password-stdin"];
        assert_contains(&setup.cli.expect_failure_with_input(&add, PASSWORD), &why);
        let edit = ["user", "edit", BOB, "--email", ADA, "--send-new"];
        assert_contains(&setup.cli.expect_failure(&edit), &why);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("people.csv");
        fs::write(&file, format!("email,first_name\n{ADA},Eve\n")).unwrap();
        let import = setup
            .cli
            .run(&["user", "import", &file.display().to_string()], "");
        assert_eq!(import.status.code(), Some(1));
        assert_contains(
            &String::from_utf8(import.stdout).unwrap(),
            "an application keeps receiving its address for another person",
        );
        assert_eq!(setup.received("_r1").0, ADA);
        // Once it is free, somebody else may have it; then Ada cannot be known by it again.
        setup
            .cli
            .expect_success(&["user", "pin", "remove", NEW, "--app", "wiki"]);
        setup.cli.expect_success(&edit);
        assert_contains(
            &setup
                .cli
                .expect_failure(&["user", "pin", "add", NEW, "--app", "wiki"]),
            "somebody else's by now",
        );
        assert_contains(
            &setup
                .cli
                .expect_failure(&["user", "edit", NEW, "--email", "a@fernweh.example", "--keep-old"]),
            "the address is somebody else's by now",
        );
    });
}

#[test]
fn an_address_is_pinned_listed_and_unpinned_by_hand() {
    on_each_database(|database| {
        let mut setup = Setup::new(database);
        let pin =
            |command: &'static str, email: &'static str| ["user", "pin", command, email, "--app", "wiki"];
        setup
            .cli
            .expect_success(&["user", "edit", ADA, "--email", NEW, "--send-new"]);
        assert_eq!(setup.received("_r1").0, NEW);
        assert_contains(
            &setup
                .cli
                .expect_failure(&[&pin("add", NEW)[..], &["--email", BOB]].concat()),
            &format!("give one of {ADA}, {NEW}"),
        );
        let first = [&pin("add", NEW)[..], &["--email", ADA]].concat();
        assert_contains(
            &setup.cli.expect_success(&first),
            &format!("Wiki receives {ADA} for Ada Lovelace"),
        );
        assert_contains(&setup.cli.expect_success(&first), "already: nothing was changed");
        assert_eq!(setup.received("_r2").0, ADA);
        let list = setup.cli.json(&["user", "pin", "list", NEW, "--json"]);
        assert_eq!(
            [
                &list[0]["slug"],
                &list[0]["first_email"],
                &list[0]["last_email"],
                &list[0]["pinned_email"]
            ],
            ["wiki", ADA, ADA, ADA]
        );
        assert_contains(
            &setup.cli.expect_success(&["user", "pin", "list", NEW]),
            "pinned ",
        );
        setup.cli.expect_success(&pin("remove", NEW));
        assert_contains(
            &setup.cli.expect_success(&pin("remove", NEW)),
            "nothing was changed",
        );
        assert_eq!(setup.received("_r3").0, NEW);
        assert_lacks(&setup.cli.expect_success(&["user", "pin", "list", NEW]), "pinned");
        let log = setup.cli.expect_success(&["audit", "--action", "user.pin"]);
        for words in [
            format!("pinned e-mail for wiki: (none) -> {ADA}"),
            format!("{ADA} -> (none)"),
        ] {
            assert_contains(&log, &words);
        }
        let eve = setup.sso.server.add_user("eve@fernweh.example", "Eve", "E");
        let none = setup.cli.expect_failure(&pin("add", "eve@fernweh.example"));
        assert_contains(&none, "has never signed in to Wiki");
        assert_eq!(eve.email, Email::parse("eve@fernweh.example").unwrap());
    });
}

#[test]
fn a_request_names_a_person_by_the_address_that_is_pinned() {
    on_each_database(|database| {
        let mut setup = Setup::new(database);
        setup
            .cli
            .expect_success(&["user", "edit", ADA, "--email", NEW, "--keep-old"]);
        let mut status = |id: &str, value: &str| {
            let subject = format!(
                "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID \
                 Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">{value}</saml:NameID></saml:Subject>"
            );
            let (xml, _) = posted_response(&setup.ada.get(&setup.sso.sso_url_with(id, "", &subject)));
            inspect::status_codes(&xml).0
        };
        assert_eq!(status("_r1", ADA), "Success");
        assert_ne!(
            status("_r2", NEW),
            "Success",
            "the application knows nobody by it"
        );
    });
}
