//! `hallpass group …` and `hallpass app access …`: what an administrator types and sees.

use crate::{
    cli::server_and_cli,
    support::{assertions::assert_contains, test_server::on_each_database},
};

const BO: &str = "bo@fernweh.example";

#[test]
fn groups_are_added_changed_listed_and_removed() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(BO, "Bo", "Berg");
        assert_contains(&cli.expect_success(&["group", "list"]), "No groups yet");
        cli.expect_success(&["group", "add", "Sales Europe", "--description", "Whoever sells"]);
        let taken = cli.expect_failure(&["group", "add", "sales europe"]);
        assert_contains(&taken, "there is a group sales europe already");
        for bad in ["", "a,b", "a*"] {
            cli.expect_failure(&["group", "add", bad]);
        }
        cli.expect_success(&["group", "add", "Support"]);
        let told = cli.expect_success(&["group", "add-member", "SALES EUROPE", BO]);
        assert_contains(&told, "Sales Europe: 1 person added; it has 1 person now");
        // All of them or none.
        let told = cli.expect_failure(&["group", "add-member", "Support", BO, "who@fernweh.example"]);
        assert_contains(&told, "who@fernweh.example; nothing was changed");
        let listed = cli.expect_success(&["group", "list"]);
        let lines: Vec<_> = listed.lines().collect();
        assert!(
            lines[0].starts_with("Sales Europe") && lines[0].contains("1  Whoever sells"),
            "{listed}"
        );
        assert!(
            lines[1].starts_with("Support") && lines[1].ends_with('0'),
            "{listed}"
        );
        assert_eq!(
            cli.json(&["group", "list", "--search", "SAL", "--json"])[0]["name"],
            "Sales Europe"
        );
        assert_contains(
            &cli.expect_success(&["group", "list", "--limit", "1"]),
            "--after 'Sales Europe'",
        );
        let shown = cli.expect_success(&["group", "show", "sales europe"]);
        assert_contains(&shown, BO);
        assert_contains(&cli.expect_success(&["user", "show", BO]), "Sales Europe");
        cli.expect_success(&[
            "group",
            "edit",
            "Sales Europe",
            "--name",
            "Sales",
            "--description",
            "",
        ]);
        let shown = cli.json(&["group", "show", "Sales", "--json"]);
        assert_eq!(
            (&shown["people"][0], &shown["description"]),
            (&BO.into(), &().into())
        );
        let taken = cli.expect_failure(&["group", "edit", "Sales", "--name", "support"]);
        assert_contains(&taken, "there is a group support already");
        let rows = cli.json(&["audit", "--user", BO, "--action", "group.member", "--json"]);
        assert_contains(
            rows[0]["detail"].as_str().unwrap(),
            "added to the group Sales Europe",
        );
        cli.expect_success(&["group", "remove-member", "Sales", BO]);
        cli.expect_success(&["group", "remove", "Sales"]);
        assert_contains(&cli.expect_failure(&["group", "show", "Sales"]), "no group Sales");
        cli.expect_success(&["user", "show", BO]);
    });
}

#[test]
fn access_is_shown_and_changed_by_name() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(BO, "Bo", "Berg");
        server.add_application("Wiki", "urn:test:wiki", "https://wiki.example/acs", |_| {});
        assert_contains(
            &cli.expect_success(&["app", "access", "show", "wiki"]),
            "open to everyone",
        );
        let told = cli.expect_failure(&["app", "access", "add", "wiki", "--group", "absent", "--user", BO]);
        assert_contains(&told, "there is no group absent: `hallpass group list`");
        let told = cli.expect_failure(&["app", "access", "add", "wiki", "--user", "who@fernweh.example"]);
        assert_contains(&told, "nobody with the address who@fernweh.example");
        let told = cli.expect_success(&["app", "access", "set", "wiki", "assigned"]);
        assert_contains(&told, "nobody is among them yet");
        cli.expect_success(&["group", "add", "Editors"]);
        let told = cli.expect_success(&["app", "access", "add", "wiki", "--group", "editors", "--user", BO]);
        assert_contains(&told, "group   Editors (0 people)");
        assert_contains(&told, &format!("person  {BO}"));
        let told = cli.expect_failure(&["app", "access", "remove", "wiki", "--user", "who@fernweh.example"]);
        assert_contains(&told, "nobody with the address");
        cli.expect_success(&["app", "access", "remove", "wiki", "--group", "Editors"]);
        let told = cli.expect_failure(&["app", "access", "remove", "wiki", "--group", "Editors"]);
        assert_contains(&told, "not assigned to any of these");
        assert_eq!(cli.json(&["app", "show", "wiki", "--json"])["access"], "assigned");
        let rows = cli.json(&["audit", "--app", "wiki", "--action", "app.access", "--json"]);
        assert_eq!(rows.as_array().unwrap().len(), 4, "{rows}");
    });
}
