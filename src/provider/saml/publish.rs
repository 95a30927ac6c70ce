//! What service providers fetch: metadata and certificate. Served from memory; and who fetched, since that
//! tells who knows the next key.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, MutexGuard},
};

use sha2::{Digest, Sha256};

use crate::{
    keys::{pem, ring::Ring},
    model::{
        application::{EntityId, Slug},
        id::KeyId,
        installation::Installation,
        key::Certificate,
        rollover::{Draft, Fetch, Follow, How},
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

/// How many fetchers of one application are noted that came to its own address.
const MOST_OWN: i64 = 50;
/// How many that came to an address which anybody can guess.
const MOST_HINTS: i64 = 10;
/// How many are remembered without asking the database.
const MOST_REMEMBERED: usize = 4096;

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
    /// The key that whoever fetches this at an address of its own is to learn.
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

/// Who came for metadata, and to which address.
#[derive(Clone, Debug)]
pub struct Came {
    /// The name in the address.
    pub slug: Slug,
    /// What stands behind it.
    pub token: Option<String>,
    /// What the fetcher calls itself (`User-Agent`).
    pub agent: Option<String>,
}

/// A fetcher, and the address that it came to.
type Fetcher = (Slug, Option<String>, IpAddr, Option<String>);

/// Who has been seen fetching, so that the database is asked once.
#[derive(Debug, Default)]
pub(in crate::provider) struct Noted {
    key: Option<KeyId>,
    fetchers: BTreeSet<Fetcher>,
}

impl Noted {
    fn contains(&self, key: KeyId, fetcher: &Fetcher) -> bool {
        self.key == Some(key) && self.fetchers.contains(fetcher)
    }

    fn add(&mut self, key: KeyId, fetcher: Fetcher) {
        if self.key != Some(key) {
            self.key = Some(key);
            self.fetchers.clear();
        }
        // Anybody may call themselves by a new name each time: whoever is not remembered is asked for again.
        if self.fetchers.len() < MOST_REMEMBERED {
            self.fetchers.insert(fetcher);
        }
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

    /// The same at an address of one application or draft. Whatever name is asked for, the answer is the same.
    pub fn metadata_for(&self, slug: &Slug) -> Result<Published, Error> {
        let snapshot = self.at_hand()?;
        let publication = &snapshot.publication;
        let is_known =
            snapshot.by_slug(slug).is_some() || publication.drafts.iter().any(|draft| draft.slug == *slug);
        Ok(Published {
            body: Arc::clone(&publication.metadata),
            tag: publication.tag.clone(),
            to_learn: publication.learning.filter(|_key| is_known),
        })
    }

    /// The metadata address that an application or a draft is given; none if there is no such name.
    pub fn metadata_url_of(&self, slug: &Slug) -> Result<Option<String>, Error> {
        let token = self.store().read(|tx| tx.metadata_token(slug))?;
        Ok(token.map(|token| self.endpoints().metadata_of(slug, &token)))
    }

    /// Notes who has fetched metadata that names `key` at an address with the name `slug`. With the token that only
    /// this application or draft was given, it is evidence that it trusts the key; without, a hint.
    pub fn note_fetch(&self, came: Came, key: KeyId, visitor: &Visitor) -> Result<(), Error> {
        let Came { slug, token, agent } = came;
        let agent: Option<String> = agent.map(|text| text.chars().take(LONGEST_AGENT).collect());
        let fetcher = (slug.clone(), token.clone(), visitor.address, agent.clone());
        if self.noted()?.contains(key, &fetcher) {
            return Ok(());
        }
        let mut fetch = Fetch {
            key,
            slug,
            is_own: false,
            address: Some(visitor.address),
            agent,
            at: self.now(),
        };
        let is_new = self.store().read(|tx| {
            let given = tx.metadata_token(&fetch.slug)?;
            fetch.is_own = token.is_some() && token == given;
            tx.is_new_fetch(&fetch)
        })?;
        if is_new {
            let most = if fetch.is_own { MOST_OWN } else { MOST_HINTS };
            // Whoever pastes the address into a chat is not the application, and neither is the chat.
            let is_evidence = fetch.is_own && !fetch.agent.as_deref().is_some_and(looks_at_links);
            let follow = Follow {
                slug: fetch.slug.clone(),
                key,
                how: How::Fetched,
                at: fetch.at,
                address: fetch.address,
                agent: fetch.agent.clone(),
            };
            let follows = self.store().write(|tx| {
                tx.add_fetch(&fetch, most)?;
                Ok(is_evidence && tx.add_follow(&follow)?)
            })?;
            if follows {
                tracing::info!(
                    application = %follow.slug,
                    key = %key,
                    agent = follow.agent,
                    "an application has fetched the metadata that names the new signing key"
                );
            }
        }
        self.noted()?.add(key, fetcher);
        Ok(())
    }

    fn noted(&self) -> Result<MutexGuard<'_, Noted>, Error> {
        self.0.noted.lock().map_err(|_poisoned| Error::Poisoned)
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

/// What chats, mail scanners and search engines call themselves, in lower case.
const LOOKERS: [&str; 14] = [
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
fn looks_at_links(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    LOOKERS.iter().any(|part| agent.contains(part))
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
    fn what_looks_at_links_is_no_application() {
        for agent in [
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "facebookexternalhit/1.1",
            "Googlebot/2.1",
        ] {
            assert!(looks_at_links(agent), "{agent}");
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
            assert!(!looks_at_links(agent), "{agent}");
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
        let mut noted = Noted::default();
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
        for n in 0..2 * MOST_REMEMBERED {
            noted.add(key(2), from("wiki", Some(&n.to_string())));
        }
        assert_eq!(noted.fetchers.len(), MOST_REMEMBERED);
    }
}
