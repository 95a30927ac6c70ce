//! What is published, and the keys that come and go by themselves.

use chrono::TimeDelta;
use serde_json::{Value, json as value};

use crate::support::{
    relying_party::{RelyingParty, json},
    sso_setup::SsoSetup,
    test_server::on_each_database,
};

fn kids(client: &RelyingParty<'_>) -> Vec<Value> {
    let set = json(&client.send("GET", "/oidc/jwks", &[], ""), 200);
    set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].clone())
        .collect()
}

#[test]
fn one_document_stands_at_both_addresses_and_names_one_issuer() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        // A timer looks for what commands have changed.
        setup.server.provider.refresh_snapshot().unwrap();
        let at = |path: &str| client.send("GET", path, &[], "");
        let document = at("/.well-known/openid-configuration");
        assert_eq!(document.body, at("/.well-known/oauth-authorization-server").body);
        assert_eq!(document.header("access-control-allow-origin"), Some("*"));
        let read = json(&document, 200);
        assert_eq!(read["issuer"], setup.server.origin);
        assert_eq!(read["code_challenge_methods_supported"], value!(["S256"]));
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
        ] {
            let url = read[name].as_str().unwrap();
            assert!(url.starts_with(&setup.server.origin), "{name}: {url}");
        }
        assert_eq!(kids(&client).len(), 2);
        let etag = document.header("etag").unwrap();
        let again = client.send(
            "GET",
            "/.well-known/openid-configuration",
            &[("If-None-Match", etag)],
            "",
        );
        assert_eq!(again.status, 304);
    });
}

#[test]
fn the_next_key_is_published_before_it_signs_and_the_last_one_afterwards() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let client = RelyingParty::new(&setup.server, "Tasks");
        let provider = &setup.server.provider;
        let pass = |days: i64| {
            setup.server.clock.advance(TimeDelta::days(days));
            provider.run_housekeeping().unwrap();
            provider.refresh_snapshot().unwrap();
        };
        provider.refresh_snapshot().unwrap();
        let first = kids(&client);
        let token = {
            let mut browser = setup.signed_in_browser();
            client.tokens(&mut browser, "openid")["id_token"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        pass(84);
        let prepared = kids(&client);
        assert_eq!(prepared.len(), 4, "both algorithms have the next one");
        client.verified(&token, "JWT");
        pass(6);
        assert_eq!(kids(&client).len(), 4);
        let mut browser = setup.signed_in_browser();
        let tokens = client.tokens(&mut browser, "openid");
        client.verified(tokens["id_token"].as_str().unwrap(), "JWT");
        assert_ne!(
            header(&token)["kid"],
            header(tokens["id_token"].as_str().unwrap())["kid"]
        );
        client.verified(&token, "JWT");
        pass(30);
        let later = kids(&client);
        assert_eq!(later.len(), 2);
        assert!(first.iter().all(|kid| !later.contains(kid)));
    });
}

fn header(token: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = token.split_once('.').unwrap().0;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}
