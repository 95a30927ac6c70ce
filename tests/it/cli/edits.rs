//! What the audit log stores about an edit: the values before and after, and who made it.

use serde_json::{Value, json};

use crate::{
    cli::{Cli, server_and_cli},
    support::{
        sso_setup::{ADA, SsoSetup},
        test_server::on_each_database,
    },
};

fn newest_audit_row(cli: &Cli, action: &str) -> Value {
    cli.json(&["audit", "--json", "-n", "1", "--action", action])[0].clone()
}

#[test]
fn an_edit_audits_both_values_and_the_actor_even_with_sudo() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database).with_env(&[("SUDO_USER", "anna")]);
        cli.expect_success(&[
            "user",
            "edit",
            ADA,
            "--family-name",
            "King",
            "--attribute",
            "team=blue",
        ]);
        let row = newest_audit_row(&cli, "user.edit");
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

        cli.expect_success(&["user", "edit", ADA, "--email", "ada.king@fernweh.example"]);
        let output = cli.expect_success(&["audit", "--action", "user.edit", "-n", "1"]);
        assert!(
            output.contains("e-mail: ada@fernweh.example -> ada.king@fernweh.example")
                && output.contains("by "),
            "{output}"
        );
        cli.expect_success(&[
            "app",
            "edit",
            "wiki",
            "--name",
            "Wiki \u{202e}evil",
            "--require-signed-requests",
            "false",
        ]);
        let row = newest_audit_row(&cli, "app.edit");
        assert_eq!(
            row["changes"],
            json!([{"value": "name", "old": "Wiki", "new": "Wiki \u{202e}evil"}])
        );
        let output = cli.expect_success(&["audit", "--action", "app.edit"]);
        assert!(output.contains("name: Wiki -> Wiki \\u{202e}evil"), "{output}");
        cli.expect_success(&["app", "disable", "wiki"]);
        assert_eq!(newest_audit_row(&cli, "app.disable")["changes"][0]["new"], "off");
        cli.expect_success(&["app", "attribute", "remove", "wiki", "email"]);
        let gone = newest_audit_row(&cli, "app.edit")["changes"].clone();
        assert_eq!(
            (gone[0]["value"].clone(), gone[0]["new"].clone()),
            (json!("attribute email"), Value::Null)
        );

        // What a browser does is recorded as done by its user.
        let mut ada = setup.server.browser();
        let login = ada.get("/login");
        ada.submit_password(
            &login,
            "ada.king@fernweh.example",
            crate::support::test_server::PASSWORD,
        );
        let row = newest_audit_row(&cli, "login");
        assert_eq!((&row["by"], &row["changes"]), (&Value::Null, &json!([])));
    });
}

#[test]
fn a_password_change_audits_the_actor_and_no_value() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        cli.expect_success_with_input(
            &["user", "set-password", ADA, "--password-stdin"],
            "a long new secret\n",
        );
        let row = newest_audit_row(&cli, "user.set_password");
        assert!(row["by"].is_string() && row["changes"] == json!([]), "{row}");
    });
}
