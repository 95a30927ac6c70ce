//! A client of OpenID Connect: it asks for codes, redeems them, and verifies tokens by what the provider publishes.

use std::collections::BTreeMap;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, Utc};
use hallpass::{
    model::{
        actor::Actor,
        application::{ApplicationAccess, ClientType, SpUrl},
        client_template::ClientTemplate,
    },
    provider::applications::register_client::{NewClient, RegisterClientOutcome},
};
use openssl::{bn::BigNum, hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Verifier};
use serde_json::Value;

use crate::support::{
    browser::Browser,
    http::{self, Response},
    test_server::TestServer,
};

pub(crate) const REDIRECT_URI: &str = "https://rp.example/cb?tenant=1";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct RelyingParty<'s> {
    pub(crate) server: &'s TestServer,
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
}

impl<'s> RelyingParty<'s> {
    /// A confidential client that is open to everyone.
    pub(crate) fn new(server: &'s TestServer, name: &str) -> Self {
        Self::with(server, name, |_new| {})
    }

    pub(crate) fn with(server: &'s TestServer, name: &str, change: impl FnOnce(&mut NewClient)) -> Self {
        let mut new = NewClient {
            template: ClientTemplate::Generic,
            name: Some(name.to_owned()),
            slug: None,
            tile_url: None,
            access: ApplicationAccess::Everyone,
            client_type: ClientType::Confidential,
            redirect_uris: vec![SpUrl::parse(REDIRECT_URI).unwrap()],
            subject_type: None,
            refresh: None,
        };
        change(&mut new);
        let outcome = server
            .provider
            .applications(&Actor::Itself)
            .register_client(new)
            .unwrap()
            .unwrap();
        let RegisterClientOutcome::Done { application, secret } = outcome else {
            panic!("{outcome:?}");
        };
        Self {
            server,
            client_id: application.client_id().unwrap().to_string(),
            secret: secret.map(|secret| secret.expose().to_owned()),
        }
    }

    /// A client that a command has added, without its secret.
    pub(crate) fn known(server: &'s TestServer, client_id: &str) -> Self {
        Self {
            server,
            client_id: client_id.to_owned(),
            secret: None,
        }
    }

    /// An authorization request with a state and a nonce; an empty value takes a parameter away.
    pub(crate) fn authorize_url(&self, more: &[(&str, &str)]) -> String {
        let mut parameters = BTreeMap::from([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile email"),
            ("state", "a state & more"),
            ("nonce", "a nonce"),
        ]);
        parameters.extend(more.iter().copied());
        parameters.retain(|_name, value| !value.is_empty());
        let fields: Vec<(&str, &str)> = parameters.into_iter().collect();
        format!("/oidc/authorize?{}", http::form_body(&fields))
    }

    /// What the browser, which is signed in, brings back.
    pub(crate) fn authorize(&self, browser: &mut Browser, more: &[(&str, &str)]) -> BTreeMap<String, String> {
        let response = browser.get_following_redirects(&self.authorize_url(more));
        brought_back(&response)
    }

    pub(crate) fn code(&self, browser: &mut Browser, more: &[(&str, &str)]) -> String {
        let back = self.authorize(browser, more);
        back.get("code")
            .unwrap_or_else(|| panic!("no code: {back:?}"))
            .clone()
    }

    /// Posts to an endpoint, authenticated by Basic if the client has a secret.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let Some(secret) = &self.secret else {
            let mut fields = fields.to_vec();
            fields.push(("client_id", &self.client_id));
            return self.send("POST", path, &[form], &http::form_body(&fields));
        };
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{secret}", self.client_id))
        );
        let headers = [form, ("Authorization", basic.as_str())];
        self.send("POST", path, &headers, &http::form_body(fields))
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let host = self.server.origin.split_once("://").unwrap().1.to_owned();
        let mut all = vec![("Host", host.as_str())];
        all.extend_from_slice(headers);
        http::request(self.server.address, method, path, &all, body)
    }

    pub(crate) fn redeem(&self, code: &str, more: &[(&str, &str)]) -> Response {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
        ];
        fields.extend_from_slice(more);
        self.post("/oidc/token", &fields)
    }

    pub(crate) fn refresh(&self, token: &str, more: &[(&str, &str)]) -> Response {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        fields.extend_from_slice(more);
        self.post("/oidc/token", &fields)
    }

    /// The tokens of a sign-in.
    pub(crate) fn tokens(&self, browser: &mut Browser, scope: &str) -> Value {
        let code = self.code(browser, &[("scope", scope)]);
        json(&self.redeem(&code, &[]), 200)
    }

    pub(crate) fn user_info(&self, access_token: &str) -> Response {
        let bearer = format!("Bearer {access_token}");
        self.send("GET", "/oidc/userinfo", &[("Authorization", &bearer)], "")
    }

    /// The claims of a token whose signature the published keys verify.
    pub(crate) fn verified(&self, token: &str, typ: &str) -> Value {
        self.server.provider.refresh_snapshot().unwrap();
        let jwks = json(&self.send("GET", "/oidc/jwks", &[], ""), 200);
        verified(token, typ, &jwks)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        hallpass::clock::Clock::now(&self.server.clock)
    }
}

/// The parameters that a response takes to the redirect URI: in a redirect, or on the page that follows a form.
pub(crate) fn brought_back(response: &Response) -> BTreeMap<String, String> {
    let url = if response.status == 303 {
        response.location().to_owned()
    } else {
        let tag = response
            .body
            .split_once("http-equiv=\"refresh\" content=\"0; url=")
            .unwrap_or_else(|| panic!("nothing goes back: {} {}", response.status, response.body));
        http::unescape(tag.1.split_once('"').unwrap().0)
    };
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, "https://rp.example/cb");
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// The JSON of a response with this status.
#[track_caller]
pub(crate) fn json(response: &Response, status: u16) -> Value {
    assert_eq!(response.status, status, "{}", response.body);
    assert_eq!(response.header("content-type"), Some("application/json"));
    serde_json::from_str(&response.body).unwrap()
}

#[track_caller]
pub(crate) fn assert_error(response: &Response, status: u16, error: &str) {
    let body = json(response, status);
    assert_eq!(body["error"], error, "{body}");
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

fn verified(token: &str, typ: &str, jwks: &Value) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    let part = |at: usize| URL_SAFE_NO_PAD.decode(parts[at]).unwrap();
    let header: Value = serde_json::from_slice(&part(0)).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&"RS256".into(), &typ.into()));
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert_eq!((&key["use"], &key["alg"]), (&"sig".into(), &"RS256".into()));
    let number = |name: &str| {
        let octets = URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        BigNum::from_slice(&octets).unwrap()
    };
    let rsa = Rsa::from_public_components(number("n"), number("e")).unwrap();
    let public = PKey::from_rsa(rsa).unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &public).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    assert!(verifier.verify_oneshot(&part(2), signed.as_bytes()).unwrap());
    serde_json::from_slice(&part(1)).unwrap()
}
