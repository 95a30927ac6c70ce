//! What clients read about this provider (OpenID Connect Discovery, 3; rfc8414), and the keys that verify its tokens.

use serde_json::{Map, Value, json};

use crate::{
    crypto::jose::PublicJwk,
    model::{
        authn_context::AuthnContextClass, endpoint::OidcEndpoints, grant::scope, oidc_key::JwsAlgorithm,
    },
};

/// The metadata document, the same at both of its addresses.
pub fn metadata(issuer: &str, endpoints: &OidcEndpoints) -> String {
    let acr_values: Vec<&str> = [
        AuthnContextClass::PasswordProtectedTransport,
        AuthnContextClass::TimeSyncToken,
        AuthnContextClass::RefedsMfa,
    ]
    .into_iter()
    .map(AuthnContextClass::uri)
    .collect();
    let authentication = ["client_secret_basic", "client_secret_post", "none"];
    let authentication_of_resources = ["client_secret_basic", "client_secret_post"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "userinfo_endpoint": endpoints.userinfo,
        "jwks_uri": endpoints.jwks,
        "revocation_endpoint": endpoints.revocation,
        "introspection_endpoint": endpoints.introspection,
        "scopes_supported": scope::SUPPORTED,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": JwsAlgorithm::ALL.map(JwsAlgorithm::name),
        "token_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "introspection_endpoint_auth_methods_supported": authentication_of_resources,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "acr_values_supported": acr_values,
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
            "email", "email_verified", "name", "given_name", "family_name", "preferred_username", "groups"
        ],
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "ui_locales_supported": ["en", "de", "fr", "es", "ja", "ar"],
    })
    .to_string()
}

/// The key set (rfc7517, 5).
pub fn jwks(keys: &[PublicJwk]) -> String {
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| {
            let mut members: Map<String, Value> = key
                .members()
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
                .collect();
            for (name, value) in [
                ("use", "sig"),
                ("alg", key.algorithm.name()),
                ("kid", key.kid.as_str()),
            ] {
                members.insert(name.to_owned(), Value::String(value.to_owned()));
            }
            Value::Object(members)
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::jose,
        model::endpoint::{BaseUrl, Endpoints},
    };

    #[test]
    fn the_document_says_what_clients_insist_on() {
        let endpoints = Endpoints::new(BaseUrl::parse("https://login.example.com").unwrap());
        let document: Value =
            serde_json::from_str(&metadata("https://login.example.com", &endpoints.oidc)).unwrap();
        assert_eq!(document["issuer"], "https://login.example.com");
        assert_eq!(document["token_endpoint"], "https://login.example.com/oidc/token");
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert_eq!(document["request_uri_parameter_supported"], false);
    }

    #[test]
    fn a_key_is_published_without_its_private_half() {
        let keys = JwsAlgorithm::ALL.map(|algorithm| {
            PublicJwk::from_spki(algorithm, &jose::generate(algorithm).unwrap().public).unwrap()
        });
        let set: Value = serde_json::from_str(&jwks(&keys)).unwrap();
        let names = |at: usize| {
            let key = set["keys"][at].as_object().unwrap();
            key.keys().map(String::as_str).collect::<Vec<_>>()
        };
        assert_eq!(names(0), ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(names(1), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
}
