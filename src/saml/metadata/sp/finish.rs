//! Completes an entity once all of it was read.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{
    model::{
        application::{AssertionConsumerService, EntityId},
        name_id::NameIdFormat,
    },
    saml::{
        metadata::{
            error::BadMetadata,
            sp::{
                builder::EntityBuilder,
                entity::{Entity, ParsedEntity},
                finding::{MetadataFinding, sanitize},
            },
        },
        urn::{AES128_GCM, AES256_GCM},
    },
};

/// Metadata that expires within this time is reported: over a weekend nobody fixes it.
const EXPIRES_SOON: TimeDelta = TimeDelta::days(3);

impl EntityBuilder {
    /// The entity, or why it cannot be used.
    pub(super) fn finish(mut self, now: DateTime<Utc>) -> ParsedEntity {
        if !self.is_service_provider && !self.is_rejected() {
            return ParsedEntity::Other;
        }
        let unusable = |entity_id: String, why| ParsedEntity::Unusable { entity_id, why };
        if let Some(why) = self.rejection {
            return unusable(self.entity_id, why);
        }
        if self.entity_id.is_empty() {
            return unusable(
                self.entity_id,
                BadMetadata::malformed("the entity has no entityID"),
            );
        }
        let entity_id = match EntityId::parse(&self.entity_id) {
            Ok(entity_id) => entity_id,
            Err(why) => return unusable(self.entity_id, BadMetadata::Malformed(why.to_string())),
        };
        if let Some(end) = self.valid_until.filter(|end| *end <= now) {
            let end = end.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            return unusable(self.entity_id, BadMetadata::Expired(end));
        }
        self.note_what_is_missing(now);
        ParsedEntity::ServiceProvider(Box::new(Entity {
            entity_id,
            valid_until: self.valid_until,
            cache_duration: self.cache_duration,
            display_name: self.name.map(|(_, name)| name),
            registration_authority: self.registration_authority,
            signs_requests: self.signs_requests,
            wants_assertions_signed: self.wants_assertions_signed,
            acs_endpoints: default_first(self.acs_endpoints),
            logout_endpoints: self.logout_endpoints,
            name_id_formats: self.name_id_formats,
            signing_certificates: self.signing_certificates,
            encryption_certificates: self.encryption_certificates,
            encryption_methods: self.encryption_methods,
            requested_attributes: self.requested_attributes,
            findings: self.findings,
        }))
    }

    /// Notes what is missing; the whole entity was read.
    fn note_what_is_missing(&mut self, now: DateTime<Utc>) {
        if self.signing_certificates.is_empty() {
            let signs_requests = self.signs_requests;
            self.note(MetadataFinding::NoSigningCertificate { signs_requests });
        }
        if self.acs_endpoints.is_empty() {
            self.note(MetadataFinding::NoAcs);
        }
        let names_default = self
            .acs_endpoints
            .iter()
            .any(|(default, _)| *default == Some(true));
        if self.acs_endpoints.len() > 1
            && !names_default
            && let Some(taken) = default_acs(&self.acs_endpoints).and_then(|at| self.acs_endpoints.get(at))
        {
            let taken = sanitize(taken.1.location.as_str());
            self.note(MetadataFinding::NoDefaultAcs { taken });
        }
        let is_supported = |urn: &String| NameIdFormat::ALL.iter().any(|format| format.urn() == urn);
        if !self.name_id_formats.iter().any(is_supported)
            && let Some(requested) = self.name_id_formats.first().map(|urn| sanitize(urn))
        {
            self.note(MetadataFinding::NoSupportedNameIdFormat { requested });
        }
        let mut ciphers = self
            .encryption_methods
            .iter()
            .filter(|uri| is_content_cipher(uri))
            .peekable();
        if ciphers.peek().is_some() && !ciphers.any(|uri| [AES128_GCM, AES256_GCM].contains(&uri.as_str())) {
            self.note(MetadataFinding::NoSupportedCipher);
        }
        if self.logout_endpoints.is_empty() {
            self.note(MetadataFinding::NoLogout);
        }
        if let Some(at) = self.valid_until.filter(|end| *end <= now + EXPIRES_SOON) {
            self.note(MetadataFinding::ExpiresSoon { at });
        }
    }
}

/// The position of the default ACS: the first with `isDefault` true, else the first without `isDefault`, else the first
/// (saml-metadata, E37).
fn default_acs(endpoints: &[(Option<bool>, AssertionConsumerService)]) -> Option<usize> {
    let of = |wanted| endpoints.iter().position(|(default, _)| *default == wanted);
    of(Some(true))
        .or_else(|| of(None))
        .or(if endpoints.is_empty() { None } else { Some(0) })
}

/// The default ACS first, the others in their order.
fn default_first(
    mut endpoints: Vec<(Option<bool>, AssertionConsumerService)>,
) -> Vec<AssertionConsumerService> {
    if let Some(at) = default_acs(&endpoints) {
        let first = endpoints.remove(at);
        endpoints.insert(0, first);
    }
    endpoints.into_iter().map(|(_, endpoint)| endpoint).collect()
}

/// Whether an encryption method is for content; the others are for keys (xmlenc-core1, 5.1).
fn is_content_cipher(uri: &str) -> bool {
    let name = uri.rsplit('#').next().unwrap_or_default();
    (name.starts_with("aes") || name.starts_with("tripledes")) && !name.starts_with("kw-")
}
