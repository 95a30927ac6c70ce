//! Who may use an application: at every entrance, at the next request, on every replica.

use hallpass::model::{
    application::{ApplicationAccess, SpUrl},
    group::GroupName,
    user::Email,
};

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        http::Response,
        inspect,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, on_each_database},
        test_sp::posted_response,
    },
};

/// The wiki is open to the group "wiki editors" alone, which is empty.
fn restricted(database: &Database) -> (SsoSetup, Cli) {
    let setup = SsoSetup::with(
        database,
        &[("HALLPASS_HELP_URL", "mailto:help@x.example")],
        |_, new| {
            new.saml.allow_idp_initiated = true;
        },
    );
    let cli = Cli::new(&setup.server.settings.data_dir, database);
    cli.expect_success(&["group", "add", "Wiki editors"]);
    cli.expect_success(&["app", "access", "add", "wiki", "--group", "wiki editors"]);
    cli.expect_success(&["app", "access", "set", "wiki", "assigned"]);
    (setup, cli)
}

fn assert_not_assigned(page: &Response) {
    assert_eq!(page.status, 403, "{}", page.body);
    assert_contains(&page.body, "You do not have access to <bdi>Wiki</bdi> yet");
    assert_contains(&page.body, "the group <strong><bdi>Wiki editors</bdi></strong>");
    assert_contains(&page.body, "mailto:help@x.example");
    assert_contains(&page.body, "ACCESS-MISSING");
}

fn is_signed_in_at_wiki(browser: &mut Browser, setup: &SsoSetup, id: &str) -> bool {
    let page = browser.get(&setup.sso_url(id));
    let (xml, _) = posted_response(&page);
    inspect::status_codes(&xml).0 == "Success"
}

#[test]
fn who_is_not_assigned_is_told_whom_to_ask_and_the_application_why() {
    on_each_database(|database| {
        let (setup, cli) = restricted(database);
        let mut browser = setup.signed_in_browser();
        let page = browser.get(&setup.sso_url("_refused"));
        assert_not_assigned(&page);
        // The button takes the status to the application.
        let (xml, acs) = posted_response(&page);
        assert_eq!(acs, setup.sp.acs);
        assert_eq!(
            inspect::status_codes(&xml),
            ("Responder".to_owned(), Some("RequestDenied".to_owned()))
        );
        assert_contains(&xml, "InResponseTo=\"_refused\"");
        let policy = page.header("content-security-policy").unwrap();
        assert_contains(policy, "form-action https:");
        // Where no page may be shown, the application receives it at once.
        let passive = browser.get(&setup.sso_url_with("_passive", "IsPassive=\"true\"", ""));
        let (xml, _) = posted_response(&passive);
        assert_eq!(inspect::status_codes(&xml).1.as_deref(), Some("RequestDenied"));
        assert_contains(&passive.body, "Going back to");
        let rows = cli.json(&["audit", "--refused", "--json"]);
        assert_eq!(
            (&rows[0]["outcome"], &rows[0]["person"]["email"]),
            (&"ACCESS-MISSING".into(), &ADA.into())
        );
        assert_contains(
            &cli.expect_success(&["explain", "ACCESS-MISSING"]),
            "group add-member",
        );
    });
}

#[test]
fn access_holds_at_every_entrance_and_changes_at_the_next_request_on_every_replica() {
    on_each_database(|database| {
        let (setup, cli) = restricted(database);
        let replica = (!matches!(database, Database::Sqlite)).then(|| setup.server.replica());
        let mut browser = setup.signed_in_browser();
        let mut elsewhere = replica
            .as_ref()
            .map(|replica| browser.clone().at(replica.address));
        let start = "/saml/start/wiki";
        for path in [start, "/launch/wiki"] {
            let page = browser.get(path);
            assert_not_assigned(&page);
            assert_eq!(page.field("SAMLResponse"), None, "it sent no request");
        }
        assert_lacks(&browser.get("/").body, "Wiki");

        cli.expect_success(&["group", "add-member", "Wiki editors", ADA]);
        assert!(is_signed_in_at_wiki(&mut browser, &setup, "_member"));
        assert_contains(&browser.get("/").body, "Wiki");
        posted_response(&browser.get(start));
        if let Some(elsewhere) = &mut elsewhere {
            assert!(is_signed_in_at_wiki(elsewhere, &setup, "_elsewhere"));
        }

        cli.expect_success(&["group", "remove-member", "Wiki editors", ADA]);
        assert_not_assigned(&browser.get(&setup.sso_url("_left")));
        if let Some(elsewhere) = &mut elsewhere {
            assert_not_assigned(&elsewhere.get(&setup.sso_url("_left_elsewhere")));
        }

        cli.expect_success(&["app", "access", "add", "wiki", "--user", ADA]);
        assert!(is_signed_in_at_wiki(&mut browser, &setup, "_chosen"));
        cli.expect_success(&["app", "access", "remove", "wiki", "--user", ADA]);
        assert_not_assigned(&browser.get(start));
        cli.expect_success(&["app", "access", "set", "wiki", "everyone"]);
        assert!(is_signed_in_at_wiki(&mut browser, &setup, "_everyone"));
    });
}

#[test]
fn a_person_who_signs_in_first_is_told_after_the_password() {
    on_each_database(|database| {
        let (setup, _cli) = restricted(database);
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects(&setup.sso_url("_first"));
        assert_eq!(login.status, 200);
        let mut page = browser.submit_password(&login, ADA, crate::support::test_server::PASSWORD);
        while page.status == 303 {
            page = browser.get(page.location());
        }
        assert_not_assigned(&page);
        assert_eq!(inspect::status_codes(&posted_response(&page).0).0, "Responder");
    });
}

#[test]
fn groups_are_sent_as_the_filter_says() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        for name in ["wiki-readers", "Wiki-editors", "chat"] {
            cli.expect_success(&["group", "add", name]);
            cli.expect_success(&["group", "add-member", name, ADA]);
        }
        cli.expect_success(&["group", "add", "wiki-owners"]);
        for (name, source) in [
            ("all", "groups"),
            ("wiki", "groups:wiki-*"),
            ("one", "groups:chat,wiki-owners"),
        ] {
            cli.expect_success(&["app", "attribute", "set", "wiki", name, source]);
        }
        let refused = cli.expect_failure(&["app", "attribute", "set", "wiki", "all", "groups", "--required"]);
        assert_contains(&refused, "app access");
        let mut browser = setup.signed_in_browser();
        let (xml, _) = posted_response(&browser.get(&setup.sso_url("_groups")));
        let sent = inspect::saml_attributes(&xml);
        let values = |name: &str| {
            let found = sent.iter().find(|(sent, _)| sent == name);
            found.map(|(_, values)| values.join("|")).unwrap_or_default()
        };
        assert_eq!(values("all"), "chat|Wiki-editors|wiki-readers");
        assert_eq!(values("wiki"), "Wiki-editors|wiki-readers");
        assert_eq!(values("one"), "chat");
        // A rename ends what was chosen by name, and says so.
        let output = cli.run(&["group", "edit", "chat", "--name", "talk"], "");
        assert_contains(&String::from_utf8_lossy(&output.stderr), "app attribute set wiki");
        assert_contains(
            &cli.expect_success(&["app", "attribute", "list", "wiki"]),
            "groups:wiki-*",
        );
    });
}

#[test]
fn a_response_that_grows_too_large_is_reported() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let ada = Email::parse(ADA).unwrap();
        let groups = setup
            .server
            .provider
            .groups(&hallpass::model::actor::Actor::Itself);
        for number in 0..120 {
            let name = GroupName::parse(&format!("{number:03} {}", "x".repeat(200))).unwrap();
            groups.add_group(&name, None, None).unwrap();
            groups.add_members(&name, std::slice::from_ref(&ada)).unwrap();
        }
        assert_lacks(&cli.expect_success(&["app", "preview", "wiki", ADA]), "20 kB");
        cli.expect_success(&["app", "attribute", "set", "wiki", "groups", "groups"]);
        let told = cli.expect_success(&["app", "preview", "wiki", ADA]);
        assert_contains(&told, "more than 20 kB");
        assert_contains(&told, "groups:PREFIX*");
        let mut browser = setup.signed_in_browser();
        posted_response(&browser.get(&setup.sso_url("_large")));
        let rows = cli.json(&["audit", "--action", "sign_on", "--json"]);
        assert_contains(rows[0]["detail"].as_str().unwrap(), "more than 20 kB");
    });
}

#[test]
fn a_new_chatgpt_is_open_to_an_empty_group_of_its_own() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let add = [
            "app",
            "add",
            "chatgpt",
            "--acs",
            "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
            "--audience",
            "ATZB94xJKf9F",
        ];
        let told = cli.expect_success(&add);
        assert_contains(&told, "open to the group chatgpt-users, which is empty");
        assert_contains(&told, "hallpass group add-member 'chatgpt-users' EMAIL");
        let shown = cli.json(&["app", "access", "show", "chatgpt", "--json"]);
        assert_eq!(
            (
                &shown["access"],
                &shown["groups"][0]["name"],
                &shown["groups"][0]["members"]
            ),
            (&"assigned".into(), &"chatgpt-users".into(), &0.into())
        );
        cli.expect_success(&["group", "add-member", "chatgpt-users", ADA]);
        assert_contains(
            &cli.expect_success(&["app", "show", "chatgpt"]),
            "The people in chatgpt-users (1) may use it",
        );
        // A group that the application needs is not removed by accident.
        let refused = cli.expect_failure(&["group", "remove", "chatgpt-users"]);
        assert_contains(&refused, "may use chatgpt");
        cli.expect_success(&["app", "remove", "chatgpt"]);
        cli.expect_success(&["group", "remove", "chatgpt-users"]);
        let open = cli.expect_success(&[&add[..], &["--access", "everyone"]].concat());
        assert_contains(&open, "Every active person may use it");
        assert_eq!(cli.json(&["group", "list", "--json"]), serde_json::json!([]));
    });
}

#[test]
fn who_may_not_use_it_is_an_obstacle_in_the_preview() {
    on_each_database(|database| {
        let (_setup, cli) = restricted(database);
        let preview = cli.json(&["app", "preview", "wiki", ADA, "--json"]);
        assert_eq!(preview["refusals"][0]["code"], "ACCESS-MISSING");
        cli.expect_success(&["group", "add-member", "wiki editors", ADA]);
        let preview = cli.json(&["app", "preview", "wiki", ADA, "--json"]);
        assert_eq!(preview["refusals"], serde_json::json!([]));
    });
}

#[test]
fn applications_stay_open_unless_somebody_chooses() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.tile_url = Some(SpUrl::parse("https://wiki.example/open").unwrap());
        });
        assert_eq!(setup.wiki.access, ApplicationAccess::Everyone);
        let mut browser = setup.signed_in_browser();
        assert!(is_signed_in_at_wiki(&mut browser, &setup, "_open"));
    });
}
