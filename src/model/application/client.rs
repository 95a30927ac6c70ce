//! What is known of an OpenID Connect client.

use std::{fmt, sync::Arc};

use url::{Host, Url};

use crate::model::{
    application::sp_url::SpUrl,
    attribute::{AttributeRule, AttributeSource},
    keys_on::KeysOn,
    oidc_key::JwsAlgorithm,
    text::BadText,
};

/// What names a client in its requests (rfc6749, 2.2).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ClientId(String);

impl ClientId {
    /// The longest one, in characters.
    pub const MAX_LEN: usize = 256;

    /// Parses what was stored, or what a request names: printable ASCII (rfc6749, A.1), without a space.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        if !text.is_empty() && text.len() <= Self::MAX_LEN && text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Ok(Self(text.to_owned()));
        }
        Err(BadText::Malformed(format!(
            "`{}` is no client ID: 1 to 256 letters, digits and signs, without a space",
            text.escape_debug()
        )))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a client can keep a secret (rfc6749, 2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientType {
    /// It authenticates at the token endpoint.
    Confidential,
    /// It cannot, and must use PKCE.
    Public,
}

impl ClientType {
    /// Its name in the database, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }

    pub const fn is_public(self) -> bool {
        match self {
            Self::Public => true,
            Self::Confidential => false,
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Confidential, Self::Public]
            .into_iter()
            .find(|kind| kind.name() == word)
    }
}

/// What a client's `sub` is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SubjectType {
    /// The stable id of the user, the same at every client (OpenID Connect Core, 8: `public`).
    StableId,
    /// Another one at every client (OpenID Connect Core, 8.1).
    Pairwise,
    /// The e-mail address, for clients that find accounts by nothing else. It changes when the address does.
    Email,
}

impl SubjectType {
    /// Its name in the database, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StableId => "id",
            Self::Pairwise => "pairwise",
            Self::Email => "email",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::StableId, Self::Pairwise, Self::Email]
            .into_iter()
            .find(|kind| kind.name() == word)
    }
}

/// What an access token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessTokenFormat {
    /// A random value: whoever receives it asks at UserInfo or at introspection.
    Opaque,
    /// A JWT that says by itself what it permits (rfc9068).
    Jwt,
}

impl AccessTokenFormat {
    /// Its name in the database, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opaque => "opaque",
            Self::Jwt => "jwt",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Opaque, Self::Jwt]
            .into_iter()
            .find(|format| format.name() == word)
    }
}

/// When a client receives a refresh token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefreshPolicy {
    Never,
    /// If it asks for the scope `offline_access`. No `prompt=consent` is needed: an administrator has decided.
    OfflineAccess,
    /// At every sign-in, for clients that ask for no scope.
    Always,
}

impl RefreshPolicy {
    /// Its name in the database, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OfflineAccess => "offline_access",
            Self::Always => "always",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Never, Self::OfflineAccess, Self::Always]
            .into_iter()
            .find(|policy| policy.name() == word)
    }
}

/// A client of OpenID Connect and OAuth 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Client {
    pub client_id: ClientId,
    pub client_type: ClientType,
    /// Where authorization responses may be sent. Empty until the application has told its own.
    pub redirect_uris: Vec<SpUrl>,
    pub subject_type: SubjectType,
    pub id_token_algorithm: JwsAlgorithm,
    /// Whether the ID token holds the claims of the user, and not only UserInfo (OpenID Connect Core, 5.4): ChatGPT and
    /// others read nothing else.
    pub claims_in_id_token: bool,
    pub access_token_format: AccessTokenFormat,
    pub refresh: RefreshPolicy,
    /// By what it knows people, if an administrator or a preset said so.
    pub keys_on: Option<KeysOn>,
    /// Shared: most applications are sent the same.
    pub attributes: Arc<[AttributeRule]>,
}

impl Client {
    /// A typical client: it keeps a secret, and finds the claims of its users in the ID token.
    pub fn with_defaults(client_id: ClientId, redirect_uris: Vec<SpUrl>) -> Self {
        Self {
            client_id,
            client_type: ClientType::Confidential,
            redirect_uris,
            subject_type: SubjectType::StableId,
            id_token_algorithm: JwsAlgorithm::Rs256,
            claims_in_id_token: true,
            access_token_format: AccessTokenFormat::Opaque,
            refresh: RefreshPolicy::OfflineAccess,
            keys_on: None,
            attributes: default_claims().into(),
        }
    }

    /// By what it knows people, as far as its `sub` says.
    pub const fn knows_people_by(&self) -> KeysOn {
        match self.subject_type {
            SubjectType::StableId | SubjectType::Pairwise => KeysOn::Id,
            SubjectType::Email => KeysOn::Email,
        }
    }

    /// Whether an authorization response may be sent to `requested`: one that is registered, byte for byte; for a public
    /// client, a registered one on this machine with any port (rfc8252, 7.3).
    pub fn permits_redirect_to(&self, requested: &str) -> bool {
        self.redirect_uris.iter().any(|registered| {
            registered.as_str() == requested
                || (self.client_type == ClientType::Public && is_same_loopback(registered, requested))
        })
    }
}

/// Whether two URIs are of one program on this machine, and differ at most in the port.
fn is_same_loopback(registered: &SpUrl, requested: &str) -> bool {
    let Ok(requested) = SpUrl::parse(requested) else {
        return false;
    };
    let without_port = |url: &SpUrl| {
        let mut url = Url::parse(url.as_str()).ok()?;
        let is_address = match url.host()? {
            // A name can be made to mean another machine (rfc8252, 8.3); it is allowed where it was registered.
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(v4) => v4.is_loopback(),
            Host::Ipv6(v6) => v6.is_loopback(),
        };
        (url.scheme() == "http" && is_address).then_some(())?;
        url.set_port(None).ok()?;
        Some(url)
    };
    without_port(registered).is_some_and(|registered| without_port(&requested) == Some(registered))
}

/// The standard claims that clients look for (OpenID Connect Core, 5.1). What a user lacks is left out.
pub fn default_claims() -> Vec<AttributeRule> {
    vec![
        AttributeRule::required("email", AttributeSource::Email),
        AttributeRule::optional("given_name", AttributeSource::GivenName),
        AttributeRule::optional("family_name", AttributeSource::FamilyName),
        AttributeRule::optional("name", AttributeSource::FullName),
        AttributeRule::optional("preferred_username", AttributeSource::Email),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(client_type: ClientType, redirect_uris: &[&str]) -> Client {
        let uris = redirect_uris.iter().map(|uri| SpUrl::parse(uri).unwrap());
        Client {
            client_type,
            ..Client::with_defaults(ClientId::parse("c1").unwrap(), uris.collect())
        }
    }

    #[test]
    fn a_redirect_uri_is_compared_byte_for_byte() {
        let confidential = client(
            ClientType::Confidential,
            &["https://rp.example/cb", "http://127.0.0.1:7000/cb"],
        );
        assert!(confidential.permits_redirect_to("https://rp.example/cb"));
        assert!(confidential.permits_redirect_to("http://127.0.0.1:7000/cb"));
        for other in [
            "https://rp.example/cb/",
            "https://rp.example/cb?x=1",
            "https://rp.example/cb#x",
            "https://rp.example/CB",
            "https://RP.example/cb",
            "https://rp.example:443/cb",
            "https://rp.example/x/../cb",
            "https://rp.example@evil.example/cb",
            "https://evil.example/cb",
            "http://127.0.0.1:7001/cb",
            "",
        ] {
            assert!(!confidential.permits_redirect_to(other), "{other}");
        }
    }

    #[test]
    fn a_public_client_on_this_machine_may_use_any_port() {
        let native = client(
            ClientType::Public,
            &["http://127.0.0.1/cb", "http://[::1]/cb", "https://rp.example/cb"],
        );
        for good in [
            "http://127.0.0.1:51234/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9/cb",
            "https://rp.example/cb",
        ] {
            assert!(native.permits_redirect_to(good), "{good}");
        }
        for bad in [
            "http://127.0.0.1:51234/other",
            "http://127.0.0.1:51234/cb?x",
            "http://127.0.0.2:51234/cb",
            "http://localhost:51234/cb",
            "https://127.0.0.1:51234/cb",
            "https://rp.example:8443/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:51234@evil.example/cb",
        ] {
            assert!(!native.permits_redirect_to(bad), "{bad}");
        }
    }

    #[test]
    fn a_client_id_is_what_a_url_and_a_header_can_carry() {
        for good in ["c1", "https://chatgpt.com/oauth/client.json", "a-b_c~d"] {
            assert_eq!(ClientId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a\nb", "é", &"x".repeat(257)] {
            assert!(ClientId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
