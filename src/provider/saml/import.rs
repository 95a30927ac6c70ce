//! Converts the metadata of a service provider into the settings of an application.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    crypto::pem,
    model::{
        application::{AssertionConsumerService, EntityId, LogoutEndpoint, ServiceProvider},
        hash::sha256_hex,
        key::Certificate,
        name_id::NameIdFormat,
        text::single_line,
    },
    provider::applications::bad_application::BadApplication,
    saml::metadata::{
        normalized,
        sp::{self, EndpointKind, Entity, MetadataFinding, RequestedAttribute},
    },
};

/// What the metadata of a service provider contributes to an application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedMetadata {
    pub entity_id: EntityId,
    /// The display name.
    pub display_name: Option<String>,
    /// Where Responses go, the default first.
    pub acs_endpoints: Vec<AssertionConsumerService>,
    /// The endpoint for logout messages: over HTTP-Redirect if there is one.
    pub logout: Option<LogoutEndpoint>,
    pub signing_certificates: Vec<Certificate>,
    /// The certificates to encrypt Assertions to; not used unless an administrator enables encryption.
    pub encryption_certificates: Vec<Certificate>,
    /// `AuthnRequestsSigned`.
    pub signs_requests: bool,
    /// The first `NameIDFormat` that is supported; `unspecified` means the e-mail address.
    pub name_id_format: Option<NameIdFormat>,
    pub required_attributes: Vec<RequestedAttribute>,
    /// Why ACS endpoints were left out.
    pub refused_acs: Vec<String>,
    /// The earliest applicable `validUntil`.
    pub valid_until: Option<DateTime<Utc>>,
    /// The entity's own `validUntil`, not that of the aggregate that contains it.
    pub own_valid_until: Option<DateTime<Utc>>,
    /// How long it may be cached before it is fetched again.
    pub cache_duration: Option<TimeDelta>,
    /// What was skipped or looks weak, as messages.
    pub warnings: Vec<String>,
    /// Normalized metadata that we wrote ourselves, without what changes with each copy.
    pub metadata: String,
    /// SHA-256 of `metadata`, lower-case hex.
    pub sha256: String,
}

/// Reads the metadata of a service provider; `wanted` selects one of several.
pub fn import(
    xml: &str,
    wanted: Option<&EntityId>,
    now: DateTime<Utc>,
) -> Result<ImportedMetadata, BadApplication> {
    let entity = sp::read(xml, wanted.map(EntityId::as_str), now)?;
    from_entity(entity, None)
}

/// Converts `entity`. `own_valid_until` is its own `validUntil`, not that of the aggregate that contains it.
pub(in crate::provider) fn from_entity(
    entity: Entity,
    own_valid_until: Option<DateTime<Utc>>,
) -> Result<ImportedMetadata, BadApplication> {
    let metadata = normalized::write(&entity, own_valid_until)
        .map_err(|_unwritable| BadApplication::UnwritableCharacter)?;
    let sha256 = sha256_hex(metadata.as_bytes());
    Ok(ImportedMetadata {
        display_name: entity
            .display_name
            .as_deref()
            .and_then(|name| single_line("the name", name, 80).ok()),
        logout: entity.logout_endpoint().cloned(),
        signing_certificates: certificates(&entity.signing_certificates)?,
        encryption_certificates: certificates(&entity.encryption_certificates)?,
        entity_id: entity.entity_id,
        acs_endpoints: entity.acs_endpoints,
        signs_requests: entity.signs_requests,
        name_id_format: entity
            .name_id_formats
            .iter()
            .find_map(|urn| NameIdFormat::from_urn(urn))
            .map(|format| match format {
                NameIdFormat::Unspecified | NameIdFormat::EmailAddress => NameIdFormat::EmailAddress,
                NameIdFormat::Persistent | NameIdFormat::Transient => format,
            }),
        required_attributes: entity
            .requested_attributes
            .iter()
            .filter(|attribute| attribute.required)
            .cloned()
            .collect(),
        refused_acs: entity
            .findings
            .iter()
            .filter_map(|finding| {
                let MetadataFinding::AddressSkipped {
                    endpoint: EndpointKind::Acs,
                    why,
                } = finding
                else {
                    return None;
                };
                Some(why.clone())
            })
            .collect(),
        valid_until: entity.valid_until,
        own_valid_until,
        cache_duration: entity.cache_duration,
        warnings: entity.findings.iter().map(ToString::to_string).collect(),
        metadata,
        sha256,
    })
}

impl ImportedMetadata {
    /// The display name: its own, else the host of the first ACS, else the entity ID.
    pub fn name(&self) -> String {
        let host = || self.acs_endpoints.first().map(|first| first.location.host());
        let name = self.display_name.clone().or_else(host);
        name.unwrap_or_else(|| self.entity_id.as_str().chars().take(80).collect())
    }

    /// Refuses an entity that says that it signs its requests, but has no usable key.
    pub fn check_keys(&self) -> Result<(), BadApplication> {
        if self.signs_requests && self.signing_certificates.is_empty() {
            return Err(BadApplication::SignsWithoutKey(self.key_warnings()));
        }
        Ok(())
    }

    fn key_warnings(&self) -> String {
        let about_keys =
            |finding: &&String| finding.contains("the key of") || finding.contains("certificate");
        let warnings: Vec<&str> = self
            .warnings
            .iter()
            .filter(about_keys)
            .map(String::as_str)
            .collect();
        warnings.join("; ")
    }

    /// A service provider as the metadata describes it, with defaults for the rest.
    pub fn service_provider(&self) -> ServiceProvider {
        ServiceProvider {
            logout: self.logout.clone(),
            signing_certificates: self.signing_certificates.clone(),
            encryption_certificates: self.encryption_certificates.clone(),
            // If its keys were left out, every request is refused: an application that says that it signs its requests
            // must not have unsigned ones accepted.
            require_signed_requests: self.signs_requests,
            name_id_format: self.name_id_format.unwrap_or(NameIdFormat::EmailAddress),
            ..ServiceProvider::with_defaults(self.entity_id.clone(), self.acs_endpoints.clone())
        }
    }
}

fn certificates(ders: &[Vec<u8>]) -> Result<Vec<Certificate>, BadApplication> {
    ders.iter()
        .map(|der| pem::parse_certificate(der).map_err(|why| BadApplication::Certificate(why.to_string())))
        .collect()
}
