//! What the audit log keeps of an edit: the values of before and after, and who made it.

use serde_json::{Value, json};

use crate::{
    cli::{Cli, house_and_cli},
    support::{
        house::on_each_database,
        scene::{ADA, Scene},
    },
};

/// The newest row of an action.
fn newest(cli: &Cli, action: &str) -> Value {
    cli.json(&["audit", "--json", "-n", "1", "--action", action])[0].clone()
}

#[test]
fn an_edit_leaves_both_values_and_who_made_it_behind_sudo_too() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = Cli::of(&scene.house.settings.data_dir, database).with(&[("SUDO_USER", "anna")]);
        cli.says(&[
            "user",
            "edit",
            ADA,
            "--family-name",
            "King",
            "--attribute",
            "team=blue",
        ]);
        let row = newest(&cli, "user.edit");
        assert_eq!(
            row["changes"],
            json!([
                {"value": "last name", "old": "Lovelace", "new": "King"},
                {"value": "attribute team", "old": null, "new": "blue"},
            ])
        );
        let by = row["by"].as_str().unwrap();
        let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
        let has_login = !["", "4294967295"].contains(&login.trim());
        assert!(has_login || by.starts_with("anna as ") || by == "anna", "{by}");

        cli.says(&["user", "edit", ADA, "--email", "ada.king@fernweh.example"]);
        let said = cli.says(&["audit", "--action", "user.edit", "-n", "1"]);
        assert!(
            said.contains("e-mail: ada@fernweh.example -> ada.king@fernweh.example") && said.contains("by "),
            "{said}"
        );
        cli.says(&[
            "app",
            "edit",
            "wiki",
            "--name",
            "Wiki \u{202e}evil",
            "--require-signed-requests",
            "false",
        ]);
        let row = newest(&cli, "app.edit");
        assert_eq!(
            row["changes"],
            json!([{"value": "name", "old": "Wiki", "new": "Wiki \u{202e}evil"}])
        );
        let said = cli.says(&["audit", "--action", "app.edit"]);
        assert!(said.contains("name: Wiki -> Wiki \\u{202e}evil"), "{said}");
        cli.says(&["app", "disable", "wiki"]);
        assert_eq!(newest(&cli, "app.disable")["changes"][0]["new"], "off");
        cli.says(&["app", "attribute", "remove", "wiki", "email"]);
        let gone = newest(&cli, "app.edit")["changes"].clone();
        assert_eq!(
            (gone[0]["value"].clone(), gone[0]["new"].clone()),
            (json!("attribute email"), Value::Null)
        );

        // What a browser does is done by its person.
        let mut ada = scene.house.browser();
        let login = ada.get("/login");
        ada.submit_login(
            &login,
            "ada.king@fernweh.example",
            crate::support::house::PASSWORD,
        );
        let row = newest(&cli, "login");
        assert_eq!((&row["by"], &row["changes"]), (&Value::Null, &json!([])));
    });
}

#[test]
fn a_set_password_keeps_who_and_no_value() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        house.add_person(ADA, "Ada", "Lovelace");
        cli.says_to(
            &["user", "set-password", ADA, "--password-stdin"],
            "a long new secret\n",
        );
        let row = newest(&cli, "user.set_password");
        assert!(row["by"].is_string() && row["changes"] == json!([]), "{row}");
    });
}
