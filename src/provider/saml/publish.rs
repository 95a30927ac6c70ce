//! What service providers fetch: metadata and certificate. Served from memory.

use std::sync::Arc;

use crate::{
    keys::pem,
    model::{application::EntityId, key::Certificate},
    provider::{Provider, error::Error},
};

pub use crate::saml::metadata::idp::MEDIA_TYPE;

/// A document and the tag that changes with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// The document.
    pub body: Arc<str>,
    /// 16 hex digits of its SHA-256.
    pub tag: String,
}

impl Provider {
    /// Our metadata.
    pub fn metadata(&self) -> Result<Published, Error> {
        let snapshot = self.at_hand()?;
        Ok(Published {
            body: Arc::clone(&snapshot.metadata),
            tag: snapshot.metadata_tag.clone(),
        })
    }

    /// The certificate of the key that signs, and the same as PEM.
    pub fn certificate_pem(&self) -> Result<(Certificate, String), Error> {
        let certificate = self.at_hand()?.signer.certificate().clone();
        let pem = pem::certificate_pem(&certificate.der);
        Ok((certificate, pem))
    }

    /// Our name to every service provider.
    pub fn entity_id(&self) -> Result<EntityId, Error> {
        Ok(self.at_hand()?.installation.entity_id.clone())
    }
}
