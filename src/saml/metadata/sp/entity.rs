//! What metadata says about one service provider.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::application::{AssertionConsumerService, Binding, EntityId, LogoutEndpoint},
    saml::metadata::{error::BadMetadata, sp::finding::MetadataFinding},
};

/// A service provider, as far as its metadata can be used. The rest is in `findings`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entity {
    pub entity_id: EntityId,
    /// The earliest `validUntil` of the entity, its role, and the elements that contain it; all of them apply
    /// (saml-metadata, 2.3.1, 2.3.2, 2.4.1).
    pub valid_until: Option<DateTime<Utc>>,
    /// How long it may be cached before it is fetched again: the shortest `cacheDuration` of the same elements.
    pub cache_duration: Option<TimeDelta>,
    /// The display name: that of its user interface, its service or its organization, in English if there is one.
    pub display_name: Option<String>,
    /// Who registered it (saml-metadata-rpi, 2.1.1).
    pub registration_authority: Option<String>,
    /// `AuthnRequestsSigned`.
    pub signs_requests: bool,
    pub wants_assertions_signed: bool,
    /// `AssertionConsumerService` over HTTP-POST, the default first (saml-metadata, 2.4.4; E37).
    pub acs_endpoints: Vec<AssertionConsumerService>,
    /// `SingleLogoutService` over HTTP-Redirect and HTTP-POST, in the order of the metadata.
    pub logout_endpoints: Vec<LogoutEndpoint>,
    /// `NameIDFormat`, in its order of preference.
    pub name_id_formats: Vec<String>,
    /// Certificates for signing, DER, including keys without `use` (E62) and expired certificates.
    pub signing_certificates: Vec<Vec<u8>>,
    /// Certificates for encryption, DER, RSA only, including keys without `use`.
    pub encryption_certificates: Vec<Vec<u8>>,
    /// `EncryptionMethod` of those, as URIs.
    pub encryption_methods: Vec<String>,
    pub requested_attributes: Vec<RequestedAttribute>,
    /// What was skipped or looks weak.
    pub findings: Vec<MetadataFinding>,
}

/// An attribute that a service provider requests (saml-metadata, 2.4.4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAttribute {
    pub name: String,
    pub name_format: Option<String>,
    pub friendly_name: Option<String>,
    /// `isRequired`.
    pub required: bool,
}

/// One entity of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ParsedEntity {
    ServiceProvider(Box<Entity>),
    /// A service provider that cannot be used.
    Unusable {
        /// `entityID`, as it is written.
        entity_id: String,
        why: BadMetadata,
    },
    /// For example, an identity provider.
    Other,
}

impl Entity {
    /// The logout endpoint over HTTP-Redirect.
    pub fn logout_by_redirect(&self) -> Option<&LogoutEndpoint> {
        self.logout_over(Binding::Redirect)
    }

    /// The logout endpoint that is used: over HTTP-Redirect if there is one, which needs no script.
    pub fn logout_endpoint(&self) -> Option<&LogoutEndpoint> {
        self.logout_by_redirect()
            .or_else(|| self.logout_over(Binding::Post))
    }

    fn logout_over(&self, binding: Binding) -> Option<&LogoutEndpoint> {
        self.logout_endpoints
            .iter()
            .find(|endpoint| endpoint.binding == binding)
    }
}

impl ParsedEntity {
    /// The `entityID` of a service provider.
    pub fn entity_id(&self) -> Option<&str> {
        match self {
            Self::ServiceProvider(entity) => Some(entity.entity_id.as_str()),
            Self::Unusable { entity_id, .. } => Some(entity_id),
            Self::Other => None,
        }
    }
}
