//! What service providers fetch: metadata and certificate. Served from memory; and who fetched, since that
//! tells who knows the next key.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, MutexGuard},
};

use sha2::{Digest, Sha256};

use crate::{
    keys::{pem, ring::KeyRing},
    model::{
        application::{EntityId, Slug},
        id::KeyId,
        installation::Installation,
        key::Certificate,
        rollover::{AdoptionSource, ApplicationDraft, KeyAdoption, MetadataFetch},
        text::hex,
    },
    provider::{Dependencies, Provider, error::Error, visitor::Visitor},
    saml::{
        metadata::idp::{self, IdpMetadata},
        signer::Signer,
    },
};

pub use crate::saml::metadata::idp::MEDIA_TYPE;

/// How much is kept of what a fetcher calls itself, in characters.
const MAX_AGENT_CHARS: usize = 120;

/// How many fetchers of one application are noted that came to its own address.
const MAX_OWN_FETCHERS: i64 = 50;
/// How many that came to an address which anybody can guess.
const MAX_GUESSED_FETCHERS: i64 = 10;
/// How many are remembered without asking the database.
const MAX_REMEMBERED: usize = 4096;

/// Everything that is published in one generation.
#[derive(Debug)]
pub struct Publication {
    /// Our metadata.
    pub metadata: Arc<str>,
    /// Changes whenever `metadata` does: its SHA-256.
    pub etag: String,
    /// The certificate of the key that signs.
    pub active: Certificate,
    /// The certificate of the key that signs next.
    pub next: Option<Certificate>,
    /// The key that service providers have to learn, while one takes over from another.
    pub key_to_adopt: Option<KeyId>,
    /// Names that have a metadata address before they have an application.
    pub drafts: Vec<ApplicationDraft>,
}

impl Publication {
    pub(in crate::provider) fn new(
        parts: &Dependencies,
        installation: &Installation,
        ring: &KeyRing,
        signer: &Signer,
        drafts: Vec<ApplicationDraft>,
    ) -> Result<Self, Error> {
        let description = IdpMetadata {
            entity_id: &installation.entity_id,
            endpoints: &parts.endpoints,
            certificates: &ring.published(),
        };
        let metadata = idp::write(description, parts.policy.sign_metadata.then_some(signer))?;
        let key_to_adopt = match (&ring.next, &ring.previous) {
            (Some(next), _) => Some(next.id),
            (None, Some(_)) => Some(ring.active.id),
            (None, None) => None,
        };
        Ok(Self {
            etag: hex(&Sha256::digest(metadata.as_bytes())),
            metadata: metadata.into(),
            active: ring.active.certificate.clone(),
            next: ring.next.as_ref().map(|key| key.certificate.clone()),
            key_to_adopt,
            drafts,
        })
    }
}

/// A document and the tag that changes with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublishedMetadata {
    /// The document.
    pub body: Arc<str>,
    /// Its SHA-256 in hex.
    pub etag: String,
    /// The key that whoever fetches this at an address of its own is to learn.
    pub key_to_adopt: Option<KeyId>,
}

/// Which of the published certificates is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertificateSlot {
    /// The one in use.
    Active,
    /// The one that will be.
    Next,
}

/// Who came for metadata, and to which address.
#[derive(Clone, Debug)]
pub struct MetadataRequest {
    /// The name in the address.
    pub slug: Slug,
    /// What stands behind it.
    pub token: Option<String>,
    /// What the fetcher calls itself (`User-Agent`).
    pub agent: Option<String>,
}

/// A fetcher, and the address that it came to.
type FetcherIdentity = (Slug, Option<String>, IpAddr, Option<String>);

/// Who has been seen fetching, so that the database is asked once.
#[derive(Debug, Default)]
pub(in crate::provider) struct FetchLog {
    key: Option<KeyId>,
    fetches: BTreeSet<FetcherIdentity>,
}

impl FetchLog {
    fn contains(&self, key: KeyId, fetcher: &FetcherIdentity) -> bool {
        self.key == Some(key) && self.fetches.contains(fetcher)
    }

    fn add(&mut self, key: KeyId, fetcher: FetcherIdentity) {
        if self.key != Some(key) {
            self.key = Some(key);
            self.fetches.clear();
        }
        // Anybody may call themselves by a new name each time: whoever is not remembered is asked for again.
        if self.fetches.len() < MAX_REMEMBERED {
            self.fetches.insert(fetcher);
        }
    }
}

impl Provider {
    /// Our metadata, at the address that everybody shares.
    pub fn metadata(&self) -> Result<PublishedMetadata, Error> {
        let snapshot = self.cached_snapshot()?;
        Ok(PublishedMetadata {
            body: Arc::clone(&snapshot.publication.metadata),
            etag: snapshot.publication.etag.clone(),
            key_to_adopt: None,
        })
    }

    /// The same at an address of one application or draft. Whatever name is asked for, the answer is the same.
    pub fn metadata_for(&self, slug: &Slug) -> Result<PublishedMetadata, Error> {
        let snapshot = self.cached_snapshot()?;
        let publication = &snapshot.publication;
        let is_known =
            snapshot.by_slug(slug).is_some() || publication.drafts.iter().any(|draft| draft.slug == *slug);
        Ok(PublishedMetadata {
            body: Arc::clone(&publication.metadata),
            etag: publication.etag.clone(),
            key_to_adopt: publication.key_to_adopt.filter(|_key| is_known),
        })
    }

    /// The metadata address that an application or a draft is given; none if there is no such name.
    pub fn metadata_url(&self, slug: &Slug) -> Result<Option<String>, Error> {
        let token = self.store().read(|tx| tx.metadata_token(slug))?;
        Ok(token.map(|token| self.endpoints().metadata_for(slug, &token)))
    }

    /// Notes who has fetched metadata that names `key` at an address with the name `slug`. With the token that only
    /// this application or draft was given, it is evidence that it trusts the key; without, a hint.
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
            // Whoever pastes the address into a chat is not the application, and neither is the chat.
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

    /// A published certificate; none where no key is prepared.
    pub fn published_certificate(&self, which: CertificateSlot) -> Result<Option<Certificate>, Error> {
        let snapshot = self.cached_snapshot()?;
        Ok(match which {
            CertificateSlot::Active => Some(snapshot.publication.active.clone()),
            CertificateSlot::Next => snapshot.publication.next.clone(),
        })
    }

    /// The certificate of the key that signs, and the same as PEM.
    pub fn certificate_pem(&self) -> Result<(Certificate, String), Error> {
        let certificate = self.cached_snapshot()?.publication.active.clone();
        let pem = pem::certificate_to_pem(&certificate.der);
        Ok((certificate, pem))
    }

    /// Our name to every service provider.
    pub fn entity_id(&self) -> Result<EntityId, Error> {
        Ok(self.cached_snapshot()?.installation.entity_id.clone())
    }
}

/// What chats, mail scanners and search engines call themselves, in lower case.
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

/// Whether a program only looks at where a link leads.
fn is_link_preview(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    LINK_PREVIEW_AGENTS.iter().any(|part| agent.contains(part))
}

/// A certificate as PEM.
pub fn to_pem(certificate: &Certificate) -> String {
    pem::certificate_to_pem(&certificate.der)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

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

    #[test]
    fn each_fetch_is_new_once_for_a_key() {
        let key = |chance: u8| KeyId::new(DateTime::UNIX_EPOCH, [chance; 10]);
        let from = |slug: &str, token: Option<&str>| {
            let address: IpAddr = [192, 0, 2, 1].into();
            (
                Slug::parse(slug).unwrap(),
                token.map(str::to_owned),
                address,
                None,
            )
        };
        let mut noted = FetchLog::default();
        assert!(!noted.contains(key(1), &from("wiki", None)));
        noted.add(key(1), from("wiki", None));
        assert!(noted.contains(key(1), &from("wiki", None)));
        assert!(!noted.contains(key(1), &from("wiki", Some("x"))));
        assert!(!noted.contains(key(1), &from("other", None)));
        assert!(!noted.contains(key(2), &from("wiki", None)));
        noted.add(key(2), from("other", None));
        for gone in [key(1), key(2)] {
            assert!(!noted.contains(gone, &from("wiki", None)));
        }
        for n in 0..2 * MAX_REMEMBERED {
            noted.add(key(2), from("wiki", Some(&n.to_string())));
        }
        assert_eq!(noted.fetches.len(), MAX_REMEMBERED);
    }
}
