//! How a rollover stands: which keys are published, and who trusts the one that takes over.

use std::{collections::BTreeMap, net::IpAddr};

use chrono::{DateTime, Utc};

use crate::{
    keys::pem,
    model::{
        application::{ApplicationKind, Slug},
        id::KeyId,
        key::{Certificate, KeyState},
        rollover::{AdoptionSource, KeyAdoption, MetadataFetch},
    },
    provider::{Provider, error::Error},
    store::Tx,
};

/// A key that is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublishedKey {
    /// Its row.
    pub id: KeyId,
    /// What it is for.
    pub state: KeyState,
    /// Its certificate.
    pub certificate: Certificate,
    /// When it was made or imported.
    pub created_at: DateTime<Utc>,
    /// Since when it is in this state.
    pub since: DateTime<Utc>,
}

/// Why it is believed that somebody trusts a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdoptionEvidence {
    /// Metadata that names it was fetched from the address that only they were given.
    Fetched {
        /// When.
        at: DateTime<Utc>,
        /// From where.
        address: Option<IpAddr>,
        /// What the fetcher called itself.
        agent: Option<String>,
    },
    /// An administrator said so.
    Confirmed {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was registered when this key signed already.
    RegisteredWith,
}

/// An application or a draft, and whether it follows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdoptionStatus {
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// What it is; none for a draft.
    pub kind: Option<ApplicationKind>,
    /// Whether anybody can sign in to it.
    pub enabled: bool,
    /// Why it is believed that it follows; none where it is not.
    pub evidence: Option<AdoptionEvidence>,
    /// The metadata address that it was given, or is to be given.
    pub metadata_url: String,
    /// Who has fetched the metadata that names the key, there and at the address that anybody can guess.
    pub fetches: Vec<MetadataFetch>,
}

/// How a rollover stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rollover {
    /// The published keys: the one that signs, the next, the previous.
    pub keys: Vec<PublishedKey>,
    /// The key that everybody has to trust, while one takes over from another.
    pub key_to_adopt: Option<KeyId>,
    /// Applications by name, then drafts; empty where no rollover is under way.
    pub adoptions: Vec<AdoptionStatus>,
}

impl Rollover {
    /// The published key in this state.
    pub fn key(&self, state: KeyState) -> Option<&PublishedKey> {
        self.keys.iter().find(|key| key.state == state)
    }

    /// The enabled applications that are not known to follow: sign-in to them would break.
    pub fn not_adopted(&self) -> impl Iterator<Item = &AdoptionStatus> {
        self.adoptions
            .iter()
            .filter(|one| one.enabled && one.kind.is_some() && one.evidence.is_none())
    }
}

impl Provider {
    /// How the rollover under way stands, as the database says now.
    pub fn rollover(&self) -> Result<Rollover, Error> {
        let snapshot = self.fresh_snapshot()?;
        let rows = self.store().read(Tx::signing_keys)?;
        let mut keys = Vec::new();
        for state in [KeyState::Active, KeyState::Next, KeyState::Previous] {
            for row in rows.iter().filter(|row| row.state == state) {
                keys.push(PublishedKey {
                    id: row.id,
                    state,
                    certificate: pem::parse_certificate(&row.certificate)?,
                    created_at: row.created_at,
                    since: row.since,
                });
            }
        }
        let mut rollover = Rollover {
            keys,
            key_to_adopt: None,
            adoptions: Vec::new(),
        };
        let next = rollover.key(KeyState::Next);
        let has_previous = rollover.key(KeyState::Previous).is_some();
        let active = rollover.key(KeyState::Active).filter(|_key| has_previous);
        let Some(key_to_adopt) = next.or(active).cloned() else {
            return Ok(rollover);
        };
        let (follows, fetches, tokens) = self.store().read(|tx| {
            Ok((
                tx.key_adoptions(key_to_adopt.id)?,
                tx.metadata_fetches(key_to_adopt.id)?,
                tx.metadata_tokens()?,
            ))
        })?;
        let follows: BTreeMap<Slug, KeyAdoption> = follows
            .into_iter()
            .map(|follow| (follow.slug.clone(), follow))
            .collect();
        let mut of_slug: BTreeMap<Slug, Vec<MetadataFetch>> = BTreeMap::new();
        for fetch in fetches {
            of_slug.entry(fetch.slug.clone()).or_default().push(fetch);
        }
        let mut about = |slug: &Slug| {
            let token = tokens.get(slug).map_or("", String::as_str);
            let url = self.endpoints().metadata_for(slug, token);
            (url, of_slug.remove(slug).unwrap_or_default())
        };
        let mut adoptions = Vec::new();
        for application in &snapshot.applications {
            let (metadata_url, fetches) = about(&application.slug);
            let signed_already =
                key_to_adopt.state == KeyState::Active && application.created_at > key_to_adopt.since;
            adoptions.push(AdoptionStatus {
                slug: application.slug.clone(),
                name: application.name.clone(),
                kind: Some(application.kind),
                enabled: application.enabled,
                evidence: follows
                    .get(&application.slug)
                    .map(evidence)
                    .or(signed_already.then_some(AdoptionEvidence::RegisteredWith)),
                metadata_url,
                fetches,
            });
        }
        for draft in &snapshot.publication.drafts {
            let (metadata_url, fetches) = about(&draft.slug);
            adoptions.push(AdoptionStatus {
                slug: draft.slug.clone(),
                name: draft.name.clone(),
                kind: None,
                enabled: false,
                evidence: follows.get(&draft.slug).map(evidence),
                metadata_url,
                fetches,
            });
        }
        rollover.adoptions = adoptions;
        rollover.key_to_adopt = Some(key_to_adopt.id);
        Ok(rollover)
    }
}

fn evidence(follow: &KeyAdoption) -> AdoptionEvidence {
    match follow.source {
        AdoptionSource::Fetched => AdoptionEvidence::Fetched {
            at: follow.adopted_at,
            address: follow.address,
            agent: follow.user_agent.clone(),
        },
        AdoptionSource::Confirmed => AdoptionEvidence::Confirmed {
            at: follow.adopted_at,
        },
    }
}
