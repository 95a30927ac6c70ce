//! Metadata from elsewhere: fetching, importing and refreshing it.

mod aggregate;
mod change;
mod confirm;
mod delisting;
mod enable;
mod entity;
mod import;
mod list;
mod refresh;
mod report;
mod schedule;

use std::{
    fmt,
    io::{self, Read},
    time::Duration,
};

use crate::{
    fetch::{self, Document},
    model::remedy::{Remediable, Remedy},
    provider::{applications::BadApplication, error::Error},
    saml::metadata::{
        aggregate as aggregate_reader,
        sp::{self, BadMetadata},
    },
};

pub use crate::{
    model::metadata_source::{
        ApplicationMetadataSource, EnableRule, ImportedEntitySummary, MetadataSource, MetadataSourceKind,
        MetadataUrl, PendingChange,
    },
    provider::metadata_sources::{
        confirm::{ChangeReviewOutcome, ProposedChange},
        enable::EnableOutcome,
        entity::ObtainedMetadata,
        import::{DEFAULT_LONGEST_VALIDITY, ImportOutcome, ImportRequest},
        list::SourceOverview,
        refresh::RefreshOutcome,
        report::UpdateReport,
    },
};

pub(in crate::provider) use crate::provider::metadata_sources::entity::FollowChange;

/// The largest aggregate, in bytes.
pub const MAX_AGGREGATE_BYTES: u64 = 200 * 1024 * 1024;
/// How long fetching the metadata of one entity may take.
const ENTITY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long fetching an aggregate may take.
const AGGREGATE_TIMEOUT: Duration = Duration::from_mins(10);

/// A progress report during an import.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportProgress {
    /// Bytes fetched so far.
    Fetched(u64),
    /// Bytes of the document verified so far.
    Verified(u64),
    /// Entities read so far.
    ReadEntities(usize),
}

/// Where to read metadata from.
pub enum MetadataInput<'p> {
    Url(MetadataUrl),
    /// A file or a pipe.
    Reader(&'p mut dyn Read),
}

impl fmt::Debug for MetadataInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.debug_tuple("Url").field(url).finish(),
            Self::Reader(_) => f.write_str("Reader"),
        }
    }
}

/// Receives progress reports.
pub type OnProgress<'t> = &'t mut dyn FnMut(ImportProgress);

/// Why metadata is not accepted, as a message for the administrator. What was accepted before remains in force.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    /// The application cannot be registered as the metadata describes it.
    #[error(transparent)]
    Application(#[from] BadApplication),
    #[error("the metadata is no UTF-8 text")]
    NotText,
    /// There is no ACS to send Responses to.
    #[error("the metadata names no AssertionConsumerService over HTTP-POST")]
    NoAcs,
    /// So many entities are missing that the publisher has most likely made a mistake.
    #[error("{delisted} of {listed} entities are missing in it; nothing was taken away")]
    TooManyDelisted {
        delisted: usize,
        /// How many entities were listed before.
        listed: usize,
        /// The source.
        name: String,
    },
    /// The copy is outdated: it was replayed, or its publisher reverted to it.
    #[error("this copy is older than the one in force: {why}; nothing was taken")]
    OlderCopy {
        why: String,
        /// The source.
        name: String,
        /// Whether it was fetched from a URL; else it was read from a file.
        is_fetched: bool,
    },
    /// An error of our own.
    #[error("it could not be stored: {0}")]
    Internal(#[source] Box<Error>),
    #[error("the metadata cannot be read: {0}")]
    Unreadable(io::Error),
    /// Another process is working on the source.
    #[error("it is being fetched already, by another process; try again in a minute")]
    Busy,
}

impl Remediable for SourceError {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Metadata(bad) => bad.remedy(),
            Self::Application(bad) => bad.remedy(),
            Self::Internal(error) => error.remedy(),
            Self::TooManyDelisted { name, .. } => Some(Remedy::AcceptDelisting { source: name.clone() }),
            Self::OlderCopy { name, is_fetched, .. } => Some(Remedy::AcceptOlderCopy {
                source: name.clone(),
                is_fetched: *is_fetched,
            }),
            Self::Fetch(_) | Self::NotText | Self::NoAcs | Self::Unreadable(_) | Self::Busy => None,
        }
    }
}

impl From<aggregate_reader::Error> for SourceError {
    fn from(error: aggregate_reader::Error) -> Self {
        match error {
            aggregate_reader::Error::Bad(bad) => Self::Metadata(bad),
            aggregate_reader::Error::Io(error) => Self::Unreadable(error),
        }
    }
}

/// The text of one entity's metadata.
fn read_text(document: Document) -> Result<String, SourceError> {
    let mut bytes = Vec::new();
    let mut file = document.file;
    file.read_to_end(&mut bytes).map_err(fetch::Error::Unreadable)?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(BadMetadata::Utf16.into());
    }
    String::from_utf8(bytes).map_err(|_why| SourceError::NotText)
}

fn max_entity_bytes() -> u64 {
    u64::try_from(sp::MAX_FILE).unwrap_or(u64::MAX)
}
