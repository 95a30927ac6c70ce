//! Which applications, and drafts of applications, have adopted a new signing key.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::model::{application::Slug, id::KeyId};

/// How it is known that a key was adopted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AdoptionSource {
    /// The application fetched metadata that contains the key, from the URL that only it was given.
    Fetched,
    /// An administrator confirmed it.
    Confirmed,
}

/// Records that an application or a draft has adopted a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyAdoption {
    /// The application or the draft.
    pub slug: Slug,
    pub key: KeyId,
    pub source: AdoptionSource,
    pub adopted_at: DateTime<Utc>,
    /// The client that fetched, if it is known.
    pub address: Option<IpAddr>,
    /// `User-Agent` of the client.
    pub user_agent: Option<String>,
}

/// A fetch of metadata that contains a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataFetch {
    pub key: KeyId,
    /// The slug in the URL.
    pub slug: Slug,
    /// The URL was the one that only this application was given. Anybody can fetch from another one.
    pub is_own: bool,
    pub address: Option<IpAddr>,
    /// `User-Agent` of the client.
    pub user_agent: Option<String>,
    pub first_fetched_at: DateTime<Utc>,
}

/// An application that is not configured yet: it has only a name and a metadata URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationDraft {
    /// Its name in URLs, and later the application's.
    pub slug: Slug,
    /// The name for display.
    pub name: String,
    pub created_at: DateTime<Utc>,
}
