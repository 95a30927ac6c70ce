//! `hallpass group import` and `hallpass group export`.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Cli, server_and_cli};
use crate::support::{
    assertions::{assert_contains, assert_lacks},
    sql,
    test_server::{Database, TestServer, on_each_database},
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
        let path = self.dir.path().join("groups.csv");
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn plan(&self, text: &str) -> Value {
        self.cli.json(&["group", "import", &self.file(text), "--json"])
    }

    fn apply(&self, text: &str) -> Value {
        self.cli
            .json(&["group", "import", &self.file(text), "--apply", "--json"])
    }

    fn refused(&self, text: &str) -> Value {
        let output = self
            .cli
            .run(&["group", "import", &self.file(text), "--apply", "--json"], "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn show(&self, name: &str) -> Value {
        self.cli.json(&["group", "show", name, "--json"])
    }

    fn export(&self) -> String {
        self.cli.expect_success(&["group", "export"])
    }

    fn count(&self, of: &str) -> i64 {
        sql::number(&self.server.settings, &format!("SELECT count(*) AS n FROM {of}"))
    }
}

const GROUPS: &str = "\
name,description,second_factor
Sales,Whoever sells,required from 2027-01-31
Wiki,,
";

fn numbers(plan: &Value) -> [i64; 3] {
    ["added", "changed", "unchanged"].map(|name| plan[name].as_i64().unwrap())
}

#[test]
fn a_file_is_planned_then_applied_and_then_changes_nothing() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let plan = setup.plan(GROUPS);
        assert_eq!((numbers(&plan), &plan["applied"]), ([2, 0, 0], &false.into()));
        assert_eq!(setup.count("groups"), 0, "a dry run");
        let told = setup
            .cli
            .expect_success(&["group", "import", &setup.file(GROUPS)]);
        assert_contains(&told, "line 2: add Sales: description: (none) -> Whoever sells");
        assert_contains(&told, "2 rows: 2 to add, 0 to change");
        assert_contains(&told, "--apply does it");

        assert_eq!(setup.apply(GROUPS)["applied"], true);
        let sales = setup.show("Sales");
        assert_eq!(sales["second_factor"], "required from 2027-01-31");
        assert_eq!(setup.count("audit_events WHERE action = 'group.add'"), 2);
        assert_eq!(numbers(&setup.apply(GROUPS)), [0, 0, 2]);

        // What the file does not have stays, an empty cell removes, and a name in other letters is the same group.
        setup.apply("name;second_factor\nsALES;\n");
        let sales = setup.show("Sales");
        assert_eq!(
            (&sales["name"], &sales["description"], &sales["second_factor"]),
            (&"Sales".into(), &"Whoever sells".into(), &Value::Null)
        );
        let rows = setup.cli.json(&["audit", "--action", "group.edit", "--json"]);
        assert_eq!(rows[0]["detail"], "group Sales; imported from a file");
    });
}

#[test]
fn a_group_is_renamed_by_its_id_and_who_receives_it_by_name_is_said() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.apply(GROUPS);
        setup
            .server
            .add_application("Files", "urn:test:files", "https://files.example/acs", |_| {});
        let set = ["files", "team", "groups:Sales"];
        setup
            .cli
            .expect_success(&[&["app", "attribute", "set"], &set[..]].concat());
        let id = setup.show("Sales")["id"].as_str().unwrap().to_owned();
        let plan = setup.apply(&format!("id,name\n{id},Sales Europe\n"));
        assert_eq!(numbers(&plan), [0, 1, 0], "{plan}");
        assert_eq!(plan["lines"][0]["chosen_by"], json!(["files"]));
        let renamed = setup.show("sales europe");
        assert_eq!(
            (&renamed["id"], &renamed["description"]),
            (&id.into(), &"Whoever sells".into())
        );
    });
}

#[test]
fn what_is_exported_changes_nothing_when_it_is_imported() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.apply(
            "name,description,second_factor\n=1+1,-Whoever; counts,offered\n\"@all\",'=x,\nWiki,\"a \"\"b\"\"\",never\n",
        );
        let csv = setup.export();
        for cell in csv.lines().flat_map(|line| line.split(',')) {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
        let plan = setup.apply(&csv);
        assert_eq!(numbers(&plan), [0, 0, 3], "{plan}\n{csv}");
        assert_eq!(setup.show("=1+1")["description"], "-Whoever; counts");

        // Elsewhere it makes the same groups, with the same ids.
        let elsewhere = Setup::new(&Database::Sqlite);
        assert_eq!(numbers(&elsewhere.apply(&csv)), [3, 0, 0]);
        assert_eq!(elsewhere.export(), csv);
    });
}

#[test]
fn a_file_with_errors_or_collisions_is_not_imported_at_all() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.apply(GROUPS);
        let before = setup.export();
        let id = |name: &str| setup.show(name)["id"].as_str().unwrap().to_owned();
        let (sales, wiki) = (id("Sales"), id("Wiki"));
        let other = "01900000-0000-7000-8000-000000000001";
        let plan = setup.refused(&format!(
            "id,name,second_factor\n\
             ,New,\n\
             ,\"a,b\",\n\
             ,Odd,perhaps\n\
             7,Odd,\n\
             {other},,\n\
             {sales},Wiki,\n\
             {other},Sales,\n\
             ,Twice,\n\
             ,TWICE,\n"
        ));
        let lines = |plan: &Value, what: &str| -> Vec<i64> {
            let notes = plan[what].as_array().unwrap().iter();
            notes.map(|note| note["line"].as_i64().unwrap()).collect()
        };
        assert_eq!(lines(&plan, "errors"), [3, 4, 5], "{plan}");
        assert_eq!(lines(&plan, "collisions"), [6, 7, 8, 9, 10], "{plan}");
        assert_eq!(plan["applied"], false);
        let plan = setup.refused(&format!("id,name\n{other},\n"));
        assert_contains(&plan["errors"].to_string(), "a new one needs a name");
        // Two rows that mean one group by different keys.
        let plan = setup.refused(&format!("id,name\n{wiki},Pages\n,Wiki\n"));
        assert_eq!(lines(&plan, "collisions"), [2, 3], "{plan}");
        assert_eq!(setup.export(), before);

        let told = setup
            .cli
            .expect_failure(&["group", "import", &setup.file("description\nx\n")]);
        assert_contains(&told, "id, name");
        let told = setup
            .cli
            .expect_failure(&["group", "import", &setup.file("name,members\nx,y\n")]);
        assert_contains(&told, "`members`, which is no column");
        assert_lacks(&setup.export(), "New");
    });
}
