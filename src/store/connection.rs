//! One connection type over both databases, and the transaction that every query is a method of.

use std::fmt;

use diesel::{
    connection::{AnsiTransactionManager, TransactionManager},
    pg::PgConnection,
    prelude::*,
    sqlite::SqliteConnection,
};

use crate::store::error::Error;

/// Writes one statement for both databases where the union cannot speak it (`ON CONFLICT`).
macro_rules! with_backend {
    ($conn:expr, |$c:ident| $query:expr) => {
        match $conn {
            $crate::store::connection::AnyConnection::Postgres($c) => $query,
            $crate::store::connection::AnyConnection::Sqlite($c) => $query,
        }
    };
}
pub(super) use with_backend;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub(super) enum AnyConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

type Transactions = <AnyConnection as Connection>::TransactionManager;

/// The database in use; every query is a method of it.
pub struct Tx(pub(super) AnyConnection);

impl Tx {
    /// Does `work` on one state of the database, however many statements it takes. Within
    /// [`Store::write`] it does nothing more.
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

    /// Keeps what was done, or takes it back. That `work` failed says more than that its rollback did:
    /// the pool drops such a connection, and the database forgets what it began.
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

/// What became of an edit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EditOutcome {
    /// It is written.
    Done,
    /// Somebody else edited it since, or it is gone: read it again.
    Stale,
    /// Another row holds a value that only one may have.
    Taken,
}
