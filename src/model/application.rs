//! Applications that trust this provider.

use std::fmt;

use chrono::{DateTime, Utc};
use url::Url;

use crate::model::{
    attribute::{self, AttributeRule},
    endpoint::{Endpoints, is_loopback},
    hash::sha256,
    id::ApplicationId,
    key::Certificate,
    name_id::NameIdFormat,
    preset::Preset,
    response_options::ResponseOptions,
    text::{BadText, single_line},
};

/// The name that identifies a SAML party; compared byte for byte, never parsed as a URL.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EntityId(String);

impl EntityId {
    /// The longest accepted name, in bytes. SAML allows 1024 characters (saml-core, 8.3.6); an index entry of
    /// PostgreSQL holds at most 2704 bytes.
    pub const MAX_LEN: usize = 1024;

    /// Parses a name. White space in it or around it is a copying mistake, and refused.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        if text.chars().any(char::is_whitespace) {
            return Err(BadText::Malformed(
                "the entity ID holds white space: copy it again, without a space or line break".to_owned(),
            ));
        }
        if text.len() > Self::MAX_LEN {
            return Err(BadText::Malformed(
                "the entity ID is longer than 1024 bytes".to_owned(),
            ));
        }
        single_line("the entity ID", text, Self::MAX_LEN).map(Self)
    }

    /// Our own default name, unless an administrator sets another one: the metadata URL.
    pub fn from_metadata_url(endpoints: &Endpoints) -> Self {
        Self(endpoints.metadata.clone())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A URL of a service provider that messages may be sent to, stored byte for byte as it was registered.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SpUrl(String);

impl SpUrl {
    /// The longest accepted URL, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Parses a URL: `https`, or `http` on loopback; no user, no fragment, no white space.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let wrong = |why: &str| Err(BadText::Malformed(format!("`{}`: {why}", text.escape_debug())));
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return wrong("it holds white space; copy the address again, without a space or line break");
        }
        if text.len() > Self::MAX_LEN {
            return wrong("it is longer than 2048 bytes");
        }
        if !text.is_ascii() {
            return wrong("it holds characters that an address cannot; copy it again");
        }
        let Ok(url) = Url::parse(text) else {
            return wrong("this is no whole address; it begins with https:// and names a host");
        };
        let Some(host) = url.host() else {
            return wrong("it names no host");
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return wrong("http is refused but for this machine itself; write https://"),
            _ => return wrong("the address must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it holds a user name; take out what stands before the @");
        }
        if url.fragment().is_some() || text.contains('\\') || text.contains(['"', '<', '>', '\'']) {
            return wrong("it holds a character that does not belong there (# \\ \" ' < >)");
        }
        Ok(Self(text.to_owned()))
    }

    /// The SHA-256 of the URL: identifies it where it must be short.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a plain http URL; such a URL is on this machine.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// The root of its site: scheme, host and port, with a trailing slash.
    pub fn origin(&self) -> String {
        Url::parse(&self.0)
            .map(|url| format!("{}/", url.origin().ascii_serialization()))
            .unwrap_or_default()
    }

    /// The host, for display.
    pub fn host(&self) -> String {
        Url::parse(&self.0)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

impl fmt::Display for SpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an application in our own URLs; it never changes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Slug(String);

impl Slug {
    /// The longest slug, in characters.
    pub const MAX_LEN: usize = 40;

    /// Parses a slug: lower-case letters, digits and single hyphens between them.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let plain = !text.is_empty()
            && text.len() <= Self::MAX_LEN
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadText::Malformed(format!(
                "`{}` is no short name: 1 to 40 lower-case letters, digits and single hyphens",
                text.escape_debug()
            )))
        }
    }

    /// Derives a slug from a name: the characters that a slug may hold, or `application` if there are none.
    pub fn from_name(name: &str) -> Self {
        let mut text = String::new();
        for c in name.to_lowercase().chars() {
            if text.len() >= 32 {
                break;
            }
            if c.is_ascii_alphanumeric() {
                text.push(c);
            } else if !text.is_empty() && !text.ends_with('-') {
                text.push('-');
            }
        }
        let text = text.trim_matches('-');
        Self(if text.is_empty() {
            "application".to_owned()
        } else {
            text.to_owned()
        })
    }

    /// Whether it names a kind of application, as `chatgpt` does: imported metadata gives no application such a name.
    pub fn is_reserved(&self) -> bool {
        Preset::ALL.iter().any(|preset| preset.name() == self.0)
    }

    /// The same slug with a random suffix, shortened where it would become too long.
    #[must_use]
    pub fn with_suffix(&self, random: &str) -> Self {
        let available = Self::MAX_LEN.saturating_sub(random.len() + 1);
        let head: String = self.0.chars().take(available).collect();
        Self(format!("{}-{random}", head.trim_end_matches('-')))
    }

    /// The same slug with a number, for a second application of the same name.
    #[must_use]
    pub fn with_number(&self, number: u32) -> Self {
        Self(format!("{}-{number}", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of an application, as far as it changes what the application is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApplicationKind {
    /// ChatGPT, on a connection made with Auth0.
    ChatGptLegacy,
    /// ChatGPT, on a connection made in today's wizard (WorkOS).
    ChatGptCurrent,
    /// Any other service provider.
    Saml,
}

impl ApplicationKind {
    /// Whether it is ChatGPT, with either type of connection.
    pub const fn is_chatgpt(self) -> bool {
        match self {
            Self::ChatGptLegacy | Self::ChatGptCurrent => true,
            Self::Saml => false,
        }
    }
}

/// Where an application receives responses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AssertionConsumerService {
    pub location: SpUrl,
    /// Its `index` in the application's metadata.
    pub index: Option<u16>,
}

/// How a message travels through the browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Binding {
    /// In the URL (saml-bindings, 3.4).
    Redirect,
    /// In a form (saml-bindings, 3.5).
    Post,
}

impl Binding {
    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Post => "post",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Redirect, Self::Post]
            .into_iter()
            .find(|binding| binding.name() == word)
    }
}

/// Where an application receives logout messages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutEndpoint {
    pub binding: Binding,
    /// For requests, and for responses if `response_location` is absent (saml-metadata, 2.2.2).
    pub location: SpUrl,
    pub response_location: Option<SpUrl>,
}

impl LogoutEndpoint {
    /// Where a `LogoutResponse` is sent.
    pub fn response_url(&self) -> &SpUrl {
        self.response_location.as_ref().unwrap_or(&self.location)
    }
}

/// What is known of a SAML service provider, and what the administrator chose for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceProvider {
    /// Two applications may share one; their ACS URLs then distinguish them.
    pub entity_id: EntityId,
    /// The `Audience` of assertions: the entity ID, unless the administrator sets another one.
    pub audience: EntityId,
    /// Where responses may be sent; the first is the default. Never empty.
    pub acs_endpoints: Vec<AssertionConsumerService>,
    pub logout: Option<LogoutEndpoint>,
    /// The certificates whose keys may sign its requests; any of them may (saml-metadata, 2.4.1.1).
    pub signing_certificates: Vec<Certificate>,
    pub require_signed_requests: bool,
    /// Whether an unsolicited response may be sent when a user opens its tile.
    pub allow_idp_initiated: bool,
    /// `RelayState` of an unsolicited response.
    pub default_relay_state: Option<String>,
    /// The format of the NameID, if a request asks for none in particular.
    pub name_id_format: NameIdFormat,
    pub response_options: ResponseOptions,
    /// The certificates whose keys decrypt what is encrypted for it; not used unless `response_options` asks for
    /// encryption.
    pub encryption_certificates: Vec<Certificate>,
    pub attributes: Vec<AttributeRule>,
}

impl ServiceProvider {
    /// A typical service provider: the NameID is the e-mail address, the default attributes are sent, response and
    /// assertion are signed.
    pub fn with_defaults(entity_id: EntityId, acs_endpoints: Vec<AssertionConsumerService>) -> Self {
        Self {
            audience: entity_id.clone(),
            entity_id,
            acs_endpoints,
            logout: None,
            signing_certificates: Vec::new(),
            require_signed_requests: false,
            allow_idp_initiated: false,
            default_relay_state: None,
            name_id_format: NameIdFormat::EmailAddress,
            response_options: ResponseOptions::DEFAULT,
            encryption_certificates: Vec::new(),
            attributes: attribute::generic_rules(),
        }
    }

    /// The registered ACS URL that equals `requested`, byte for byte.
    pub fn acs_by_url(&self, requested: &str) -> Option<&SpUrl> {
        self.acs_endpoints
            .iter()
            .map(|consumer| &consumer.location)
            .find(|registered| registered.as_str() == requested)
    }

    /// The registered ACS URL with this [`SpUrl::digest`].
    pub fn acs_by_digest(&self, digest: &[u8; 32]) -> Option<&SpUrl> {
        self.acs_endpoints
            .iter()
            .map(|consumer| &consumer.location)
            .find(|registered| registered.digest() == *digest)
    }

    /// Where responses are sent if the request names no ACS.
    pub fn default_acs(&self) -> Option<&SpUrl> {
        self.acs_endpoints.first().map(|consumer| &consumer.location)
    }
}

/// An application that users sign in to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Application {
    pub id: ApplicationId,
    pub slug: Slug,
    /// The name for display.
    pub name: String,
    pub kind: ApplicationKind,
    pub enabled: bool,
    /// The URL that its tile opens, if it is a bookmark.
    pub tile_url: Option<SpUrl>,
    pub saml: ServiceProvider,
    /// Until when its metadata is valid, if that comes from a metadata source (saml-metadata, 2.3.1).
    pub metadata_valid_until: Option<DateTime<Utc>>,
    /// Raised by every edit, so that two concurrent edits do not undo each other.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Application {
    /// The NameID formats that it may be sent. ChatGPT takes any name for an e-mail address, and would create an
    /// account for it.
    pub const fn name_id_formats(&self) -> &'static [NameIdFormat] {
        if self.kind.is_chatgpt() {
            &[NameIdFormat::EmailAddress]
        } else {
            &NameIdFormat::ALL
        }
    }
}

impl Application {
    /// Where a user opens it, to sign in or out there by hand: its origin. The tile URL itself would start a sign-in,
    /// and the ACS of ChatGPT is on a host where nobody can sign out.
    pub fn site_url(&self) -> String {
        if self.kind.is_chatgpt() {
            return "https://chatgpt.com/".to_owned();
        }
        self.tile_url
            .as_ref()
            .or_else(|| self.saml.default_acs())
            .map(SpUrl::origin)
            .unwrap_or_default()
    }

    /// Whether it can be asked to end a session.
    pub const fn has_logout_endpoint(&self) -> bool {
        self.saml.logout.is_some()
    }

    /// Whether its metadata is no longer valid, because its source has let it expire.
    pub fn is_metadata_expired(&self, now: DateTime<Utc>) -> bool {
        self.metadata_valid_until.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_absolute_and_safe_and_stored_byte_for_byte() {
        for good in [
            "https://auth0.openai.com/login/callback?connection=org-XXX",
            "http://localhost:9090/acs",
            "http://127.0.0.1:1/acs",
            "https://SP.example:443/acs",
        ] {
            assert_eq!(SpUrl::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "sp.example/acs",
            "/acs",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://sp.example/acs",
            " https://sp.example/acs",
            "https://sp.example/a cs",
            "https://sp.example/acs\n",
            "https://u@sp.example/",
            "https://sp.example/#x",
            "https://sp.example\\@evil.example/",
            "https:///",
            "https://sp.example/\"><b>",
        ] {
            assert!(SpUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slug_can_be_made_from_any_name() {
        assert_eq!(
            Slug::from_name("ChatGPT – Research & Lab").as_str(),
            "chatgpt-research-lab"
        );
        assert_eq!(Slug::from_name("李").as_str(), "application");
        for name in ["a", "-a-", "Ää", &"x y ".repeat(40)] {
            assert!(Slug::parse(Slug::from_name(name).as_str()).is_ok(), "{name}");
            assert!(
                Slug::parse(Slug::from_name(name).with_number(123).as_str()).is_ok(),
                "{name}"
            );
        }
    }
}
