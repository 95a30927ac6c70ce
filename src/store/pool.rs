//! How connections are opened and pooled.

use std::{sync::Arc, time::Duration};

use diesel::{
    connection::{AnsiTransactionManager, SimpleConnection},
    pg::PgConnection,
    prelude::*,
    r2d2::{ManageConnection, NopErrorHandler, Pool, R2D2Connection},
    result::{DatabaseErrorKind, Error as DieselError},
    sqlite::SqliteConnection,
};

use crate::store::{
    connection::{AnyConnection, Tx},
    database_url::DatabaseUrl,
    error::Error,
};

/// What a connection is used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ConnectionKind {
    /// Read only, which SQLite enforces.
    Reader,
    Writer,
    /// Reads and writes for a request: on a server, each statement is limited to
    /// [`STATEMENT_TIMEOUT`].
    Request,
    /// Rebuilds tables, with foreign keys off: SQLite would delete the child rows of a table that
    /// is dropped to be replaced.
    Migrator,
}

/// How long a server may work on one statement of a request. It never applies to COMMIT: one that
/// is cancelled while it waits for a synchronous standby is reported as done.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub(super) struct ConnectionManager {
    pub(super) url: Arc<DatabaseUrl>,
    pub(super) kind: ConnectionKind,
}

/// How often, and after which pause, opening a SQLite file that is locked is tried again: two
/// seconds in all.
const LOCKED_RETRIES: u32 = 100;
const LOCKED_PAUSE: Duration = Duration::from_millis(20);

impl ConnectionManager {
    /// A pool of at most `size` connections, opened on demand.
    pub(super) fn build_pool(self, size: u32) -> Result<Pool<Self>, Error> {
        let builder = Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(0))
            .connection_timeout(match &*self.url {
                DatabaseUrl::Sqlite(_) => Duration::from_secs(2),
                // With several hosts, time may pass before the first is found unreachable.
                DatabaseUrl::Postgres(_) => Duration::from_secs(5),
            })
            .test_on_check_out(false)
            .error_handler(Box::new(NopErrorHandler));
        // A file does not move to another host: its connections need no renewal, and no thread that
        // checks for it.
        let builder = match &*self.url {
            DatabaseUrl::Sqlite(_) => builder.idle_timeout(None).max_lifetime(None),
            DatabaseUrl::Postgres(_) => builder,
        };
        Ok(builder.build(self)?)
    }

    /// Opens a connection; the error holds the full reason, without secrets.
    pub(super) fn open(&self) -> Result<AnyConnection, Error> {
        self.establish()
            .map_err(|why| Error::Connect(one_line(&self.url.scrub(&why))))
    }

    fn establish(&self) -> Result<AnyConnection, String> {
        match &*self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path).map_err(|error| error.to_string())?;
                let mut left = LOCKED_RETRIES;
                loop {
                    match conn.batch_execute(self.pragmas()) {
                        Ok(()) => return Ok(AnyConnection::Sqlite(conn)),
                        // SQLite does not wait by itself while another process creates the
                        // write-ahead log.
                        Err(error) if left > 0 && error.to_string().contains("locked") => {
                            left -= 1;
                            std::thread::park_timeout(LOCKED_PAUSE);
                        }
                        Err(error) => return Err(error.to_string()),
                    }
                }
            }
            DatabaseUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(url.expose()).map_err(|error| error.to_string())?;
                // A server may be configured to acknowledge commits that a power failure can still
                // undo.
                conn.batch_execute(
                    "SELECT set_config('synchronous_commit', 'on', false) \
                     WHERE current_setting('synchronous_commit') = 'off'",
                )
                .map_err(|error| error.to_string())?;
                if self.kind == ConnectionKind::Request {
                    conn.batch_execute(&format!(
                        "SET statement_timeout = {}",
                        STATEMENT_TIMEOUT.as_millis()
                    ))
                    .map_err(|error| error.to_string())?;
                }
                Ok(AnyConnection::Postgres(conn))
            }
        }
    }

    /// Writers overwrite what they delete (`secure_delete`), so that no destroyed private key
    /// remains in the file.
    fn pragmas(&self) -> &'static str {
        match self.kind {
            ConnectionKind::Reader => {
                "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA query_only = ON;"
            }
            ConnectionKind::Writer | ConnectionKind::Request => {
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 4000; PRAGMA secure_delete = ON;"
            }
            ConnectionKind::Migrator => {
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = OFF;"
            }
        }
    }
}

/// Puts a multi-line message of libpq on one line.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl ManageConnection for ConnectionManager {
    type Connection = PooledConnection;
    type Error = Error;

    fn connect(&self) -> Result<PooledConnection, Error> {
        Ok(PooledConnection {
            tx: Tx(self.open()?),
            durable: true,
            has_statement_timeout: self.kind == ConnectionKind::Request,
            lost: false,
        })
    }

    fn is_valid(&self, connection: &mut PooledConnection) -> Result<(), Error> {
        Ok(connection.tx.0.ping()?)
    }

    /// Drops the connection after a panic: the next user must not inherit an open transaction.
    fn has_broken(&self, connection: &mut PooledConnection) -> bool {
        std::thread::panicking() || connection.lost || connection.tx.0.is_broken()
    }
}

/// A connection and its state.
pub(super) struct PooledConnection {
    tx: Tx,
    /// Whether SQLite syncs each commit to disk on this connection.
    durable: bool,
    /// Whether the server limits the time of its statements.
    has_statement_timeout: bool,
    /// Whether the connection to the server was lost.
    lost: bool,
}

impl PooledConnection {
    /// Runs `work`, and records whether the connection was lost.
    pub(super) fn run<T>(&mut self, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        let result = work(&mut self.tx);
        self.note_loss(result)
    }

    /// Begins a transaction. On SQLite it takes the write lock at once, because a later upgrade of
    /// the lock cannot wait.
    pub(super) fn begin(&mut self, durable: bool) -> Result<(), Error> {
        let begun = match &mut self.tx.0 {
            AnyConnection::Postgres(c) => {
                AnsiTransactionManager::begin_transaction_sql(c, "BEGIN ISOLATION LEVEL READ COMMITTED")
            }
            AnyConnection::Sqlite(c) => {
                if self.durable != durable {
                    // The pragma has no effect inside a transaction, so it comes first.
                    c.batch_execute(if durable {
                        "PRAGMA synchronous = FULL"
                    } else {
                        "PRAGMA synchronous = NORMAL"
                    })?;
                    self.durable = durable;
                }
                AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
            }
        };
        self.note_loss(begun.map_err(Error::from))
    }

    /// Commits if `result` is `Ok`, else rolls back. COMMIT has no time limit.
    pub(super) fn commit_or_roll_back<T>(&mut self, mut result: Result<T, Error>) -> Result<T, Error> {
        if result.is_ok()
            && self.has_statement_timeout
            && let AnyConnection::Postgres(c) = &mut self.tx.0
            && let Err(error) = c.batch_execute("SET LOCAL statement_timeout = 0")
        {
            result = Err(error.into());
        }
        let result = self.tx.commit_or_roll_back(result);
        self.note_loss(result)
    }

    /// Whether the server responds.
    pub(super) fn ping(&mut self) -> bool {
        self.lost |= self.tx.0.ping().is_err();
        !self.lost
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    fn note_loss<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Database(DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ))) = &result
        {
            self.lost = true;
        }
        result
    }
}
