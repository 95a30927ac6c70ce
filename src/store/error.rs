//! Errors of the store.

use std::{error::Error as StdError, fmt, path::PathBuf};

/// Why the store failed. No message contains a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database URL is malformed.
    #[error("the database URL {0}")]
    Url(&'static str),
    #[error("the database cannot be opened: {0}")]
    Connect(String),
    /// The database file could not be created.
    #[error("the database file {path} cannot be made")]
    CreateFile { path: PathBuf, source: std::io::Error },
    /// A newer program changed the tables in a way that this one does not understand.
    #[error("the database was changed by a newer version; run {oldest_binary} or later")]
    TooNew {
        /// The oldest version that still can use them.
        oldest_binary: String,
    },
    /// A migration failed; the tables are unchanged.
    #[error("the database could not be brought up to date")]
    Migration(#[source] Box<dyn StdError + Send + Sync>),
    /// The backup before a migration failed; nothing was changed.
    #[error("the copy {path} of the database could not be made")]
    Backup {
        /// The intended path of the backup.
        path: PathBuf,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A row holds a value that this program could not have written.
    #[error("{table} {id} cannot be read{}", column.map(|name| format!(": {name}")).unwrap_or_default())]
    Corrupt {
        table: &'static str,
        id: String,
        /// The column that holds the value, if known.
        column: Option<&'static str>,
    },
    #[error("a column has a type that is not known: {0}")]
    UnknownColumnType(String),
    /// Two databases of one version have the same tables.
    #[error("the table {0} has other columns in the two databases: they are of different versions")]
    DifferentTables(&'static str),
    #[error("{expected} rows of {table} were copied, and {found} have arrived")]
    RowsMissing {
        table: &'static str,
        expected: i64,
        found: i64,
    },
    #[error(
        "somebody changed the database meanwhile, so nothing was copied: stop every daemon, run no other command, and try again"
    )]
    ChangedMeanwhile,
    /// Nothing was written.
    #[error("somebody else changed people or groups at the same moment, so nothing was imported: try again")]
    PeopleChanged,
    #[error("the rows of {table} could not be copied")]
    Copy {
        table: &'static str,
        #[source]
        source: Box<Self>,
    },
    #[error("this would leave no owner who can sign in, and so nobody who could administer it")]
    NoOwnerLeft,
    /// A statement failed.
    #[error("the database failed")]
    Database(#[from] diesel::result::Error),
    /// The server accepts connections but does not answer.
    #[error("the database does not answer")]
    Unresponsive,
    /// The file that was opened no longer exists, or its path names another file.
    #[error("the database file {path} is gone, or another file has its name")]
    FileMissing { path: PathBuf },
    /// No connection became free in time.
    #[error("no database connection")]
    Pool(#[from] diesel::r2d2::PoolError),
}

impl Error {
    /// Whether the server cannot be reached, or the connection was lost.
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
            | Self::Corrupt { .. }
            | Self::UnknownColumnType(_)
            | Self::DifferentTables(_)
            | Self::RowsMissing { .. }
            | Self::ChangedMeanwhile
            | Self::NoOwnerLeft
            | Self::PeopleChanged
            | Self::Copy { .. } => false,
        }
    }

    /// Whether a row holds a value that this program cannot read.
    pub const fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Corrupt { .. } | Self::Database(diesel::result::Error::DeserializationError(_))
        )
    }

    /// Whether a row that must exist was not found.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Database(diesel::result::Error::NotFound))
    }

    /// Whether a retry in a moment may succeed: the server is away, or all connections are in use.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Pool(_) | Self::Unresponsive | Self::FileMissing { .. } => true,
            Self::Database(error) => !matches!(error, diesel::result::Error::NotFound),
            Self::Url(_)
            | Self::CreateFile { .. }
            | Self::TooNew { .. }
            | Self::Migration(_)
            | Self::Backup { .. }
            | Self::Corrupt { .. }
            | Self::UnknownColumnType(_)
            | Self::DifferentTables(_)
            | Self::RowsMissing { .. }
            | Self::ChangedMeanwhile
            | Self::NoOwnerLeft
            | Self::PeopleChanged
            | Self::Copy { .. } => false,
        }
    }
}

/// The row being read, for the error that reports it as corrupt.
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

    /// Returns the value, or [`Error::Corrupt`] for this row.
    pub(super) fn valid<T, E>(&self, value: Result<T, E>) -> Result<T, Error> {
        self.required(value.ok())
    }

    /// Returns the value, or [`Error::Corrupt`] for this row.
    pub(super) fn required<T>(&self, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| Error::Corrupt {
            table: self.table,
            id: self.id.clone(),
            column: None,
        })
    }

    /// A column of this row.
    pub(super) const fn column(&self, column: &'static str) -> Column<'_> {
        Column { row: self, column }
    }

    /// Parses the value of a nullable column.
    pub(super) fn optional<T, V, E>(
        &self,
        value: Option<V>,
        parse: impl FnOnce(V) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        value.map(|value| self.valid(parse(value))).transpose()
    }
}

/// The column being read, for the error that reports its value as unreadable.
#[derive(Debug)]
pub(super) struct Column<'r> {
    row: &'r RowContext,
    column: &'static str,
}

impl Column<'_> {
    pub(super) fn unreadable(&self) -> Error {
        Error::Corrupt {
            table: self.row.table,
            id: self.row.id.clone(),
            column: Some(self.column),
        }
    }

    /// Returns the value, or [`Error::Corrupt`] for this column.
    pub(super) fn valid<T, E>(&self, value: Result<T, E>) -> Result<T, Error> {
        self.required(value.ok())
    }

    /// Returns the value, or [`Error::Corrupt`] for this column.
    pub(super) fn required<T>(&self, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.unreadable())
    }
}

impl fmt::Display for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.row.table, self.column)
    }
}
