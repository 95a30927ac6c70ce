//! What tokens and UserInfo say (OpenID Connect Core, 2 and 5; rfc9068).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::model::{
    attribute::{AttributeRule, AttributeSource},
    grant::{Grant, Words, scope},
    hash::sha256,
};

/// A claim of a user, with the rule that it comes from.
#[derive(Clone, Debug)]
pub struct UserClaim<'r> {
    pub rule: &'r AttributeRule,
    /// At least one.
    pub values: Vec<String>,
}

/// What a token is made of, besides the claims of its user.
#[derive(Clone, Copy, Debug)]
pub struct TokenContext<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub sub: &'a str,
    /// What the client calls the session; none, if that is long over.
    pub sid: Option<&'a str>,
    pub grant: &'a Grant,
    pub now: DateTime<Utc>,
}

/// Where claims are released.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// The ID token: whether it holds what the scopes ask for, and not only what was named.
    IdToken {
        by_scope: bool,
    },
    UserInfo,
}

/// How long an ID token is good.
pub const ID_TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// How long an access token for UserInfo is good.
pub const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// How long one for a resource is good: whoever receives a JWT asks nobody whether it still counts.
pub const RESOURCE_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The claims of a user that a client is given: those of its scopes, those that it named, and those that no scope is
/// about.
pub fn released(
    claims: &[UserClaim<'_>],
    is_email_verified: bool,
    grant: &Grant,
    place: Place,
) -> Map<String, Value> {
    let (named, by_scope) = match place {
        Place::IdToken { by_scope } => (&grant.id_token_claims, by_scope),
        Place::UserInfo => (&grant.userinfo_claims, true),
    };
    let mut released = Map::new();
    for claim in claims {
        let name = claim.rule.name.as_str();
        let is_released = by_scope && is_in_scope(name, &grant.scope);
        if !is_released && !named.contains(name) {
            continue;
        }
        released.insert(name.to_owned(), value(claim));
        if name == "email" && claim.rule.source == AttributeSource::Email {
            released.insert("email_verified".to_owned(), Value::Bool(is_email_verified));
        }
    }
    released
}

/// What an access token that is a JWT says of its user: what decides about rights, such as groups, and neither name nor
/// address, which a resource has no need of (rfc9068, 6).
pub fn released_to_resource(claims: &[UserClaim<'_>], scope: &Words) -> Map<String, Value> {
    claims
        .iter()
        .filter(|claim| {
            let name = claim.rule.name.as_str();
            scope_of(name) == scope::OPENID && is_in_scope(name, scope)
        })
        .map(|claim| (claim.rule.name.clone(), value(claim)))
        .collect()
}

/// Whether a scope of the request asks for a claim (OpenID Connect Core, 5.4).
fn is_in_scope(name: &str, requested: &Words) -> bool {
    requested.contains(scope_of(name))
}

fn scope_of(name: &str) -> &'static str {
    match name {
        "name" | "family_name" | "given_name" | "middle_name" | "nickname" | "preferred_username"
        | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale"
        | "updated_at" => scope::PROFILE,
        "email" => scope::EMAIL,
        // Clients that read groups seldom know a scope for them: the administrator who added the claim has decided.
        _ => scope::OPENID,
    }
}

/// Groups are a list, however many there are: clients tell people apart by it.
fn value(claim: &UserClaim<'_>) -> Value {
    let is_list = matches!(claim.rule.source, AttributeSource::Groups(_)) && claim.rule.join.is_none();
    match claim.values.as_slice() {
        [one] if !is_list => Value::String(one.clone()),
        values => json!(values),
    }
}

/// The claims of an ID token (OpenID Connect Core, 2).
pub fn id_token(
    context: &TokenContext<'_>,
    user: &Map<String, Value>,
    nonce: Option<&str>,
    access_token: &str,
) -> Map<String, Value> {
    let grant = context.grant;
    let amr: Vec<&str> = grant.amr.iter().collect();
    let mut claims = user.clone();
    let own = json!({
        "iss": context.issuer,
        "sub": context.sub,
        "aud": context.client_id,
        "exp": (context.now + ID_TOKEN_LIFETIME).timestamp(),
        "iat": context.now.timestamp(),
        "auth_time": grant.auth_time.timestamp(),
        "acr": grant.acr,
        "amr": amr,
        "at_hash": at_hash(access_token),
    });
    claims.extend(object(own));
    if let Some(sid) = context.sid {
        claims.insert("sid".to_owned(), Value::String(sid.to_owned()));
    }
    if let Some(nonce) = nonce {
        claims.insert("nonce".to_owned(), Value::String(nonce.to_owned()));
    }
    claims
}

/// The claims of an access token that is a JWT (rfc9068, 2.2), whose `jti` is found as an opaque token is.
pub fn access_token(
    context: &TokenContext<'_>,
    user: &Map<String, Value>,
    scope: &Words,
    audience: &Words,
    jti: &str,
    lifetime: TimeDelta,
) -> Map<String, Value> {
    let audiences: Vec<&str> = audience.iter().collect();
    let audience = match audiences.as_slice() {
        [] => json!(context.issuer),
        [one] => json!(one),
        several => json!(several),
    };
    let mut claims = user.clone();
    let own = json!({
        "iss": context.issuer,
        "sub": context.sub,
        "aud": audience,
        "client_id": context.client_id,
        "scope": scope.to_string(),
        "exp": (context.now + lifetime).timestamp(),
        "iat": context.now.timestamp(),
        "auth_time": context.grant.auth_time.timestamp(),
        "acr": context.grant.acr,
        "jti": jti,
    });
    claims.extend(object(own));
    claims
}

/// What UserInfo answers (OpenID Connect Core, 5.3.2).
pub fn user_info(sub: &str, mut user: Map<String, Value>) -> Map<String, Value> {
    user.insert("sub".to_owned(), Value::String(sub.to_owned()));
    user
}

/// Writes claims as JSON.
pub fn to_text(claims: &Map<String, Value>) -> String {
    serde_json::to_string(claims).unwrap_or_default()
}

/// The left half of the hash of an access token (OpenID Connect Core, 3.1.3.6).
fn at_hash(access_token: &str) -> String {
    let hash = sha256(access_token);
    let (half, _rest) = hash.split_at(hash.len() / 2);
    URL_SAFE_NO_PAD.encode(half)
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value {
        return map;
    }
    Map::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        group::GroupFilter,
        id::{ApplicationId, GrantId, SessionId, UserId},
    };

    fn grant(scope: &str) -> Grant {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Grant {
            id: GrantId::new(now, [1; 10]),
            application: ApplicationId::new(now, [2; 10]),
            user: UserId::new(now, [3; 10]),
            session: SessionId::new(now, [4; 10]),
            outlives_session: false,
            scope: Words::parse(scope),
            resource: Words::default(),
            id_token_claims: Words::parse("email"),
            userinfo_claims: Words::parse("name"),
            acr: "acr".to_owned(),
            amr: Words::parse("pwd otp"),
            auth_time: now,
            created_at: now,
            expires_at: now,
            ended_at: None,
            recovered_at: None,
        }
    }

    fn names(claims: &Map<String, Value>) -> Vec<&str> {
        claims.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_claim_is_released_by_its_scope_or_by_name() {
        let rules = [
            AttributeRule::required("email", AttributeSource::Email),
            AttributeRule::required("name", AttributeSource::FullName),
            AttributeRule::optional("groups", AttributeSource::Groups(GroupFilter::All)),
            AttributeRule::optional("team", AttributeSource::Own("team".to_owned())),
        ];
        let claims: Vec<UserClaim<'_>> = rules
            .iter()
            .map(|rule| UserClaim {
                rule,
                values: vec![format!("a {}", rule.name)],
            })
            .collect();
        let of = |scope: &str, place| released(&claims, true, &grant(scope), place);
        let all = of("openid profile email", Place::IdToken { by_scope: true });
        assert_eq!(
            names(&all),
            ["email", "email_verified", "groups", "name", "team"],
            "{all:?}"
        );
        assert_eq!(all["groups"], json!(["a groups"]));
        assert_eq!(all["team"], json!("a team"));
        assert_eq!(names(&of("openid", Place::UserInfo)), ["groups", "name", "team"]);
        let to_resource = released_to_resource(&claims, &Words::parse("openid profile email"));
        assert_eq!(names(&to_resource), ["groups", "team"]);
        assert_eq!(
            names(&of("openid profile email", Place::IdToken { by_scope: false })),
            ["email", "email_verified"]
        );
    }

    #[test]
    fn a_claim_of_the_user_never_replaces_one_of_the_token() {
        let user =
            object(json!({"iss": "evil", "sub": "evil", "aud": "evil", "exp": 1, "email": "a@b.example"}));
        let grant = grant("openid");
        let context = TokenContext {
            issuer: "https://login.example.com",
            client_id: "c1",
            sub: "S-1",
            sid: Some("_1"),
            grant: &grant,
            now: grant.created_at,
        };
        let id_token = id_token(&context, &user, Some("n"), "token");
        assert_eq!(id_token["iss"], "https://login.example.com");
        assert_eq!(id_token["sub"], "S-1");
        assert_eq!(id_token["aud"], "c1");
        assert_eq!(id_token["nonce"], "n");
        assert_eq!(id_token["amr"], json!(["pwd", "otp"]));
        assert_eq!(id_token["exp"], 1_800_003_600);
        assert_eq!(id_token["email"], "a@b.example");
        let lifetime = RESOURCE_TOKEN_LIFETIME;
        let scope = Words::parse("email");
        let resource = Words::parse("https://mcp.example/");
        let token = access_token(&context, &user, &scope, &resource, "j", lifetime);
        assert_eq!(token["aud"], "https://mcp.example/");
        assert_eq!(token["exp"], 1_800_000_600);
        assert_eq!(token["scope"], "email");
        let own = access_token(&context, &user, &scope, &Words::default(), "j", lifetime);
        assert_eq!(own["aud"], "https://login.example.com");
        assert_eq!(user_info("S-1", user)["sub"], "S-1");
    }

    /// The left half of SHA-256, as OpenID Connect Core, 3.1.3.6, says it.
    #[test]
    fn at_hash_is_half_of_the_hash() {
        let hash = sha256("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        assert_eq!(
            at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            URL_SAFE_NO_PAD.encode(&hash[..16])
        );
        assert_eq!(at_hash("x").len(), 22);
    }
}
