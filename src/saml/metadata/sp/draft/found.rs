//! What is made of a service provider at its end.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{
    model::{
        application::{Consumer, EntityId},
        name_id::NameIdFormat,
    },
    saml::{
        metadata::{
            bad::BadMetadata,
            sp::{
                draft::Draft,
                entity::{Entity, Found},
                finding::{Finding, shown},
            },
        },
        urn::{AES128_GCM, AES256_GCM},
    },
};

/// Over a weekend nobody mends anything.
const SOON: TimeDelta = TimeDelta::days(3);

impl Draft {
    /// What it has become.
    pub(in crate::saml::metadata::sp) fn found(mut self, now: DateTime<Utc>) -> Found {
        if !self.is_service_provider && !self.is_broken() {
            return Found::Other;
        }
        let unusable = |entity_id: String, why| Found::Unusable { entity_id, why };
        if let Some(why) = self.broken {
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
        if let Some(end) = self.until.filter(|end| *end <= now) {
            let end = end.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            return unusable(self.entity_id, BadMetadata::Expired(end));
        }
        self.sums_up(now);
        Found::ServiceProvider(Box::new(Entity {
            entity_id,
            valid_until: self.until,
            cache_for: self.cache_for,
            display_name: self.name.map(|(_, name)| name),
            registration_authority: self.registration_authority,
            signs_requests: self.signs_requests,
            wants_assertions_signed: self.wants_assertions_signed,
            consumers: in_order(self.consumers),
            logout: self.logout,
            name_id_formats: self.name_id_formats,
            certificates: self.certificates,
            encryption_certificates: self.encryption_certificates,
            encryption_methods: self.encryption_methods,
            requested_attributes: self.requested_attributes,
            findings: self.findings,
        }))
    }

    /// What is missing, now that all is there.
    fn sums_up(&mut self, now: DateTime<Utc>) {
        if self.certificates.is_empty() {
            let signs_requests = self.signs_requests;
            self.finds(Finding::NoSigningCertificate { signs_requests });
        }
        if self.consumers.is_empty() {
            self.finds(Finding::NoConsumer);
        }
        let names_default = self.consumers.iter().any(|(default, _)| *default == Some(true));
        if self.consumers.len() > 1
            && !names_default
            && let Some(taken) = default(&self.consumers).and_then(|at| self.consumers.get(at))
        {
            let taken = shown(taken.1.location.as_str());
            self.finds(Finding::NoDefaultConsumer { taken });
        }
        let given = |asked: &String| NameIdFormat::ALL.iter().any(|format| format.urn() == asked);
        if !self.name_id_formats.iter().any(given)
            && let Some(asked) = self.name_id_formats.first().map(|asked| shown(asked))
        {
            self.finds(Finding::NoKnownNameIdFormat { asked });
        }
        let mut ciphers = self
            .encryption_methods
            .iter()
            .filter(|uri| is_cipher(uri))
            .peekable();
        if ciphers.peek().is_some() && !ciphers.any(|uri| [AES128_GCM, AES256_GCM].contains(&uri.as_str())) {
            self.finds(Finding::NoKnownCipher);
        }
        if self.logout.is_empty() {
            self.finds(Finding::NoLogout);
        }
        if let Some(at) = self.until.filter(|end| *end <= now + SOON) {
            self.finds(Finding::EndsSoon { at });
        }
    }
}

/// Where the default consumer stands: the first that says so, else the first that does not deny it, else
/// the first (saml-metadata, E37).
fn default(consumers: &[(Option<bool>, Consumer)]) -> Option<usize> {
    let of = |wanted| consumers.iter().position(|(default, _)| *default == wanted);
    of(Some(true))
        .or_else(|| of(None))
        .or(if consumers.is_empty() { None } else { Some(0) })
}

/// The default consumer first, the others in their order.
fn in_order(mut consumers: Vec<(Option<bool>, Consumer)>) -> Vec<Consumer> {
    if let Some(at) = default(&consumers) {
        let first = consumers.remove(at);
        consumers.insert(0, first);
    }
    consumers.into_iter().map(|(_, consumer)| consumer).collect()
}

/// Whether an encryption method is for content; the others are for keys (xmlenc-core1, 5.1).
fn is_cipher(uri: &str) -> bool {
    let name = uri.rsplit('#').next().unwrap_or_default();
    (name.starts_with("aes") || name.starts_with("tripledes")) && !name.starts_with("kw-")
}
