//! What service providers fetch: metadata and certificates, served from memory. Also records who fetched them: that
//! shows which applications know the next key.

use std::sync::{Arc, MutexGuard};

use crate::{
    crypto::pem,
    model::{
        application::{EntityId, Slug},
        id::KeyId,
        key::Certificate,
        rollover::{AdoptionSource, KeyAdoption, MetadataFetch},
    },
    provider::{
        error::Error, handle::Saml, key_rows, keys::ring::KeyRing, saml::fetch_log::FetchLog,
        visitor::Visitor,
    },
    store::Tx,
};

pub use crate::saml::metadata::idp::MEDIA_TYPE;

/// The longest `User-Agent` that is stored, in characters.
const MAX_AGENT_CHARS: usize = 120;

/// How many fetchers are recorded per application at its own metadata address.
const MAX_OWN_FETCHERS: i64 = 50;
/// How many fetchers are recorded per application at the address without a valid token, which anybody can guess.
const MAX_GUESSED_FETCHERS: i64 = 10;

/// A document with its entity tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublishedMetadata {
    pub body: Arc<str>,
    /// SHA-256 in hex.
    pub etag: String,
    /// The key that an application comes to know by fetching this from its own address.
    pub key_to_adopt: Option<KeyId>,
}

/// Which of the published certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertificateSlot {
    Active,
    Next,
}

/// A fetch of metadata from the address of an application.
#[derive(Clone, Debug)]
pub struct MetadataRequest {
    /// The slug in the URL.
    pub slug: Slug,
    /// The token after the slug.
    pub token: Option<String>,
    /// `User-Agent`.
    pub agent: Option<String>,
}

impl Saml<'_> {
    /// Our metadata, at the shared address.
    pub fn metadata(&self) -> Result<PublishedMetadata, Error> {
        let snapshot = self.cached_snapshot()?;
        Ok(PublishedMetadata {
            body: Arc::clone(&snapshot.publication.metadata),
            etag: snapshot.publication.etag.clone(),
            key_to_adopt: None,
        })
    }

    /// The metadata at the address of one application or draft. The response is the same for every slug, known or not.
    pub fn metadata_for(&self, slug: &Slug) -> Result<PublishedMetadata, Error> {
        let snapshot = self.cached_snapshot()?;
        let publication = &snapshot.publication;
        let is_known =
            snapshot.by_slug(slug).is_some() || snapshot.drafts.iter().any(|draft| draft.slug == *slug);
        Ok(PublishedMetadata {
            body: Arc::clone(&publication.metadata),
            etag: publication.etag.clone(),
            key_to_adopt: publication.key_to_adopt.filter(|_key| is_known),
        })
    }

    /// The metadata address of an application or a draft; `None` if there is no such slug.
    pub fn metadata_url(&self, slug: &Slug) -> Result<Option<String>, Error> {
        let token = self.store().read(|tx| tx.metadata_token(slug))?;
        Ok(token.map(|token| self.endpoints().metadata_for(slug, &token)))
    }

    /// Records who fetched metadata that contains `key` at the address of `slug`. With the token that only this
    /// application or draft was given, this is evidence that it trusts the key; without, only a hint.
    pub fn note_fetch(&self, request: MetadataRequest, key: KeyId, visitor: &Visitor) -> Result<(), Error> {
        let MetadataRequest { slug, token, agent } = request;
        let agent: Option<String> = agent.map(|text| text.chars().take(MAX_AGENT_CHARS).collect());
        let fetcher = (slug.clone(), token.clone(), visitor.address, agent.clone());
        if self.fetch_log()?.contains(key, &fetcher) {
            return Ok(());
        }
        let mut fetch = MetadataFetch {
            key,
            slug,
            is_own: false,
            address: Some(visitor.address),
            user_agent: agent,
            first_fetched_at: self.now(),
        };
        let is_new = self.store().read(|tx| {
            let given = tx.metadata_token(&fetch.slug)?;
            fetch.is_own = token.is_some() && token == given;
            tx.is_new_metadata_fetch(&fetch)
        })?;
        if is_new {
            let max = if fetch.is_own {
                MAX_OWN_FETCHERS
            } else {
                MAX_GUESSED_FETCHERS
            };
            // A chat program that previews the pasted address is not the application.
            let is_evidence = fetch.is_own && !fetch.user_agent.as_deref().is_some_and(is_link_preview);
            let adoption = KeyAdoption {
                slug: fetch.slug.clone(),
                key,
                source: AdoptionSource::Fetched,
                adopted_at: fetch.first_fetched_at,
                address: fetch.address,
                user_agent: fetch.user_agent.clone(),
            };
            let follows = self.store().write(|tx| {
                tx.add_metadata_fetch(&fetch, max)?;
                Ok(is_evidence && tx.add_key_adoption(&adoption)?)
            })?;
            if follows {
                tracing::info!(
                    application = %adoption.slug,
                    key = %key,
                    agent = adoption.user_agent,
                    "an application has fetched the metadata that names the new signing key"
                );
            }
        }
        self.fetch_log()?.add(key, fetcher);
        Ok(())
    }

    fn fetch_log(&self) -> Result<MutexGuard<'_, FetchLog>, Error> {
        self.0.fetch_log.lock().map_err(|_poisoned| Error::Poisoned)
    }

    /// A published certificate; `None` if no next key is prepared.
    pub fn published_certificate(&self, which: CertificateSlot) -> Result<Option<Certificate>, Error> {
        let (active, next) = self.certificates()?;
        Ok(match which {
            CertificateSlot::Active => Some(active),
            CertificateSlot::Next => next,
        })
    }

    /// The certificate of the active key, also as PEM.
    pub fn certificate_pem(&self) -> Result<(Certificate, String), Error> {
        let (certificate, _next) = self.certificates()?;
        let pem = pem::certificate_to_pem(&certificate.der);
        Ok((certificate, pem))
    }

    /// Our entity ID.
    pub fn entity_id(&self) -> Result<EntityId, Error> {
        if let Some(snapshot) = self.loaded_snapshot()? {
            return Ok(snapshot.installation.entity_id.clone());
        }
        let stored = self.store().read(Tx::installation).map_err(Error::of_own_row)?;
        Ok(stored.ok_or(Error::NotInitialized("entity ID"))?.entity_id)
    }

    /// The certificates of the active and of the next key. A command has no snapshot yet, and reads the keys alone: all
    /// applications would take it long.
    fn certificates(&self) -> Result<(Certificate, Option<Certificate>), Error> {
        if let Some(snapshot) = self.loaded_snapshot()? {
            let publication = &snapshot.publication;
            return Ok((publication.active.clone(), publication.next.clone()));
        }
        let ring = KeyRing::open(
            &key_rows::readable(self.store())?,
            &self.dependencies().sealing_key,
        )?;
        Ok((ring.active.certificate, ring.next.map(|key| key.certificate)))
    }
}

/// Parts of the `User-Agent` of chat programs, mail scanners and search engines, in lower case.
const LINK_PREVIEW_AGENTS: [&str; 14] = [
    "bot",
    "crawl",
    "spider",
    "preview",
    "slack",
    "facebookexternalhit",
    "whatsapp",
    "telegram",
    "skype",
    "teams",
    "discord",
    "mattermost",
    "safelinks",
    "scanner",
];

/// Whether this is a program that only previews links.
fn is_link_preview(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    LINK_PREVIEW_AGENTS.iter().any(|part| agent.contains(part))
}

pub fn to_pem(certificate: &Certificate) -> String {
    pem::certificate_to_pem(&certificate.der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_previews_are_not_applications() {
        for agent in [
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "facebookexternalhit/1.1",
            "Googlebot/2.1",
        ] {
            assert!(is_link_preview(agent), "{agent}");
        }
        for agent in [
            "Shibboleth/3.4.1 OpenSAML/3.2.1",
            "python-requests/2.31",
            "curl/8.5.0",
            "okhttp/4",
            "OpenAI",
            "Go-http-client/2.0",
            "Java/17",
        ] {
            assert!(!is_link_preview(agent), "{agent}");
        }
    }
}
