//! What is published in one generation.

use std::sync::Arc;

use crate::{
    model::{hash::sha256_hex, id::KeyId, installation::Installation, key::Certificate},
    provider::{dependencies::Dependencies, error::Error, keys::ring::KeyRing},
    saml::{
        metadata::idp::{self, IdpMetadata},
        signer::Signer,
    },
};

/// Everything that is published in one generation.
#[derive(Debug)]
pub struct Publication {
    /// Our metadata.
    pub metadata: Arc<str>,
    /// The SHA-256 of `metadata`, so that it changes whenever that does.
    pub etag: String,
    /// Whether the metadata is signed, as the policy wanted it when this was made.
    pub is_signed: bool,
    /// The certificate of the active key.
    pub active: Certificate,
    /// The certificate of the key that signs next.
    pub next: Option<Certificate>,
    /// The key that service providers must come to trust, while a rollover is in progress.
    pub key_to_adopt: Option<KeyId>,
}

impl Publication {
    pub(in crate::provider) fn new(
        parts: &Dependencies,
        installation: &Installation,
        ring: &KeyRing,
        signer: &Signer,
        is_signed: bool,
    ) -> Result<Self, Error> {
        let description = IdpMetadata {
            entity_id: &installation.entity_id,
            endpoints: &parts.endpoints,
            certificates: &ring.published(),
        };
        let metadata = idp::write(description, is_signed.then_some(signer))?;
        let key_to_adopt = match (&ring.next, &ring.previous) {
            (Some(next), _) => Some(next.id),
            (None, Some(_)) => Some(ring.active.id),
            (None, None) => None,
        };
        Ok(Self {
            etag: sha256_hex(metadata.as_bytes()),
            metadata: metadata.into(),
            is_signed,
            active: ring.active.certificate.clone(),
            next: ring.next.as_ref().map(|key| key.certificate.clone()),
            key_to_adopt,
        })
    }
}
