//! The authorization endpoint: who is sent back with what, and who is not sent anywhere.

use chrono::TimeDelta;
use hallpass::model::application::ApplicationAccess;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        relying_party::{REDIRECT_URI, RelyingParty, brought_back},
        sso_setup::{ADA, SsoSetup},
        test_server::{PASSWORD, on_each_database},
    },
};

#[test]
fn whoever_is_signed_in_goes_back_at_once_with_state_and_issuer() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.signed_in_browser();
        let response = browser.get(&client.authorize_url(&[]));
        assert_eq!(response.status, 303);
        let back = brought_back(&response);
        assert_eq!(back["state"], "a state & more");
        assert_eq!(back["iss"], setup.server.origin);
        assert_eq!(back["tenant"], "1", "what the redirect URI has stays");
        assert_eq!(back["code"].len(), 43);
    });
}

#[test]
fn whoever_is_not_signs_in_first_and_leaves_by_a_page_of_ours() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.server.browser();
        let form = browser.get_following_redirects(&client.authorize_url(&[("login_hint", ADA)]));
        assert_contains(&form.body, "Tasks");
        assert_eq!(form.field("email").as_deref(), Some(ADA));
        let page = browser.sign_in(&form, ADA, PASSWORD);
        assert_eq!(page.status, 200, "{}", page.body);
        // Chromium lets no redirect leave after a form of ours.
        assert_contains(&page.body, "http-equiv=\"refresh\"");
        assert_eq!(brought_back(&page)["state"], "a state & more");
    });
}

#[test]
fn a_request_by_post_is_the_same_and_so_is_an_answer_by_form() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.signed_in_browser();
        let url = client.authorize_url(&[("response_mode", "form_post")]);
        let query = url.split_once('?').unwrap().1.to_owned();
        let posted = browser.post_body("/oidc/authorize", "application/x-www-form-urlencoded", &query);
        // The form of another site brings no cookies: the redirect does.
        let page = browser.get_following_redirects(posted.location());
        assert_eq!(page.form_action().as_deref(), Some(REDIRECT_URI));
        assert_eq!(page.field("state").as_deref(), Some("a state & more"));
        assert_eq!(page.field("iss").as_deref(), Some(setup.server.origin.as_str()));
        let code = page.field("code").unwrap();
        assert_eq!(client.redeem(&code, &[]).status, 200);
    });
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_registered() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let unfinished = RelyingParty::with(&setup.server, "Unfinished", |new| new.redirect_uris.clear());
        let mut browser = setup.signed_in_browser();
        for (url, code) in [
            (client.authorize_url(&[("client_id", "nobody")]), "CLIENT-UNKNOWN"),
            (client.authorize_url(&[("client_id", "")]), "CLIENT-UNKNOWN"),
            (
                client.authorize_url(&[("redirect_uri", "")]),
                "REDIRECT-URI-UNKNOWN",
            ),
            (
                client.authorize_url(&[("redirect_uri", "https://rp.example/cb?tenant=2")]),
                "REDIRECT-URI-UNKNOWN",
            ),
            (
                client.authorize_url(&[("redirect_uri", "https://rp.example/cb?tenant=1#x")]),
                "REDIRECT-URI-UNKNOWN",
            ),
            (
                client.authorize_url(&[("redirect_uri", "https://rp.example/cb")]),
                "REDIRECT-URI-UNKNOWN",
            ),
            (unfinished.authorize_url(&[]), "REDIRECT-URI-MISSING"),
            (
                format!("{}&client_id=x", client.authorize_url(&[])),
                "OIDC-UNREADABLE",
            ),
            (
                format!("{}&state=x", client.authorize_url(&[])),
                "OIDC-UNREADABLE",
            ),
        ] {
            let page = browser.get(&url);
            assert_eq!(page.status, 400, "{url} {}", page.body);
            assert_contains(&page.body, code);
            assert_eq!(page.header("location"), None);
            assert_lacks(&page.body, "https://rp.example");
        }
    });
}

#[test]
fn what_is_refused_goes_back_with_the_error_of_its_own() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.signed_in_browser();
        for (more, error) in [
            (("response_type", "token"), "unsupported_response_type"),
            (("response_type", ""), "invalid_request"),
            (("request", "x"), "request_not_supported"),
            (
                ("request_uri", "https://rp.example/r"),
                "request_uri_not_supported",
            ),
            (("registration", "{}"), "registration_not_supported"),
            (("code_challenge", "short"), "invalid_request"),
            (("prompt", "none login"), "invalid_request"),
            (("resource", "https://mcp.example/"), "invalid_target"),
            (("response_mode", "fragment"), "invalid_request"),
        ] {
            let response = browser.get(&client.authorize_url(&[more]));
            assert_eq!(response.status, 303, "{more:?}: {}", response.body);
            let back = brought_back(&response);
            assert_eq!(back["error"], error, "{more:?}");
            assert_eq!(back["state"], "a state & more");
            assert_eq!(back["iss"], setup.server.origin);
            assert!(!back.contains_key("code"));
        }
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let audit = cli.expect_success(&["audit", "-n", "20"]);
        assert_contains(&audit, "TARGET-UNKNOWN");
    });
}

#[test]
fn prompt_and_max_age_decide_whether_a_page_is_shown() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut stranger = setup.server.browser();
        let back = client.authorize(&mut stranger, &[("prompt", "none")]);
        assert_eq!(back["error"], "login_required");
        let mut browser = setup.signed_in_browser();
        let is_form = |browser: &mut crate::support::browser::Browser, more: &[(&str, &str)]| {
            let page = browser.get_following_redirects(&client.authorize_url(more));
            page.status == 200 && page.body.contains("name=\"password\"")
        };
        assert!(
            client
                .authorize(&mut browser, &[("prompt", "none")])
                .contains_key("code")
        );
        setup.server.clock.advance(TimeDelta::seconds(1));
        assert!(is_form(&mut browser, &[("prompt", "login")]));
        assert!(is_form(&mut browser, &[("prompt", "select_account")]));
        assert!(!is_form(&mut browser, &[("max_age", "3600")]));
        setup.server.clock.advance(TimeDelta::seconds(61));
        assert!(is_form(&mut browser, &[("max_age", "60")]));
        let back = client.authorize(&mut browser, &[("max_age", "60"), ("prompt", "none")]);
        assert_eq!(back["error"], "login_required");
        // Signing in again is as fresh as can be, however little was asked for.
        let form = browser.get_following_redirects(&client.authorize_url(&[("max_age", "0")]));
        let page = browser.sign_in(&form, ADA, PASSWORD);
        assert!(brought_back(&page).contains_key("code"));
    });
}

#[test]
fn the_person_of_an_id_token_hint_is_asked_for() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("bob@fernweh.example", "Bob", "Builder");
        let client = RelyingParty::new(&setup.server, "Tasks");
        let other = RelyingParty::new(&setup.server, "Other");
        let mut browser = setup.signed_in_browser();
        let id_token = client.tokens(&mut browser, "openid")["id_token"]
            .as_str()
            .unwrap()
            .to_owned();
        let hint = [("id_token_hint", id_token.as_str()), ("prompt", "none")];
        setup.server.clock.advance(TimeDelta::hours(2));
        assert!(
            client.authorize(&mut browser, &hint).contains_key("code"),
            "it has expired, and counts"
        );
        let mut of_bob = setup.server.browser();
        let form = of_bob.get_following_redirects("/login");
        of_bob.sign_in(&form, "bob@fernweh.example", PASSWORD);
        assert_eq!(client.authorize(&mut of_bob, &hint)["error"], "login_required");
        assert_eq!(
            other.authorize(&mut browser, &hint)["error"],
            "login_required",
            "a token for another client says nothing here"
        );
    });
}

#[test]
fn who_may_not_use_the_application_is_told_and_can_go_back() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::with(&setup.server, "Tasks", |new| {
            new.access = ApplicationAccess::Assigned;
        });
        let mut browser = setup.signed_in_browser();
        let page = browser.get(&client.authorize_url(&[]));
        assert_eq!(page.status, 403, "{}", page.body);
        assert_contains(&page.body, "ACCESS-MISSING");
        assert_contains(&page.body, "error=access_denied");
        assert_contains(&page.body, "https://rp.example/cb?tenant=1");
        let back = client.authorize(&mut browser, &[("prompt", "none")]);
        assert_eq!(back["error"], "access_denied");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["group", "add-member", "tasks-users", ADA]);
        assert!(client.authorize(&mut browser, &[]).contains_key("code"));
    });
}
