//! The status of a rollover: which keys are published, and which applications trust the new one.

use std::{collections::BTreeMap, net::IpAddr};

use chrono::{DateTime, Utc};

use crate::{
    crypto::pem,
    model::{
        application::{ApplicationKind, Slug},
        id::KeyId,
        key::{Certificate, KeyState},
        rollover::{AdoptionSource, KeyAdoption, MetadataFetch},
        use_case::UseCase,
    },
    provider::{error::Error, handle::Keys, key_rows},
};

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublishedKey {
    pub id: KeyId,
    pub state: KeyState,
    pub certificate: Certificate,
    /// When it was generated or imported.
    pub created_at: DateTime<Utc>,
    /// When it entered this state.
    pub since: DateTime<Utc>,
}

/// Why an application is believed to trust a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdoptionEvidence {
    /// It fetched metadata that contains the key, from the metadata address that only it was given.
    Fetched {
        at: DateTime<Utc>,
        address: Option<IpAddr>,
        agent: Option<String>,
    },
    /// An administrator confirmed it.
    Confirmed { at: DateTime<Utc> },
    /// It was registered when this key was already active.
    RegisteredWith,
}

/// An application or a draft, and whether it trusts the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdoptionStatus {
    pub slug: Slug,
    /// The display name.
    pub name: String,
    /// `None` for a draft.
    pub kind: Option<ApplicationKind>,
    pub enabled: bool,
    /// Why it is believed to trust the key; `None` if it is not.
    pub evidence: Option<AdoptionEvidence>,
    /// Its own metadata address.
    pub metadata_url: String,
    /// Fetches of metadata that contains the key, both from its own address and from the address without a token, which
    /// anybody can guess.
    pub fetches: Vec<MetadataFetch>,
}

/// The status of a rollover.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rollover {
    /// The active key, the next one, the previous one.
    pub keys: Vec<PublishedKey>,
    /// The key that every application has to trust, while a rollover is in progress.
    pub key_to_adopt: Option<KeyId>,
    /// Applications by name, then drafts; empty if no rollover is in progress.
    pub adoptions: Vec<AdoptionStatus>,
}

impl Rollover {
    pub fn key(&self, state: KeyState) -> Option<&PublishedKey> {
        self.keys.iter().find(|key| key.state == state)
    }

    /// The enabled applications that are not known to trust the key: sign-in to them would fail.
    pub fn not_adopted(&self) -> impl Iterator<Item = &AdoptionStatus> {
        self.adoptions
            .iter()
            .filter(|adoption| adoption.enabled && adoption.kind.is_some() && adoption.evidence.is_none())
    }
}

impl Keys<'_> {
    /// The status of the rollover, as stored now.
    pub fn rollover(&self) -> Result<Rollover, Error> {
        self.may(UseCase::ReadKeys)?;
        let snapshot = self.fresh_snapshot()?;
        let rows = key_rows::readable(self.store())?;
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
        for application in snapshot.applications.iter() {
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
        for draft in snapshot.drafts.iter() {
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
