//! Clients on the command line: what is printed, and how a secret is changed without a gap.

use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        relying_party::{RelyingParty, assert_error, json},
        sso_setup::{ADA, SsoSetup},
        test_server::on_each_database,
    },
};

#[test]
fn a_client_exists_before_its_redirect_uri_is_known() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let added = cli.expect_success(&["app", "add", "chatgpt-oidc"]);
        for part in [
            "ChatGPT is registered as chatgpt.",
            "1. Client ID",
            "2. Client secret",
            "3. Discovery endpoint     https://login.fernweh.example/.well-known/openid-configuration",
            "hallpass app edit chatgpt --redirect-uri",
        ] {
            assert_contains(&added, part);
        }
        let shown: Value =
            serde_json::from_str(&cli.expect_success(&["app", "show", "chatgpt", "--json"])).unwrap();
        assert_eq!(shown["kind"], "oidc");
        assert_eq!(shown["access"], "assigned");
        assert_eq!(shown["paste"]["client_secret"], Value::Null);
        let uri = "https://external.auth.openai.com/sso/oidc/x/callback";
        let edited = cli.expect_success(&["app", "edit", "chatgpt", "--redirect-uri", uri, "--json"]);
        let edited: Value = serde_json::from_str(&edited).unwrap();
        assert_eq!(edited["client"]["redirect_uris"], serde_json::json!([uri]));
        let refused = cli.expect_failure(&["app", "edit", "chatgpt", "--acs", "https://x.example/acs"]);
        assert_contains(&refused, "this is a setting of SAML");
        let refused = cli.expect_failure(&["app", "edit", "wiki", "--redirect-uri", uri]);
        assert_contains(&refused, "this is a setting of OpenID Connect");
        let refused = cli.expect_failure(&["app", "attribute", "set", "chatgpt", "sub", "email"]);
        assert_contains(&refused, "cannot be sent a claim sub");
    });
}

#[test]
fn whoever_lacks_a_claim_that_chatgpt_needs_is_named_and_not_signed_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("mononym@fernweh.example", "Mononym", "");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let uri = crate::support::relying_party::REDIRECT_URI;
        let added = cli.expect_success(&[
            "app",
            "add",
            "chatgpt-oidc",
            "--access",
            "everyone",
            "--redirect-uri",
            uri,
            "--json",
        ]);
        assert_contains(&added, "family_name is required");
        assert_contains(&added, "mononym@fernweh.example");
        let added: Value = serde_json::from_str(&added).unwrap();
        let client = RelyingParty::known(&setup.server, added["paste"]["client_id"].as_str().unwrap());
        let mut browser = setup.server.browser();
        let form = browser.get_following_redirects("/login");
        browser.sign_in(
            &form,
            "mononym@fernweh.example",
            crate::support::test_server::PASSWORD,
        );
        assert_eq!(client.authorize(&mut browser, &[])["error"], "access_denied");
        let mut browser = setup.signed_in_browser();
        assert!(client.authorize(&mut browser, &[]).contains_key("code"));
    });
}

#[test]
fn a_secret_is_changed_without_a_gap() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut client = RelyingParty::new(&setup.server, "Tasks");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let mut browser = setup.signed_in_browser();
        let added: Value =
            serde_json::from_str(&cli.expect_success(&["app", "secret", "add", "tasks", "--json"])).unwrap();
        let listed: Value =
            serde_json::from_str(&cli.expect_success(&["app", "secret", "list", "tasks", "--json"])).unwrap();
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert_lacks(&listed.to_string(), client.secret.as_ref().unwrap());
        let works = |client: &RelyingParty<'_>, browser: &mut _| {
            let code = client.code(browser, &[]);
            client.redeem(&code, &[]).status == 200
        };
        assert!(works(&client, &mut browser));
        let first = listed[0]["id"].as_str().unwrap();
        cli.expect_success(&["app", "secret", "revoke", "tasks", first]);
        // The command reads the clock of the machine, which is ahead of the server's here.
        setup.server.clock.advance(chrono::TimeDelta::minutes(5));
        let code = client.code(&mut browser, &[]);
        assert_error(&client.redeem(&code, &[]), 401, "invalid_client");
        client.secret = Some(added["secret"].as_str().unwrap().to_owned());
        assert!(works(&client, &mut browser));
        let refused = cli.expect_failure(&["app", "secret", "list", "wiki"]);
        assert_contains(&refused, "keeps no secret");
    });
}

#[test]
fn an_application_that_is_switched_off_gives_nothing() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid offline_access");
        let revoked = cli.expect_success(&["token", "revoke", "--user", ADA, "--app", "wiki", "--json"]);
        assert_contains(&revoked, "0");
        cli.expect_success(&["app", "disable", "tasks"]);
        let back = client.authorize(&mut browser, &[]);
        assert_eq!(back["error"], "unauthorized_client");
        assert_contains(&back["error_description"], "APPLICATION-DISABLED");
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        assert_error(&client.refresh(refresh_token, &[]), 400, "unauthorized_client");
        assert_eq!(
            client.user_info(tokens["access_token"].as_str().unwrap()).status,
            401
        );
        cli.expect_success(&["app", "enable", "tasks"]);
        let tokens = json(&client.refresh(refresh_token, &[]), 200);
        cli.expect_success(&["app", "edit", "tasks", "--refresh", "never"]);
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        assert_error(&client.refresh(refresh_token, &[]), 400, "invalid_grant");
        cli.expect_success(&["app", "edit", "tasks", "--refresh", "offline_access"]);
        let tokens = json(&client.refresh(refresh_token, &[]), 200);
        cli.expect_success(&["token", "revoke", "--user", ADA]);
        assert_error(
            &client.refresh(tokens["refresh_token"].as_str().unwrap(), &[]),
            400,
            "invalid_grant",
        );
    });
}
