//! Who knows of a new signing key: applications, and drafts of applications.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::model::{application::Slug, id::KeyId};

/// How it is known that somebody trusts a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AdoptionSource {
    /// It fetched metadata that names the key from its own address.
    Fetched,
    /// An administrator says so.
    Confirmed,
}

/// That an application or a draft knows a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyAdoption {
    /// Whose metadata address it is.
    pub slug: Slug,
    /// The key.
    pub key: KeyId,
    /// How that is known.
    pub source: AdoptionSource,
    /// Since when.
    pub adopted_at: DateTime<Utc>,
    /// Who fetched, as far as it can be seen.
    pub address: Option<IpAddr>,
    /// What it called itself (`User-Agent`).
    pub user_agent: Option<String>,
}

/// That somebody has fetched metadata which names a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataFetch {
    /// The key.
    pub key: KeyId,
    /// Whose name stands in the address.
    pub slug: Slug,
    /// At the address that only that one was given. At another one anybody can have come.
    pub is_own: bool,
    /// From where.
    pub address: Option<IpAddr>,
    /// What the fetcher called itself (`User-Agent`).
    pub user_agent: Option<String>,
    /// When, for the first time.
    pub first_fetched_at: DateTime<Utc>,
}

/// An application that waits for its own values: it has a name and a metadata address, no more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationDraft {
    /// Its name in addresses, and later the application's.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Since when it waits.
    pub created_at: DateTime<Utc>,
}
