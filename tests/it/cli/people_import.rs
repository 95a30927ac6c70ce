//! `hallpass user import` and `hallpass user export`.

use std::fs;

use hallpass::model::user::Email;
use serde_json::Value;
use tempfile::TempDir;

use super::{Cli, server_and_cli, sign_in};
use crate::support::{
    assertions::{assert_contains, assert_lacks},
    sql,
    test_server::{Database, PASSWORD, TestServer, on_each_database},
};

/// An installation, and a directory for files.
struct Setup {
    server: TestServer,
    cli: Cli,
    dir: TempDir,
}

impl Setup {
    fn new(database: &Database) -> Self {
        let (server, cli) = server_and_cli(database);
        Self {
            server,
            cli,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, text: &str) -> String {
        let path = self.dir.path().join("people.csv");
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn plan(&self, text: &str) -> Value {
        self.cli.json(&["user", "import", &self.file(text), "--json"])
    }

    fn apply(&self, text: &str) -> Value {
        self.cli
            .json(&["user", "import", &self.file(text), "--apply", "--json"])
    }

    fn refused(&self, text: &str) -> Value {
        let output = self
            .cli
            .run(&["user", "import", &self.file(text), "--apply", "--json"], "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn show(&self, email: &str) -> Value {
        self.cli.json(&["user", "show", email, "--json"])
    }

    fn count(&self, of: &str) -> i64 {
        sql::number(&self.server.settings, &format!("SELECT count(*) AS n FROM {of}"))
    }
}

const PEOPLE: &str = "\
email,first_name,last_name,user_name,external_id,enabled,groups,attribute:team
ada@fernweh.example,Ada,Lovelace,ada,guid-1,true,Sales; Wiki,a;b
bob@fernweh.example,Bob,,,guid-2,,,
eve@fernweh.example,Eve,\"'t Hooft\",,guid-3,no,wiki,
";

fn numbers(plan: &Value) -> [i64; 3] {
    ["added", "changed", "unchanged"].map(|name| plan[name].as_i64().unwrap())
}

#[test]
fn a_file_is_planned_then_applied_and_then_changes_nothing() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let plan = setup.plan(PEOPLE);
        assert_eq!((numbers(&plan), &plan["applied"]), ([3, 0, 0], &false.into()));
        assert_eq!(plan["new_groups"], serde_json::json!(["Sales", "Wiki"]));
        assert_eq!((setup.count("users"), setup.count("groups")), (0, 0), "a dry run");
        let told = setup.cli.expect_success(&["user", "import", &setup.file(PEOPLE)]);
        assert_contains(&told, "line 2: add ada@fernweh.example");
        assert_contains(&told, "3 rows: 3 to add, 0 to change");
        assert_contains(&told, "--apply does it");

        assert_eq!(setup.apply(PEOPLE)["applied"], true);
        let ada = setup.show("ada@fernweh.example");
        assert_eq!(ada["groups"], serde_json::json!(["Sales", "Wiki"]));
        assert_eq!(ada["attributes"]["team"], serde_json::json!(["a", "b"]));
        assert_eq!(
            (&ada["user_name"], &ada["external_id"]),
            (&"ada".into(), &"guid-1".into())
        );
        let eve = setup.show("eve@fernweh.example");
        assert_eq!(
            (&eve["enabled"], &eve["family_name"]),
            (&false.into(), &"'t Hooft".into())
        );
        assert_eq!(setup.count("audit_events WHERE action = 'user.add'"), 3);
        assert_eq!(numbers(&setup.apply(PEOPLE)), [0, 0, 3]);

        // Found again by the external id, whatever the address is by now; columns that are not there stay.
        let changed = "external_id;email;groups\nguid-1;ada.l@fernweh.example;Wiki\nguid-2;;\n";
        let plan = setup.plan(changed);
        assert_eq!((numbers(&plan), &plan["email_changes"]), ([0, 1, 1], &1.into()));
        setup.apply(changed);
        let ada = setup.show("ada.l@fernweh.example");
        assert_eq!(
            (&ada["groups"], &ada["user_name"]),
            (&serde_json::json!(["Wiki"]), &"ada".into())
        );
        let told = setup.cli.expect_success(&["audit", "--action", "user.edit"]);
        assert_contains(&told, "groups: Sales; Wiki -> Wiki");
        assert_contains(&told, "e-mail: ada@fernweh.example -> ada.l@fernweh.example");
    });
}

#[test]
fn what_is_exported_changes_nothing_when_it_is_imported() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.apply(
            "email,first_name,last_name,external_id,groups,attribute:cost\n\
             ada@fernweh.example,=1+1,-Lovelace,+guid,\"@all\\;x;'=y\",=1\\;2;b\n\
             =bob@fernweh.example,Bob,''=x,,,\n",
        );
        setup.server.add_user("deleted@fernweh.example", "De", "Leted");
        setup
            .server
            .people()
            .delete_user(&Email::parse("deleted@fernweh.example").unwrap())
            .unwrap();
        let csv = setup.cli.expect_success(&["user", "export"]);
        for line in csv.lines() {
            for cell in line.split(',') {
                let cell = cell.trim_start_matches('"');
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{line}");
            }
        }
        assert_lacks(&csv, "deleted@");
        assert_lacks(&csv, "hash");
        let plan = setup.apply(&csv);
        assert_eq!(numbers(&plan), [0, 0, 2], "{plan}\n{csv}");
        assert_eq!(setup.show("ada@fernweh.example")["given_name"], "=1+1");

        // Elsewhere it makes the same people.
        let elsewhere = Setup::new(&Database::Sqlite);
        assert_eq!(numbers(&elsewhere.apply(&csv)), [2, 0, 0]);
        assert_eq!(elsewhere.cli.expect_success(&["user", "export"]), csv);
    });
}

#[test]
fn a_file_with_errors_or_collisions_is_not_imported_at_all() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.apply(PEOPLE);
        let before = setup.cli.expect_success(&["user", "export"]);
        let plan = setup.refused(
            "email,first_name,user_name,external_id,stable_id\n\
             new@fernweh.example,New,,,\n\
             ada,Ada,,,\n\
             x@fernweh.example,,,,\n\
             y@fernweh.example,Y,ada,,\n\
             bob@fernweh.example,Bob,,guid-9,\n\
             eve@fernweh.example,Eve,,guid-1,\n\
             twice@fernweh.example,T,,,\n\
             TWICE@fernweh.example,T,,,\n\
             bob@fernweh.example,Bob,,guid-2,other\n",
        );
        let lines = |what: &str| -> Vec<i64> {
            let notes = plan[what].as_array().unwrap().iter();
            notes.map(|note| note["line"].as_i64().unwrap()).collect()
        };
        assert_eq!(lines("errors"), [3, 4], "{plan}");
        assert_eq!(lines("collisions"), [5, 6, 7, 8, 9, 10], "{plan}");
        assert_eq!(plan["applied"], false);
        assert_eq!(setup.cli.expect_success(&["user", "export"]), before);

        // Two rows that mean one person by different keys.
        let plan = setup.refused("email,external_id,first_name\nada@fernweh.example,,A\n,guid-1,B\n");
        assert_eq!(plan["collisions"].as_array().unwrap().len(), 2, "{plan}");
        let told = setup
            .cli
            .expect_failure(&["user", "import", &setup.file("name\nx\n")]);
        assert_contains(&told, "`name`, which is no column");
        assert_contains(
            &setup.cli.expect_failure(&["user", "import", "/nowhere.csv"]),
            "cannot be opened",
        );
    });
}

#[test]
fn a_file_has_the_language_that_people_are_spoken_to_in() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let plan =
            setup.apply("email,first_name,language\nada@fernweh.example,Ada,DE\nbob@fernweh.example,Bob,\n");
        assert_eq!(numbers(&plan), [2, 0, 0], "{plan}");
        let language = |email| setup.show(email)["language"].clone();
        assert_eq!(language("ada@fernweh.example"), "de");
        assert_eq!(language("bob@fernweh.example"), Value::Null);
        let csv = setup.cli.expect_success(&["user", "export"]);
        assert_contains(&csv, ",language,");
        assert_eq!(numbers(&setup.apply(&csv)), [0, 0, 2], "{csv}");
        let plan = setup.apply("email,language\nada@fernweh.example,\nbob@fernweh.example,fr\n");
        assert_eq!(plan["lines"][0]["changes"][0]["value"], "language");
        assert_eq!(language("ada@fernweh.example"), Value::Null);
        let plan = setup.refused("email,language\nada@fernweh.example,tlh\n");
        assert_contains(&plan["errors"].to_string(), "en, de, fr, es, ja, ar");
    });
}

/// Of the password `tomato 42`, by crypt(3) and by Django.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuumUzrnyja5J4Hj1WXF10XZbi6rNj6Amm";

#[test]
fn a_hash_of_others_is_taken_and_hashed_anew_at_the_first_sign_in() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let file = format!("email,first_name,password_hash\nbob@fernweh.example,Bob,{BCRYPT}\n");
        assert_eq!(setup.apply(&file)["passwords"], 1);
        let phc = "SELECT phc AS t FROM user_passwords";
        assert_eq!(sql::texts(&setup.server.settings, phc), [BCRYPT]);
        let status = |password| sign_in(&setup.server, "bob@fernweh.example", password).1;
        assert_eq!(status("tomato 43"), 200);
        assert_eq!(sql::texts(&setup.server.settings, phc), [BCRYPT]);
        // Shorter than a new password may be.
        assert_eq!(status("tomato 42"), 303);
        let stored = sql::texts(&setup.server.settings, phc).remove(0);
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert_eq!(status("tomato 42"), 303);
        // The same file does not bring the old one back, nor replaces one that they chose.
        let plan = setup.apply(&file);
        assert_eq!((numbers(&plan), &plan["kept_passwords"]), ([0, 0, 1], &1.into()));
        assert_eq!(sql::texts(&setup.server.settings, phc), [stored]);
        let expensive = file.replace("$04$", "$31$");
        let plan = setup.refused(&expensive);
        assert_contains(&plan["errors"].to_string(), "more work than is reasonable");
    });
}

#[test]
fn whoever_is_switched_off_by_a_file_is_signed_out_and_deleted_people_stay_deleted() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.server.add_user("bob@fernweh.example", "Bob", "Best");
        let (mut browser, status) = sign_in(&setup.server, "bob@fernweh.example", PASSWORD);
        assert_eq!(status, 303);
        setup.apply("email,enabled\nbob@fernweh.example,false\n");
        assert_eq!(browser.get("/").status, 303, "to the sign-in");
        assert_eq!(setup.count("sessions WHERE ended_at IS NULL"), 0);
        setup
            .cli
            .expect_success(&["user", "delete", "bob@fernweh.example"]);
        let plan = setup.refused("email,enabled\nbob@fernweh.example,true\n");
        assert_contains(&plan["errors"].to_string(), "was deleted");
    });
}
