//! Reading an authorization request (rfc6749, 4.1.1; OpenID Connect Core, 3.1.2.1).

use chrono::TimeDelta;
use serde_json::{Map, Value};

use crate::{
    model::{
        application::ClientId,
        authn_context::{AuthnContextClass, Comparison, RequestedAuthnContext},
        grant::{Words, scope},
        sign_in::ResponseMode,
        user::Email,
    },
    oidc::{
        parameters::{Parameters, Repeated},
        pkce,
        refusal::Refusal,
    },
};

/// The longest values that are kept while the person signs in, in bytes: they travel in a URL.
const MAX_STATE: usize = 2048;
const MAX_NONCE: usize = 512;
pub(super) const MAX_SCOPE: usize = 1024;
const MAX_PROMPT: usize = 64;
const MAX_CLAIMS: usize = 4096;
/// How many claims a request may name one by one, in each place.
const MAX_NAMED_CLAIMS: usize = 32;
const MAX_RESOURCES: usize = 4;
const MAX_RESOURCE: usize = 512;
/// An ID token with many groups in it.
const MAX_HINT: usize = 8192;

/// Who asks, and where the answer is wanted: until both are known to belong together, nothing is sent anywhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Requester {
    pub client_id: ClientId,
    /// As the request has it; [`Client::permits_redirect_to`](crate::model::application::Client::permits_redirect_to)
    /// decides about it. None where the request has none.
    pub redirect_uri: Option<String>,
    pub response_mode: ResponseMode,
    /// Opaque to us, returned unchanged with every answer, errors too.
    pub state: Option<String>,
}

/// What is asked for, once the requester is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationRequest {
    pub nonce: Option<String>,
    /// Of the method S256.
    pub code_challenge: Option<String>,
    /// Only what is known here: unknown words are dropped (OpenID Connect Core, 3.1.2.1).
    pub scope: Words,
    pub resource: Words,
    pub id_token_claims: Words,
    pub userinfo_claims: Words,
    /// `prompt` holds `login` or `select_account`: the sign-in form is shown whoever is signed in.
    pub force_authn: bool,
    /// `prompt` is `none`.
    pub is_passive: bool,
    pub max_age: Option<TimeDelta>,
    pub authn_context: Option<RequestedAuthnContext>,
    /// `acr_values` are a preference; an essential `acr` in `claims` is a demand (OpenID Connect Core, 5.5.1.1).
    pub authn_context_is_voluntary: bool,
    /// An ID token of ours, unverified.
    pub id_token_hint: Option<String>,
    /// The `sub` that `claims` demands.
    pub subject: Option<String>,
    /// One that is no e-mail address is ignored.
    pub login_hint: Option<Email>,
}

/// Reads who asks, and where the answer is wanted.
pub fn requester(parameters: &Parameters) -> Result<Requester, Refusal> {
    let get = |name| {
        parameters
            .get(name)
            .map_err(|Repeated(name)| Refusal::Unreadable(format!("`{name}` stands in it twice")))
    };
    let client_id = get("client_id")?.and_then(|text| ClientId::parse(text).ok());
    let client_id = client_id.ok_or(Refusal::UnknownClient)?;
    let state = get("state")?;
    if state.is_some_and(|state| state.len() > MAX_STATE) {
        return Err(Refusal::Unreadable(format!(
            "`state` has more than {MAX_STATE} bytes"
        )));
    }
    let response_mode = get("response_mode")?.map_or(Some(ResponseMode::Query), ResponseMode::from_name);
    Ok(Requester {
        client_id,
        redirect_uri: get("redirect_uri")?.map(str::to_owned),
        // Of one that is not supported the client is told in the usual one.
        response_mode: response_mode.unwrap_or(ResponseMode::Query),
        state: state.map(str::to_owned),
    })
}

/// Reads the rest. `is_public` says that the client cannot keep a secret.
pub fn read(parameters: &Parameters, is_public: bool) -> Result<AuthorizationRequest, Refusal> {
    for (name, refusal) in [
        ("request", Refusal::RequestObject),
        ("request_uri", Refusal::RequestUri),
        ("registration", Refusal::Registration),
    ] {
        if parameters.all(name).next().is_some() {
            return Err(refusal);
        }
    }
    match parameters.get("response_type")? {
        Some("code") => {}
        Some(_) => return Err(Refusal::ResponseType),
        None => return Err(invalid("`response_type` is missing")),
    }
    if let Some(mode) = parameters.get("response_mode")?
        && ResponseMode::from_name(mode).is_none()
    {
        return Err(invalid("`response_mode` is neither `query` nor `form_post`"));
    }
    let prompt = Words::parse(bounded(parameters, "prompt", MAX_PROMPT)?.unwrap_or_default());
    if prompt.contains("none") && prompt.iter().count() > 1 {
        return Err(invalid("`prompt` says `none` and something else"));
    }
    let claims = claims(bounded(parameters, "claims", MAX_CLAIMS)?)?;
    let (acr_values, is_essential) = match claims.essential_acr {
        Some(values) => (values, true),
        None => (
            Words::parse(bounded(parameters, "acr_values", MAX_SCOPE)?.unwrap_or_default()),
            false,
        ),
    };
    let requested = Words::parse(bounded(parameters, "scope", MAX_SCOPE)?.unwrap_or_default());
    Ok(AuthorizationRequest {
        nonce: bounded(parameters, "nonce", MAX_NONCE)?.map(str::to_owned),
        code_challenge: code_challenge(parameters, is_public)?,
        scope: known_scopes(&requested),
        resource: resources(parameters)?,
        id_token_claims: claims.id_token,
        userinfo_claims: claims.userinfo,
        force_authn: prompt.contains("login") || prompt.contains("select_account"),
        is_passive: prompt.contains("none"),
        max_age: max_age(parameters)?,
        authn_context: authn_context(&acr_values, is_essential),
        authn_context_is_voluntary: !is_essential,
        id_token_hint: bounded(parameters, "id_token_hint", MAX_HINT)?.map(str::to_owned),
        subject: claims.subject,
        login_hint: parameters
            .get("login_hint")?
            .and_then(|text| Email::parse(text).ok()),
    })
}

/// The scopes that mean something here; the others are dropped.
pub(super) fn known_scopes(requested: &Words) -> Words {
    let is_known =
        |word: &&str| scope::SUPPORTED.contains(word) || [scope::ADDRESS, scope::PHONE].contains(word);
    requested.iter().filter(is_known).collect()
}

/// The resources that a request names (rfc8707, 2): absolute URIs without a fragment, kept byte for byte.
pub fn resources(parameters: &Parameters) -> Result<Words, Refusal> {
    let named: Words = parameters.all("resource").collect();
    if named.iter().count() > MAX_RESOURCES {
        return Err(invalid("more resources than four"));
    }
    for resource in named.iter() {
        let is_uri = url::Url::parse(resource).is_ok_and(|url| url.fragment().is_none());
        if !is_uri || resource.len() > MAX_RESOURCE || resource.contains(char::is_whitespace) {
            return Err(Refusal::Target(resource.chars().take(80).collect()));
        }
    }
    Ok(named)
}

fn invalid(why: &str) -> Refusal {
    Refusal::Invalid(why.to_owned())
}

fn bounded<'p>(
    parameters: &'p Parameters,
    name: &'static str,
    max: usize,
) -> Result<Option<&'p str>, Refusal> {
    let value = parameters.get(name)?;
    if value.is_some_and(|value| value.len() > max) {
        return Err(Refusal::Invalid(format!("`{name}` has more than {max} bytes")));
    }
    Ok(value)
}

fn code_challenge(parameters: &Parameters, is_public: bool) -> Result<Option<String>, Refusal> {
    let method = parameters.get("code_challenge_method")?;
    match (parameters.get("code_challenge")?, method) {
        (Some(challenge), Some("S256")) if pkce::is_challenge(challenge) => Ok(Some(challenge.to_owned())),
        (Some(_), Some("S256")) => Err(invalid("`code_challenge` is not what S256 makes")),
        // Without a method it would be `plain` (rfc7636, 4.3), which proves nothing to whoever reads the request.
        (Some(_), _) => Err(invalid("`code_challenge_method` is not `S256`")),
        (None, Some(_)) => Err(invalid(
            "there is a `code_challenge_method` without a `code_challenge`",
        )),
        (None, None) if is_public => Err(invalid(
            "`code_challenge` is missing, and this client has no secret",
        )),
        (None, None) => Ok(None),
    }
}

fn max_age(parameters: &Parameters) -> Result<Option<TimeDelta>, Refusal> {
    let Some(text) = parameters.get("max_age")? else {
        return Ok(None);
    };
    // Longer than any session lasts is as good as none.
    match text.parse::<u32>() {
        Ok(seconds) => Ok(Some(TimeDelta::seconds(seconds.into()))),
        Err(_) => Err(invalid("`max_age` is no number of seconds")),
    }
}

/// The classes that are known; of a preference, the others are dropped.
fn authn_context(values: &Words, is_essential: bool) -> Option<RequestedAuthnContext> {
    let classes: Vec<_> = values
        .iter()
        .map(AuthnContextClass::from_uri)
        .filter(|class| is_essential || *class != AuthnContextClass::Unknown)
        .collect();
    (!classes.is_empty()).then(|| RequestedAuthnContext::new(Comparison::Exact, classes))
}

/// What the parameter `claims` asks for.
#[derive(Debug, Default)]
struct RequestedClaims {
    id_token: Words,
    userinfo: Words,
    /// The values of an `acr` that must be one of them.
    essential_acr: Option<Words>,
    subject: Option<String>,
}

/// Reads the parameter `claims` (OpenID Connect Core, 5.5).
fn claims(text: Option<&str>) -> Result<RequestedClaims, Refusal> {
    let Some(text) = text else {
        return Ok(RequestedClaims::default());
    };
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return Err(invalid("`claims` is no JSON object"));
    };
    let member = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(member)) => Ok(member.clone()),
        Some(_) => Err(invalid("a member of `claims` is no JSON object")),
    };
    let (id_token, userinfo) = (member("id_token")?, member("userinfo")?);
    let names = |member: &Map<String, Value>| -> Result<Words, Refusal> {
        if member.len() > MAX_NAMED_CLAIMS || member.keys().any(|name| name.contains(' ')) {
            return Err(invalid("`claims` names more than 32 claims, or one with a space"));
        }
        Ok(member.keys().map(String::as_str).collect())
    };
    let essential_acr = id_token
        .get("acr")
        .filter(|acr| acr.get("essential") == Some(&Value::Bool(true)));
    Ok(RequestedClaims {
        id_token: names(&id_token)?,
        userinfo: names(&userinfo)?,
        essential_acr: essential_acr
            .map(demanded_values)
            .filter(|values| !values.is_empty()),
        subject: id_token
            .get("sub")
            .and_then(|sub| sub.get("value"))
            .and_then(Value::as_str)
            .map(str::to_owned),
    })
}

/// `value` or `values` of a claim.
fn demanded_values(claim: &Value) -> Words {
    let several = claim.get("values").and_then(Value::as_array);
    let one = claim.get("value");
    several
        .into_iter()
        .flatten()
        .chain(one)
        .filter_map(Value::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read_query(query: &str) -> Result<AuthorizationRequest, Refusal> {
        read(&Parameters::parse(query.as_bytes()).unwrap(), false)
    }

    fn ok(query: &str) -> AuthorizationRequest {
        read_query(&format!("response_type=code&{query}")).unwrap()
    }

    #[test]
    fn an_unknown_parameter_or_scope_is_ignored() {
        let read = ok(
            "client_id=c&redirect_uri=x&scope=openid%20email%20read:all%20openid&display=popup&ui_locales=de&audience=x&nonce=n",
        );
        assert_eq!(read.scope.to_string(), "openid email");
        assert_eq!(read.nonce.as_deref(), Some("n"));
        assert!(!read.force_authn && !read.is_passive);
        assert_eq!(ok("").scope, Words::default());
        assert_eq!(ok("scope=").scope, Words::default());
    }

    #[test]
    fn what_is_not_supported_has_an_error_of_its_own() {
        for (query, error) in [
            ("response_type=code&request=x", "request_not_supported"),
            ("response_type=code&request_uri=x", "request_uri_not_supported"),
            ("response_type=code&registration=x", "registration_not_supported"),
            ("response_type=token", "unsupported_response_type"),
            ("response_type=code%20id_token", "unsupported_response_type"),
            ("", "invalid_request"),
            ("response_type=code&response_mode=fragment", "invalid_request"),
            ("response_type=code&prompt=none%20login", "invalid_request"),
            ("response_type=code&max_age=-1", "invalid_request"),
            ("response_type=code&scope=openid&scope=email", "invalid_request"),
            ("response_type=code&claims=%5B%5D", "invalid_request"),
            ("response_type=code&resource=no-uri", "invalid_target"),
            (
                "response_type=code&resource=https://mcp.example/%23x",
                "invalid_target",
            ),
        ] {
            assert_eq!(read_query(query).unwrap_err().error(), Some(error), "{query}");
        }
    }

    #[test]
    fn pkce_is_s256_and_a_client_without_a_secret_must_use_it() {
        let good = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
        assert_eq!(ok(&good).code_challenge.as_deref(), Some(CHALLENGE));
        assert_eq!(ok("").code_challenge, None);
        let public = Parameters::parse(b"response_type=code").unwrap();
        assert!(matches!(read(&public, true), Err(Refusal::Invalid(_))));
        for bad in [
            format!("code_challenge={CHALLENGE}"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
            "code_challenge=short&code_challenge_method=S256".to_owned(),
            "code_challenge_method=S256".to_owned(),
        ] {
            let refused = read_query(&format!("response_type=code&{bad}"));
            assert_eq!(refused.unwrap_err().error(), Some("invalid_request"), "{bad}");
        }
    }

    #[test]
    fn an_acr_is_a_preference_unless_claims_make_it_essential() {
        let mfa = "https://refeds.org/profile/mfa";
        let preferred = ok(&format!("acr_values=urn:other%20{mfa}"));
        assert!(preferred.authn_context.is_some() && preferred.authn_context_is_voluntary);
        assert_eq!(ok("acr_values=urn:other").authn_context, None);
        let claims = format!(
            r#"{{"id_token":{{"acr":{{"essential":true,"values":["{mfa}"]}},"email":null,"sub":{{"value":"S-1"}}}},"userinfo":{{"name":null}}}}"#
        );
        let encoded: String =
            percent_encoding::utf8_percent_encode(&claims, percent_encoding::NON_ALPHANUMERIC).collect();
        let essential = ok(&format!("claims={encoded}"));
        assert!(essential.authn_context.is_some() && !essential.authn_context_is_voluntary);
        assert_eq!(essential.id_token_claims.to_string(), "acr email sub");
        assert_eq!(essential.userinfo_claims.to_string(), "name");
        assert_eq!(essential.subject.as_deref(), Some("S-1"));
    }

    #[test]
    fn who_asks_is_read_before_anything_else() {
        let read = |query: &str| requester(&Parameters::parse(query.as_bytes()).unwrap());
        let good =
            read("client_id=c1&redirect_uri=https://rp.example/cb&state=a&response_mode=form_post").unwrap();
        assert_eq!(good.redirect_uri.as_deref(), Some("https://rp.example/cb"));
        assert_eq!(
            (good.state.as_deref(), good.response_mode),
            (Some("a"), ResponseMode::FormPost)
        );
        assert_eq!(
            read("client_id=c1&response_mode=fragment").unwrap().response_mode,
            ResponseMode::Query
        );
        assert_eq!(read("state=a"), Err(Refusal::UnknownClient));
        for twice in ["client_id=a&client_id=a", "client_id=a&state=a&state=b"] {
            assert!(matches!(read(twice), Err(Refusal::Unreadable(_))), "{twice}");
        }
    }
}
