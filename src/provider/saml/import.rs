//! A service provider's metadata, made into what an application needs.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::{
    keys::pem,
    model::{
        application::{AssertionConsumerService, EntityId, LogoutEndpoint, ServiceProvider},
        key::Certificate,
        name_id::NameIdFormat,
        text::{hex, single_line},
    },
    provider::applications::BadApplication,
    saml::metadata::{
        normalized,
        sp::{self, EndpointKind, Entity, MetadataFinding, RequestedAttribute},
    },
};

/// What metadata brings to an application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedMetadata {
    /// The entity ID.
    pub entity_id: EntityId,
    /// Its name for people, if it has one.
    pub display_name: Option<String>,
    /// Responses, the default first.
    pub acs_endpoints: Vec<AssertionConsumerService>,
    /// Logout: over HTTP-Redirect if it can be.
    pub logout: Option<LogoutEndpoint>,
    /// Signing certificates.
    pub signing_certificates: Vec<Certificate>,
    /// Certificates to encrypt for; not used unless somebody asks for it.
    pub encryption_certificates: Vec<Certificate>,
    /// `AuthnRequestsSigned`.
    pub signs_requests: bool,
    /// The first `NameIDFormat` that can be made here; `unspecified` means the e-mail address.
    pub name_id_format: Option<NameIdFormat>,
    /// The attributes that it requires.
    pub required_attributes: Vec<RequestedAttribute>,
    /// Why addresses for responses were left out, in words.
    pub refused_acs: Vec<String>,
    /// Until when it counts.
    pub valid_until: Option<DateTime<Utc>>,
    /// An end of its own, and not that of all it stands among.
    pub own_valid_until: Option<DateTime<Utc>>,
    /// How long it may be kept before it is fetched again.
    pub cache_duration: Option<TimeDelta>,
    /// What was skipped or looks weak, in words.
    pub warnings: Vec<String>,
    /// The same in metadata of our own making, without what changes with each copy.
    pub metadata: String,
    /// SHA-256 of `metadata`, lower-case hex.
    pub sha256: String,
}

/// Reads the metadata of a service provider; `wanted` picks one out of several.
pub fn import(
    xml: &str,
    wanted: Option<&EntityId>,
    now: DateTime<Utc>,
) -> Result<ImportedMetadata, BadApplication> {
    let entity = sp::read(xml, wanted.map(EntityId::as_str), now)?;
    from_entity(entity, None)
}

/// What `entity` brings. `own_end` is an end that is its own, and not that of all it stands among.
pub(in crate::provider) fn from_entity(
    entity: Entity,
    own_valid_until: Option<DateTime<Utc>>,
) -> Result<ImportedMetadata, BadApplication> {
    let metadata = normalized::write(&entity, own_valid_until)
        .map_err(|_unwritable| BadApplication::UnwritableCharacter)?;
    let sha256 = hex(&Sha256::digest(metadata.as_bytes()));
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
            .filter(|asked| asked.required)
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
    /// The name for people: its own, else the host that takes responses, else the entity ID.
    pub fn name(&self) -> String {
        let host = || self.acs_endpoints.first().map(|first| first.location.host());
        let name = self.display_name.clone().or_else(host);
        name.unwrap_or_else(|| self.entity_id.as_str().chars().take(80).collect())
    }

    /// Why it cannot be registered as it describes itself, if it cannot: it says that it signs its requests, and none of
    /// its keys is used.
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

    /// A service provider as it describes itself, and as most are where it does not.
    pub fn service_provider(&self) -> ServiceProvider {
        ServiceProvider {
            logout: self.logout.clone(),
            signing_certificates: self.signing_certificates.clone(),
            encryption_certificates: self.encryption_certificates.clone(),
            // Where its keys were left out, nothing is answered: what says that it signs is not taken unsigned.
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
