//! The signing keys, their rollover, and the sealing key.

use serde::Serialize;

use crate::{
    api_model::{application::kind_name, time::format_rfc3339},
    model::{
        key::{Certificate, KeyState},
        rollover::MetadataFetch,
    },
    provider::keys::{AdoptionEvidence, AdoptionStatus, PublishedKey, Rollover},
};

/// The state of the keys, as `key roll status` prints it, and every step of a rollover.
#[derive(Debug, Serialize)]
pub struct KeyStatusOutput {
    pub keys: Vec<KeyOutput>,
    /// SHA-256 of the certificate that every application has to trust; none where no rollover is under way.
    pub learning: Option<String>,
    pub missing: usize,
    pub applications: Vec<KeyAdoptionOutput>,
    /// Sentences for people, as `next_step` is: their wording may change.
    pub warnings: Vec<String>,
    pub next_step: String,
}

#[derive(Debug, Serialize)]
pub struct KeyOutput {
    pub state: &'static str,
    pub sha256: String,
    pub subject: String,
    pub not_before: String,
    pub not_after: String,
    pub since: String,
}

/// Whether an application trusts the key that takes over, and how that is known.
#[derive(Debug, Serialize)]
pub struct KeyAdoptionOutput {
    pub slug: String,
    pub name: String,
    pub kind: &'static str,
    pub enabled: bool,
    pub follows: bool,
    pub how: Option<&'static str>,
    pub at: Option<String>,
    pub address: Option<String>,
    pub agent: Option<String>,
    pub metadata_url: String,
    pub fetchers: Vec<MetadataFetchOutput>,
    /// A sentence for people; its wording may change.
    pub todo: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct MetadataFetchOutput {
    pub at: String,
    pub address: Option<String>,
    pub agent: Option<String>,
    /// Whether it was at the address that only this application was given; else the fetch is only a hint.
    pub own_address: bool,
}

/// What `key reseal` did.
#[derive(Debug, Serialize)]
pub struct ResealOutput<'a> {
    /// How many private keys were sealed with the new key.
    pub keys: usize,
    /// The file from which the next start reads the sealing key.
    pub seal_key_file: &'a str,
    /// Whether that file already holds the new sealing key.
    pub in_place: bool,
    /// Whether the database files no longer contain what was sealed before; none for a database server.
    pub purged: Option<bool>,
}

/// The sentences of the state of the keys, in the words of whoever prints it.
#[derive(Debug)]
pub struct KeyStatusWords {
    pub warnings: Vec<String>,
    pub next_step: String,
    /// What to do about an application that is not known to trust the key.
    pub todo: fn(&AdoptionStatus) -> String,
}

impl KeyStatusOutput {
    pub fn new(rollover: &Rollover, texts: KeyStatusWords) -> Self {
        let learning = rollover
            .keys
            .iter()
            .find(|key| Some(key.id) == rollover.key_to_adopt);
        Self {
            keys: rollover.keys.iter().map(KeyOutput::from).collect(),
            learning: learning.map(|key| key.certificate.sha256.clone()),
            missing: rollover.not_adopted().count(),
            applications: rollover
                .adoptions
                .iter()
                .map(|adoption| KeyAdoptionOutput::new(adoption, texts.todo))
                .collect(),
            warnings: texts.warnings,
            next_step: texts.next_step,
        }
    }
}

impl From<&PublishedKey> for KeyOutput {
    fn from(key: &PublishedKey) -> Self {
        let Certificate {
            der: _,
            sha256,
            subject,
            not_before,
            not_after,
        } = &key.certificate;
        Self {
            state: state_name(key.state),
            sha256: sha256.clone(),
            subject: subject.clone(),
            not_before: format_rfc3339(*not_before),
            not_after: format_rfc3339(*not_after),
            since: format_rfc3339(key.since),
        }
    }
}

impl KeyAdoptionOutput {
    fn new(adoption: &AdoptionStatus, todo: fn(&AdoptionStatus) -> String) -> Self {
        let (how, at, address, agent) = match &adoption.evidence {
            Some(AdoptionEvidence::Fetched { at, address, agent }) => (
                Some("fetched"),
                Some(format_rfc3339(*at)),
                address.map(|address| address.to_string()),
                agent.clone(),
            ),
            Some(AdoptionEvidence::Confirmed { at }) => {
                (Some("confirmed"), Some(format_rfc3339(*at)), None, None)
            }
            Some(AdoptionEvidence::RegisteredWith) => (Some("registered"), None, None, None),
            None => (None, None, None, None),
        };
        Self {
            slug: adoption.slug.to_string(),
            name: adoption.name.clone(),
            kind: adoption.kind.map_or("draft", kind_name),
            enabled: adoption.enabled,
            follows: adoption.evidence.is_some(),
            how,
            at,
            address,
            agent,
            metadata_url: adoption.metadata_url.clone(),
            fetchers: adoption.fetches.iter().map(MetadataFetchOutput::from).collect(),
            todo: adoption.evidence.is_none().then(|| todo(adoption)),
        }
    }
}

impl From<&MetadataFetch> for MetadataFetchOutput {
    fn from(fetch: &MetadataFetch) -> Self {
        Self {
            at: format_rfc3339(fetch.first_fetched_at),
            address: fetch.address.map(|address| address.to_string()),
            agent: fetch.user_agent.clone(),
            own_address: fetch.is_own,
        }
    }
}

/// How JSON and text name the state of a key.
pub const fn state_name(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "next",
        KeyState::Active => "active",
        KeyState::Previous => "previous",
        KeyState::Retired => "retired",
    }
}
