//! Metadata that comes from elsewhere: fetched, taken up, and fetched again.

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
        import::{ImportOutcome, ImportRequest},
        list::SourceOverview,
        refresh::RefreshOutcome,
        report::UpdateReport,
    },
};

/// The longest aggregate, in bytes.
pub const MAX_AGGREGATE_BYTES: u64 = 200 * 1024 * 1024;
/// How long one entity's metadata may take to come.
const ENTITY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long an aggregate may.
const AGGREGATE_TIMEOUT: Duration = Duration::from_mins(10);

/// What is heard while an aggregate is taken up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportProgress {
    /// So many bytes were fetched.
    Fetched(u64),
    /// So many bytes of the whole are verified.
    Verified(u64),
    /// So many entities were read.
    ReadEntities(usize),
}

/// Where metadata is read.
pub enum MetadataInput<'p> {
    /// At an address.
    Url(MetadataUrl),
    /// In a file, or a pipe.
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

/// Hears of progress.
pub type OnProgress<'t> = &'t mut dyn FnMut(ImportProgress);

/// Why metadata is not taken, in words for the administrator; what was known before goes on.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// It cannot be used.
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    /// The application cannot be as it says.
    #[error(transparent)]
    Application(#[from] BadApplication),
    /// Not text.
    #[error("the metadata is no UTF-8 text")]
    NotText,
    /// Nowhere to send responses to.
    #[error("the metadata names no AssertionConsumerService over HTTP-POST")]
    NoAcs,
    /// A slip of who publishes it, most likely.
    #[error(
        "{delisted} of {listed} entities are missing in it; nothing was taken away. If that is meant: `hallpass app source {name} --refresh --force`"
    )]
    TooManyDelisted {
        /// How many are missing.
        delisted: usize,
        /// How many there were.
        listed: usize,
        /// The source's name.
        name: String,
    },
    /// Somebody hands out an old copy, or its publisher went back to it.
    #[error(
        "this copy is older than the one in force: {why}; nothing was taken. Ask its publisher; if it is meant: `{command}`"
    )]
    OlderCopy {
        /// By what that is known.
        why: String,
        /// What takes it all the same.
        command: String,
    },
    /// What we failed at.
    #[error("it could not be stored: {0}")]
    Internal(#[source] Box<Error>),
    /// It could not be read.
    #[error("the metadata cannot be read: {0}")]
    Unreadable(io::Error),
    /// Somebody else works on it.
    #[error("it is being fetched already, by another process; try again in a minute")]
    Busy,
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
