//! Where people who were deactivated signed in until then.

use chrono::TimeDelta;
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        sso_setup::{ADA, SsoSetup},
        test_server::{PASSWORD, on_each_database},
        test_sp::posted_response,
    },
};

#[test]
fn somebody_who_was_deactivated_is_listed_with_each_application_they_signed_in_to() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let server = &setup.server;
        server.add_user("=grace@fernweh.example", "Grace", "Hopper");
        server.add_application("Files", "urn:test:files", "https://files.example/acs", |new| {
            new.saml.allow_idp_initiated = true;
        });
        let mut ada = setup.signed_in_browser();
        posted_response(&ada.get(&setup.sso_url("_r1")));
        server.clock.advance(TimeDelta::days(20));
        let mut ada = setup.signed_in_browser();
        posted_response(&ada.get("/launch/files"));
        let mut grace = server.browser();
        let login = grace.get("/login");
        grace.submit_password(&login, "=grace@fernweh.example", PASSWORD);
        posted_response(&grace.get(&setup.sso_url("_r2")));
        let cli = Cli::new(&server.settings.data_dir, database);
        let list = |more: &[&str]| cli.expect_success(&[&["user", "leavers"][..], more].concat());
        assert_contains(&list(&["--days", "3650"]), "Nobody who is deactivated");

        cli.expect_success(&["user", "deactivate", ADA]);
        // The old word still works.
        cli.expect_success(&["user", "disable", "=grace@fernweh.example"]);
        let all = list(&["--days", "3650"]);
        for words in [
            ADA,
            "wiki",
            "files",
            "=grace@fernweh.example",
            "may still be open",
        ] {
            assert_contains(&all, words);
        }
        let json: Value = serde_json::from_str(&list(&["--days", "3650", "--json"])).unwrap();
        let rows: Vec<(&str, &str, &str)> = json
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap();
                (text("email"), text("application"), text("name_id"))
            })
            .collect();
        let grace = "=grace@fernweh.example";
        assert_eq!(
            rows,
            [(grace, "wiki", grace), (ADA, "files", ADA), (ADA, "wiki", ADA)]
        );
        let csv = list(&["--days", "3650", "--csv"]);
        assert_contains(&csv, "email,application,name_id,signed_in_at\n");
        assert!(!csv.lines().any(|line| line.starts_with('=')), "a formula: {csv}");
        let recent = server.people().leavers(10).unwrap();
        let recent: Vec<_> = recent.iter().map(|leaver| leaver.application.as_str()).collect();
        assert_eq!(recent, ["wiki", "files"], "what was twenty days ago is left out");
        cli.expect_success(&["user", "enable", ADA]);
        assert_lacks(&list(&["--days", "3650"]), ADA);
    });
}
