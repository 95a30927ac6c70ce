//! What codes give, what tokens say, and when they stop.

use chrono::TimeDelta;
use hallpass::model::{
    application::{ClientType, RefreshPolicy, SpUrl, SubjectType},
    client_template::ClientTemplate,
};
use serde_json::json;

use crate::{
    cli::Cli,
    support::{
        relying_party::{CHALLENGE, RelyingParty, VERIFIER, assert_error, json},
        sso_setup::{ADA, SsoSetup},
        test_server::on_each_database,
    },
};

#[test]
fn a_code_gives_tokens_that_say_who_signed_in_and_how() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.signed_in_browser();
        let code = client.code(&mut browser, &[]);
        let response = client.redeem(&code, &[]);
        assert_eq!(response.header("cache-control"), Some("no-store"));
        let tokens = json(&response, 200);
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 3600);
        assert_eq!(tokens["scope"], "openid profile email");
        assert_eq!(tokens.get("refresh_token"), None, "nobody asked for one");
        let claims = client.verified(tokens["id_token"].as_str().unwrap(), "JWT");
        let now = client.now().timestamp();
        assert_eq!(claims["iss"], setup.server.origin);
        assert_eq!(claims["aud"], client.client_id);
        assert_eq!(claims["sub"], setup.ada.stable_id.as_str());
        assert_eq!(claims["nonce"], "a nonce");
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(now), &json!(now + 3600))
        );
        assert_eq!(claims["auth_time"], now);
        assert_eq!(claims["amr"], json!(["pwd"]));
        assert!(
            claims["acr"]
                .as_str()
                .unwrap()
                .ends_with(":PasswordProtectedTransport")
        );
        assert_eq!(claims["email"], ADA);
        assert_eq!(claims["email_verified"], false);
        assert_eq!(
            (&claims["given_name"], &claims["family_name"], &claims["name"]),
            (&json!("Ada"), &json!("Lovelace"), &json!("Ada Lovelace"))
        );
        let access_token = tokens["access_token"].as_str().unwrap();
        let info = json(&client.user_info(access_token), 200);
        assert_eq!((&info["sub"], &info["email"]), (&claims["sub"], &claims["email"]));
        let posted = client.send(
            "POST",
            "/oidc/userinfo",
            &[("Content-Type", "application/x-www-form-urlencoded")],
            &format!("access_token={access_token}"),
        );
        assert_eq!(json(&posted, 200), info);
    });
}

#[test]
fn scopes_decide_what_is_released_and_an_address_of_ours_is_verified() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["domain", "add", "fernweh.example"]);
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid email unknown");
        let claims = client.verified(tokens["id_token"].as_str().unwrap(), "JWT");
        assert_eq!(
            (&claims["email"], &claims["email_verified"]),
            (&json!(ADA), &json!(true))
        );
        assert_eq!(claims.get("name"), None);
        let plain = client.tokens(&mut browser, "email");
        assert_eq!(plain.get("id_token"), None, "this is OAuth alone");
        let info = client.user_info(plain["access_token"].as_str().unwrap());
        assert_eq!(info.status, 403);
        let challenge = "Bearer error=\"insufficient_scope\"";
        assert_eq!(info.header("www-authenticate"), Some(challenge));
        // ChatGPT's plugins asked with an empty scope.
        let code = client.code(&mut browser, &[("scope", ""), ("nonce", "")]);
        assert_eq!(client.redeem(&code, &[]).status, 200);
    });
}

#[test]
fn a_code_works_once_for_its_client_its_address_and_its_verifier() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let thief = RelyingParty::new(&setup.server, "Thief");
        let mut browser = setup.signed_in_browser();
        let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let code = client.code(&mut browser, &pkce);
        let verifier = [("code_verifier", VERIFIER)];
        assert_error(&thief.redeem(&code, &verifier), 400, "invalid_grant");
        assert_error(&client.redeem(&code, &[]), 400, "invalid_grant");
        assert_error(
            &client.redeem(&code, &[("code_verifier", CHALLENGE)]),
            400,
            "invalid_grant",
        );
        let elsewhere = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "https://rp.example/cb"),
            ("code_verifier", VERIFIER),
        ];
        assert_error(&client.post("/oidc/token", &elsewhere), 400, "invalid_grant");
        let tokens = json(&client.redeem(&code, &verifier), 200);
        let access_token = tokens["access_token"].as_str().unwrap();
        assert_eq!(client.user_info(access_token).status, 200);
        // A second time ends what the first gave.
        assert_error(&client.redeem(&code, &verifier), 400, "invalid_grant");
        assert_eq!(client.user_info(access_token).status, 401);
        // One that was asked for without a challenge takes no verifier.
        let plain = client.code(&mut browser, &[]);
        assert_error(&client.redeem(&plain, &verifier), 400, "invalid_grant");
        let late = client.code(&mut browser, &[]);
        setup.server.clock.advance(TimeDelta::seconds(60));
        assert_error(&client.redeem(&late, &[]), 400, "invalid_grant");
    });
}

#[test]
fn a_client_authenticates_in_either_way_and_a_wrong_secret_is_told_apart() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.signed_in_browser();
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let secret = client.secret.clone().unwrap();
        let body = |code: &str, secret: &str| {
            format!(
                "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Frp.example%2Fcb%3Ftenant%3D1&client_id={}&client_secret={secret}",
                client.client_id
            )
        };
        let code = client.code(&mut browser, &[]);
        let wrong = client.send("POST", "/oidc/token", &[form], &body(&code, "wrong"));
        assert_error(&wrong, 401, "invalid_client");
        assert_eq!(wrong.header("www-authenticate"), None);
        let right = client.send("POST", "/oidc/token", &[form], &body(&code, &secret));
        assert_eq!(right.status, 200, "{}", right.body);
        let basic = [form, ("Authorization", "Basic bm9ib2R5Ong=")];
        let wrong = client.send("POST", "/oidc/token", &basic, "grant_type=refresh_token");
        assert_error(&wrong, 401, "invalid_client");
        assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"clients\""));
        assert_error(
            &client.post("/oidc/token", &[("grant_type", "client_credentials")]),
            400,
            "unsupported_grant_type",
        );
        assert_error(&client.post("/oidc/token", &[]), 400, "invalid_request");
    });
}

#[test]
fn a_public_client_proves_itself_by_pkce_on_any_port() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::with(&setup.server, "Desk", |new| {
            new.client_type = ClientType::Public;
            new.redirect_uris
                .push(SpUrl::parse("http://127.0.0.1/cb").unwrap());
        });
        assert_eq!(client.secret, None);
        let mut browser = setup.signed_in_browser();
        assert_eq!(client.authorize(&mut browser, &[])["error"], "invalid_request");
        let pkce = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let code = client.code(&mut browser, &pkce);
        assert_eq!(client.redeem(&code, &[("code_verifier", VERIFIER)]).status, 200);
        let local = "http://127.0.0.1:51234/cb";
        let more = [pkce[0], pkce[1], ("redirect_uri", local)];
        let response = browser.get(&client.authorize_url(&more));
        assert!(
            response.location().starts_with(&format!("{local}?code=")),
            "{}",
            response.location()
        );
    });
}

#[test]
fn a_refresh_token_has_its_turn_a_grace_and_then_ends_all() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let thief = RelyingParty::new(&setup.server, "Thief");
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid email offline_access");
        let first = tokens["refresh_token"].as_str().unwrap().to_owned();
        assert_error(&thief.refresh(&first, &[]), 400, "invalid_grant");
        let refreshed = json(&client.refresh(&first, &[]), 200);
        let second = refreshed["refresh_token"].as_str().unwrap().to_owned();
        assert_ne!(first, second);
        let id_token = client.verified(refreshed["id_token"].as_str().unwrap(), "JWT");
        assert_eq!((&id_token["email"], id_token.get("nonce")), (&json!(ADA), None));
        // Two machines of one client refresh at the same moment.
        setup.server.clock.advance(TimeDelta::seconds(60));
        let repeated = json(&client.refresh(&first, &[]), 200);
        assert_eq!(repeated["refresh_token"], second.as_str());
        // An answer that was lost: the successor was never used.
        setup.server.clock.advance(TimeDelta::seconds(60));
        assert_eq!(
            json(&client.refresh(&first, &[]), 200)["refresh_token"],
            second.as_str()
        );
        let third = json(&client.refresh(&second, &[("scope", "openid")]), 200);
        assert_eq!(third["scope"], "openid");
        let narrowed = client.verified(third["id_token"].as_str().unwrap(), "JWT");
        assert_eq!(narrowed.get("email"), None);
        assert_error(
            &client.refresh(&second, &[("scope", "openid profile")]),
            400,
            "invalid_scope",
        );
        setup.server.clock.advance(TimeDelta::seconds(61));
        assert_error(&client.refresh(&first, &[]), 400, "invalid_grant");
        let last = third["refresh_token"].as_str().unwrap();
        assert_error(&client.refresh(last, &[]), 400, "invalid_grant");
        assert_eq!(
            client.user_info(third["access_token"].as_str().unwrap()).status,
            401
        );
    });
}

#[test]
fn a_refresh_token_outlives_the_session_and_not_the_right_to_the_application() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::with(&setup.server, "Action", |new| {
            new.template = ClientTemplate::GptAction;
        });
        let bound = RelyingParty::with(&setup.server, "Bound", |new| {
            new.refresh = Some(RefreshPolicy::Never);
        });
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let mut browser = setup.signed_in_browser();
        let held = client.tokens(&mut browser, "openid");
        let short = bound.tokens(&mut browser, "openid offline_access");
        assert_eq!(short.get("refresh_token"), None);
        cli.expect_success(&["session", "end", "--user", ADA]);
        assert_eq!(
            bound.user_info(short["access_token"].as_str().unwrap()).status,
            401
        );
        let held = json(&client.refresh(held["refresh_token"].as_str().unwrap(), &[]), 200);
        cli.expect_success(&["app", "access", "set", "action", "assigned"]);
        let refresh_token = held["refresh_token"].as_str().unwrap();
        assert_error(&client.refresh(refresh_token, &[]), 400, "invalid_grant");
        cli.expect_success(&["app", "access", "set", "action", "everyone"]);
        let held = json(&client.refresh(refresh_token, &[]), 200);
        cli.expect_success(&["user", "deactivate", ADA]);
        cli.expect_success(&["user", "enable", ADA]);
        let refresh_token = held["refresh_token"].as_str().unwrap();
        assert_error(&client.refresh(refresh_token, &[]), 400, "invalid_grant");
    });
}

#[test]
fn tokens_are_introspected_by_their_client_alone_and_can_be_revoked() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::with(&setup.server, "Chat", |new| {
            new.template = ClientTemplate::LibreChat;
        });
        let other = RelyingParty::new(&setup.server, "Other");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["group", "add", "staff"]);
        cli.expect_success(&["group", "add-member", "staff", ADA]);
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid email offline_access");
        let access_token = tokens["access_token"].as_str().unwrap();
        let claims = client.verified(access_token, "at+jwt");
        assert_eq!(claims["client_id"], client.client_id);
        assert_eq!(claims["groups"], json!(["staff"]));
        assert_eq!(claims.get("email"), None);
        let ask =
            |who: &RelyingParty<'_>| json(&who.post("/oidc/introspect", &[("token", access_token)]), 200);
        let found = ask(&client);
        assert_eq!((&found["active"], &found["sub"]), (&json!(true), &claims["sub"]));
        assert_eq!(found["scope"], "openid email offline_access");
        assert_eq!(ask(&other), json!({"active": false}));
        assert_eq!(other.post("/oidc/revoke", &[("token", access_token)]).status, 200);
        assert_eq!(
            ask(&client)["active"],
            true,
            "another client's revocation does nothing"
        );
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(
            client.post("/oidc/revoke", &[("token", refresh_token)]).status,
            200
        );
        assert_eq!(ask(&client), json!({"active": false}));
        assert_eq!(client.user_info(access_token).status, 401);
        assert_eq!(client.post("/oidc/revoke", &[("token", "unknown")]).status, 200);
        let nothing = client.send("GET", "/oidc/userinfo", &[], "");
        assert_eq!(
            (nothing.status, nothing.header("www-authenticate")),
            (401, Some("Bearer"))
        );
        // An ID token is no access token, and what a JWT is called by is none.
        let jti = claims["jti"].as_str().unwrap();
        assert_eq!(client.user_info(jti).status, 401);
        let id_token = tokens["id_token"].as_str().unwrap();
        assert_eq!(client.user_info(id_token).status, 401);
    });
}

#[test]
fn a_subject_is_the_stable_id_the_address_or_one_for_each_client() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let mut sub_of = |name: &str, kind| {
            let client = RelyingParty::with(&setup.server, name, |new| new.subject_type = Some(kind));
            let mut sub = || {
                let tokens = client.tokens(&mut browser, "openid");
                let claims = client.verified(tokens["id_token"].as_str().unwrap(), "JWT");
                claims["sub"].as_str().unwrap().to_owned()
            };
            let first = sub();
            assert_eq!(sub(), first);
            first
        };
        assert_eq!(sub_of("A", SubjectType::StableId), setup.ada.stable_id.as_str());
        assert_eq!(sub_of("B", SubjectType::Email), ADA);
        let (one, other) = (
            sub_of("C", SubjectType::Pairwise),
            sub_of("D", SubjectType::Pairwise),
        );
        assert_ne!(one, other);
        assert_ne!(one, setup.ada.stable_id.as_str());
    });
}

#[test]
fn a_new_password_ends_what_applications_hold() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid offline_access");
        let set = ["user", "set-password", ADA, "--password-stdin"];
        cli.expect_success_with_input(&set, "another long password");
        let refresh_token = tokens["refresh_token"].as_str().unwrap();
        assert_error(&client.refresh(refresh_token, &[]), 400, "invalid_grant");
    });
}

#[test]
fn an_answer_that_was_lost_is_given_again_once_in_the_life_of_a_grant() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid offline_access");
        let next = |token: &str| {
            let refreshed = json(&client.refresh(token, &[]), 200);
            refreshed["refresh_token"].as_str().unwrap().to_owned()
        };
        let later = || setup.server.clock.advance(TimeDelta::minutes(2));
        let first = tokens["refresh_token"].as_str().unwrap();
        let second = next(first);
        later();
        assert_eq!(next(first), second);
        let third = next(&second);
        later();
        // A thief and the client cannot take turns.
        assert_error(&client.refresh(&second, &[]), 400, "invalid_grant");
        assert_error(&client.refresh(&third, &[]), 400, "invalid_grant");
    });
}
