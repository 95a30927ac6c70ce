//! One connection type for both databases, and the type [`Tx`] that has every query as a method.

use std::fmt;

use diesel::{
    connection::{AnsiTransactionManager, TransactionManager},
    pg::PgConnection,
    prelude::*,
    sqlite::SqliteConnection,
};

use crate::store::error::Error;

/// Compiles one statement for each backend, where diesel's `MultiConnection` does not support it
/// (`ON CONFLICT`).
macro_rules! with_backend {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::store::connection::AnyConnection::Postgres($c) => $query,
            $crate::store::connection::AnyConnection::Sqlite($c) => $query,
        }
    };
}
pub(super) use with_backend;

#[derive(diesel::MultiConnection)]
pub(super) enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

type Transactions = <AnyConnection as Connection>::TransactionManager;

/// A connection to the database, usually in a transaction. Every query is a method of it.
pub struct Tx(pub(super) AnyConnection);

impl Tx {
    /// Runs `work` on one snapshot of the database, however many statements it takes. Inside
    /// [`Store::write`] it only calls `work`.
    pub(super) fn repeatable_read<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if Transactions::transaction_manager_status_mut(&mut self.0)
            .transaction_depth()?
            .is_some()
        {
            return work(self);
        }
        match &mut self.0 {
            AnyConnection::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(
                c,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            )?,
            AnyConnection::Sqlite(c) => {
                AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?;
            }
        }
        let result = work(self);
        self.commit_or_roll_back(result)
    }

    /// Commits if `result` is `Ok`, else rolls back. The error of `work` is more useful than one
    /// from the rollback, which is ignored: the pool drops such a connection, and the database
    /// rolls back what it began.
    pub(super) fn commit_or_roll_back<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_ok() {
            Transactions::commit_transaction(&mut self.0)?;
        } else {
            drop(Transactions::rollback_transaction(&mut self.0));
        }
        result
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EditOutcome {
    Done,
    /// The row was edited or removed since it was read: read it again.
    Stale,
    /// Another row holds a value that must be unique.
    Taken,
}
