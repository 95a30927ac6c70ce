//! What service providers fetch: metadata and certificate. Served from memory; and who fetched, since that
//! tells who knows the next key.

use std::{collections::BTreeSet, sync::Arc};

use sha2::{Digest, Sha256};

use crate::{
    keys::{pem, ring::Ring},
    model::{
        application::{EntityId, Slug},
        id::KeyId,
        installation::Installation,
        key::Certificate,
        rollover::{Draft, Follow, How},
        text::hex,
    },
    provider::{Parts, Provider, error::Error, visitor::Visitor},
    saml::{
        metadata::idp::{self, Description},
        signer::Signer,
    },
};

pub use crate::saml::metadata::idp::MEDIA_TYPE;

/// How much is kept of what a fetcher calls itself, in characters.
const LONGEST_AGENT: usize = 120;

/// Everything that is published in one generation.
#[derive(Debug)]
pub struct Publication {
    /// Our metadata.
    pub metadata: Arc<str>,
    /// Changes whenever `metadata` does: its SHA-256.
    pub tag: String,
    /// The certificate of the key that signs.
    pub active: Certificate,
    /// The certificate of the key that signs next.
    pub next: Option<Certificate>,
    /// The key that service providers have to learn, while one takes over from another.
    pub learning: Option<KeyId>,
    /// Names that have a metadata address before they have an application.
    pub drafts: Vec<Draft>,
}

impl Publication {
    pub(in crate::provider) fn of(
        parts: &Parts,
        installation: &Installation,
        ring: &Ring,
        signer: &Signer,
        drafts: Vec<Draft>,
    ) -> Result<Self, Error> {
        let description = Description {
            entity_id: &installation.entity_id,
            endpoints: &parts.endpoints,
            certificates: &ring.published(),
        };
        let metadata = idp::write(description, parts.policy.sign_metadata.then_some(signer))?;
        let learning = match (&ring.next, &ring.previous) {
            (Some(next), _) => Some(next.id),
            (None, Some(_)) => Some(ring.active.id),
            (None, None) => None,
        };
        Ok(Self {
            tag: hex(&Sha256::digest(metadata.as_bytes())),
            metadata: metadata.into(),
            active: ring.active.certificate.clone(),
            next: ring.next.as_ref().map(|key| key.certificate.clone()),
            learning,
            drafts,
        })
    }
}

/// A document and the tag that changes with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// The document.
    pub body: Arc<str>,
    /// Its SHA-256 in hex.
    pub tag: String,
    /// The key that whoever fetches this is to learn, where it is not known yet that it has.
    pub to_learn: Option<KeyId>,
}

/// Which of the published certificates is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Which {
    /// The one in use.
    Active,
    /// The one that will be.
    Next,
}

/// Who is known to have fetched, so that each is written down once.
#[derive(Debug, Default)]
pub(in crate::provider) struct Noted {
    key: Option<KeyId>,
    slugs: BTreeSet<Slug>,
}

impl Noted {
    fn contains(&self, slug: &Slug, key: KeyId) -> bool {
        self.key == Some(key) && self.slugs.contains(slug)
    }

    fn add(&mut self, slug: Slug, key: KeyId) {
        if self.key != Some(key) {
            self.key = Some(key);
            self.slugs.clear();
        }
        self.slugs.insert(slug);
    }
}

impl Provider {
    /// Our metadata, at the address that everybody shares.
    pub fn metadata(&self) -> Result<Published, Error> {
        let snapshot = self.at_hand()?;
        Ok(Published {
            body: Arc::clone(&snapshot.publication.metadata),
            tag: snapshot.publication.tag.clone(),
            to_learn: None,
        })
    }

    /// The same at an address of one application or draft; none if there is no such name.
    pub fn metadata_for(&self, slug: &Slug) -> Result<Option<Published>, Error> {
        let snapshot = self.at_hand()?;
        let publication = &snapshot.publication;
        let is_known =
            snapshot.by_slug(slug).is_some() || publication.drafts.iter().any(|draft| draft.slug == *slug);
        if !is_known {
            return Ok(None);
        }
        let noted = self.0.noted.lock().map_err(|_poisoned| Error::Poisoned)?;
        Ok(Some(Published {
            body: Arc::clone(&publication.metadata),
            tag: publication.tag.clone(),
            to_learn: publication.learning.filter(|key| !noted.contains(slug, *key)),
        }))
    }

    /// Notes that whoever the address of `slug` was given to has fetched metadata that names `key`.
    pub fn note_fetch(
        &self,
        slug: Slug,
        key: KeyId,
        visitor: &Visitor,
        agent: Option<&str>,
    ) -> Result<(), Error> {
        let follow = Follow {
            slug,
            key,
            how: How::Fetched,
            at: self.now(),
            address: Some(visitor.address),
            agent: agent.map(|text| text.chars().take(LONGEST_AGENT).collect()),
        };
        if self.store().write(|tx| tx.add_follow(&follow))? {
            tracing::info!(
                application = %follow.slug,
                key = %key,
                agent = follow.agent,
                "an application has fetched the metadata that names the new signing key"
            );
        }
        let mut noted = self.0.noted.lock().map_err(|_poisoned| Error::Poisoned)?;
        noted.add(follow.slug, key);
        Ok(())
    }

    /// A published certificate; none where no key is prepared.
    pub fn published_certificate(&self, which: Which) -> Result<Option<Certificate>, Error> {
        let snapshot = self.at_hand()?;
        Ok(match which {
            Which::Active => Some(snapshot.publication.active.clone()),
            Which::Next => snapshot.publication.next.clone(),
        })
    }

    /// The certificate of the key that signs, and the same as PEM.
    pub fn certificate_pem(&self) -> Result<(Certificate, String), Error> {
        let certificate = self.at_hand()?.publication.active.clone();
        let pem = pem::certificate_pem(&certificate.der);
        Ok((certificate, pem))
    }

    /// Our name to every service provider.
    pub fn entity_id(&self) -> Result<EntityId, Error> {
        Ok(self.at_hand()?.installation.entity_id.clone())
    }
}

/// A certificate as PEM.
pub fn pem_of(certificate: &Certificate) -> String {
    pem::certificate_pem(&certificate.der)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn each_fetch_is_new_once_for_a_key() {
        let key = |chance: u8| KeyId::new(DateTime::UNIX_EPOCH, [chance; 10]);
        let slug = |text: &str| Slug::parse(text).unwrap();
        let mut noted = Noted::default();
        assert!(!noted.contains(&slug("wiki"), key(1)));
        noted.add(slug("wiki"), key(1));
        assert!(noted.contains(&slug("wiki"), key(1)));
        assert!(!noted.contains(&slug("other"), key(1)));
        assert!(!noted.contains(&slug("wiki"), key(2)));
        noted.add(slug("other"), key(2));
        assert!(!noted.contains(&slug("wiki"), key(1)) && !noted.contains(&slug("wiki"), key(2)));
    }
}
