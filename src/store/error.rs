//! What the store failed at.

use std::{error::Error as StdError, path::PathBuf};

/// Why the store did not answer. Nothing here prints a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address of the database cannot be read.
    #[error("the database URL {0}")]
    Url(&'static str),
    /// The database could not be opened.
    #[error("the database cannot be opened: {0}")]
    Connect(String),
    /// The file of the database could not be made.
    #[error("the database file {path} cannot be made")]
    CreateFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A newer program changed the tables beyond what this one understands.
    #[error("the database was changed by a newer version; run {oldest_binary} or later")]
    TooNew {
        /// The oldest version that still can.
        oldest_binary: String,
    },
    /// The tables could not be brought up to date; they are as they were.
    #[error("the database could not be brought up to date")]
    Migration(#[source] Box<dyn StdError + Send + Sync>),
    /// The copy that is made before a change of the tables failed; nothing was changed.
    #[error("the copy {path} of the database could not be made")]
    Backup {
        /// Where it was to be.
        path: PathBuf,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A row that this program could not have written.
    #[error("{table} {id} cannot be read")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which.
        id: String,
    },
    /// The database refused or failed.
    #[error("the database failed")]
    Database(#[from] diesel::result::Error),
    /// The server takes requests and answers none.
    #[error("the database does not answer")]
    Unresponsive,
    /// The file that was opened is not there any more, or its name is another file's.
    #[error("the database file {path} is gone, or another file has its name")]
    FileMissing {
        /// Which.
        path: PathBuf,
    },
    /// No connection came free in time.
    #[error("no database connection")]
    Pool(#[from] diesel::r2d2::PoolError),
}

impl Error {
    /// Whether the server is not there, or went away.
    pub fn is_unavailable(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error as DieselError};
        match self {
            Self::Connect(_) | Self::Pool(_) | Self::Unresponsive => true,
            Self::Database(DieselError::DatabaseError(kind, _)) => matches!(
                kind,
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
            ),
            Self::Database(_)
            | Self::Url(_)
            | Self::CreateFile { .. }
            | Self::FileMissing { .. }
            | Self::TooNew { .. }
            | Self::Migration(_)
            | Self::Backup { .. }
            | Self::Corrupt { .. } => false,
        }
    }

    /// Whether a row was gone that had to be there.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Database(diesel::result::Error::NotFound))
    }

    /// Whether trying again in a moment may help: the server is away, or all connections are taken.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Pool(_) | Self::Unresponsive | Self::FileMissing { .. } => true,
            Self::Database(error) => !matches!(error, diesel::result::Error::NotFound),
            Self::Url(_)
            | Self::CreateFile { .. }
            | Self::TooNew { .. }
            | Self::Migration(_)
            | Self::Backup { .. }
            | Self::Corrupt { .. } => false,
        }
    }
}

/// The row that is being read, for the error that says it cannot be.
#[derive(Debug)]
pub(super) struct RowContext {
    table: &'static str,
    id: String,
}

impl RowContext {
    pub(super) fn new(table: &'static str, id: &str) -> Self {
        Self {
            table,
            id: id.to_owned(),
        }
    }

    /// The value, or that this row is corrupt.
    pub(super) fn valid<T, E>(&self, value: Result<T, E>) -> Result<T, Error> {
        self.required(value.ok())
    }

    /// The value, or that this row is corrupt.
    pub(super) fn required<T>(&self, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| Error::Corrupt {
            table: self.table,
            id: self.id.clone(),
        })
    }

    /// The value behind an optional column.
    pub(super) fn optional<T, V, E>(
        &self,
        value: Option<V>,
        parse: impl FnOnce(V) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        value.map(|value| self.valid(parse(value))).transpose()
    }
}
