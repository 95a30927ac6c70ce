//! What metadata says of one service provider.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::application::{AssertionConsumerService, Binding, EntityId, LogoutEndpoint},
    saml::metadata::{error::BadMetadata, sp::finding::MetadataFinding},
};

/// A service provider, as far as its metadata can be used. What could not be is among the findings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entity {
    /// `entityID`.
    pub entity_id: EntityId,
    /// Until when it counts: the earliest of its own `validUntil`, its role's, and those of whatever it
    /// stands in; all of them hold (saml-metadata, 2.3.1, 2.3.2, 2.4.1).
    pub valid_until: Option<DateTime<Utc>>,
    /// How long it may be kept before it is fetched again: the shortest `cacheDuration` of the same.
    pub cache_duration: Option<TimeDelta>,
    /// Its name for people: that of its user interface, of its service, or of its organization, in English
    /// if there is one.
    pub display_name: Option<String>,
    /// Who registered it (saml-metadata-rpi, 2.1.1).
    pub registration_authority: Option<String>,
    /// `AuthnRequestsSigned`.
    pub signs_requests: bool,
    /// `WantAssertionsSigned`.
    pub wants_assertions_signed: bool,
    /// `AssertionConsumerService` over HTTP-POST, the default first (saml-metadata, 2.4.4; E37).
    pub acs_endpoints: Vec<AssertionConsumerService>,
    /// `SingleLogoutService` over HTTP-Redirect and HTTP-POST, in the order of the metadata.
    pub logout_endpoints: Vec<LogoutEndpoint>,
    /// `NameIDFormat`, in its order of preference.
    pub name_id_formats: Vec<String>,
    /// Certificates for signing, DER; a key without `use` counts (E62). Expired ones are among them.
    pub signing_certificates: Vec<Vec<u8>>,
    /// Certificates to encrypt for, DER, RSA only; a key without `use` counts.
    pub encryption_certificates: Vec<Vec<u8>>,
    /// `EncryptionMethod` of those, as URIs.
    pub encryption_methods: Vec<String>,
    /// The attributes that it asks for.
    pub requested_attributes: Vec<RequestedAttribute>,
    /// What was skipped or looks weak.
    pub findings: Vec<MetadataFinding>,
}

/// An attribute that a service provider asks for (saml-metadata, 2.4.4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAttribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`.
    pub name_format: Option<String>,
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// `isRequired`.
    pub required: bool,
}

/// One entity of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ParsedEntity {
    /// A service provider.
    ServiceProvider(Box<Entity>),
    /// A service provider that cannot be taken.
    Unusable {
        /// `entityID`, as it stands there.
        entity_id: String,
        /// Why not.
        why: BadMetadata,
    },
    /// Something else: an identity provider, say.
    Other,
}

impl Entity {
    /// The logout address over HTTP-Redirect.
    pub fn logout_by_redirect(&self) -> Option<&LogoutEndpoint> {
        self.logout_over(Binding::Redirect)
    }

    /// The logout address that is used: over HTTP-Redirect if there is one, which needs no script.
    pub fn logout_endpoint(&self) -> Option<&LogoutEndpoint> {
        self.logout_by_redirect()
            .or_else(|| self.logout_over(Binding::Post))
    }

    fn logout_over(&self, binding: Binding) -> Option<&LogoutEndpoint> {
        self.logout_endpoints.iter().find(|one| one.binding == binding)
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
