//! What is known of a SAML service provider.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::{
    application::{entity_id::EntityId, sp_url::SpUrl},
    attribute::{self, AttributeRule},
    key::Certificate,
    keys_on::KeysOn,
    name_id::NameIdFormat,
    response_options::ResponseOptions,
};

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
    /// By what it knows people, if an administrator or a preset said so.
    pub keys_on: Option<KeysOn>,
    pub response_options: ResponseOptions,
    /// The certificates whose keys decrypt what is encrypted for it; not used unless `response_options` asks for
    /// encryption.
    pub encryption_certificates: Vec<Certificate>,
    /// Shared: most applications are sent the same.
    pub attributes: Arc<[AttributeRule]>,
    /// Until when its metadata is valid, if that comes from a metadata source (saml-metadata, 2.3.1).
    pub metadata_valid_until: Option<DateTime<Utc>>,
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
            keys_on: None,
            response_options: ResponseOptions::DEFAULT,
            encryption_certificates: Vec::new(),
            attributes: attribute::generic_rules().into(),
            metadata_valid_until: None,
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
