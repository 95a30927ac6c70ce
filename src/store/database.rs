//! The ways into the database: read, write, write for a sign-on.

use std::fmt;

use diesel::{
    prelude::*,
    r2d2::{Pool, PooledConnection},
};

use crate::{
    model::secret::Secret,
    store::{
        address::Address,
        connection::Tx,
        error::Error,
        pool::{Manager, Role},
    },
};

/// The database.
#[derive(Clone)]
pub struct Store {
    pub(super) address: Address,
    readers: Pool<Manager>,
    writers: Pool<Manager>,
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH` or `postgres://…`) with up to `size` connections, and
    /// leaves its tables as they are. A SQLite file that is not there is made.
    pub fn connect(url: &Secret<String>, size: u32) -> Result<Self, Error> {
        let address = Address::parse(url)?;
        address.found()?;
        let manager = |role| Manager {
            address: address.clone(),
            role,
        };
        // Fails at once and with the reason; a pool would wait, and try again.
        drop(manager(Role::Writer).open()?);
        let (readers, writers) = match address {
            // SQLite has one writer at a time; those who wait for it wait in the pool, in turn.
            Address::Sqlite(_) => (manager(Role::Reader).pool(size)?, manager(Role::Writer).pool(1)?),
            Address::Postgres(_) => {
                let both = manager(Role::Writer).pool(size)?;
                (both.clone(), both)
            }
        };
        Ok(Self {
            address,
            readers,
            writers,
        })
    }

    /// Whether the database is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.address.file().is_some()
    }

    /// Whether the database answers.
    pub fn ready(&self) -> Result<(), Error> {
        self.read(|tx| {
            diesel::sql_query("SELECT 1").execute(&mut tx.0)?;
            Ok(())
        })
    }

    /// Reads. `work` is done a second time if the server went away meanwhile, as at its restart.
    pub fn read<T>(&self, mut work: impl FnMut(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        let mut kept = self.readers.get()?;
        let done = kept.run(&mut work);
        if !kept.is_lost() {
            return done;
        }
        drop(kept);
        living(&self.readers)?.run(work)
    }

    /// Writes all of `work`, or nothing; when this returns, a power cut cannot undo it.
    pub fn write<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        self.commit(true, work)
    }

    /// Writes all of `work`, or nothing. On SQLite a power cut can undo the last moments of it, which
    /// costs a sign-on's record and not a decision; it spares each sign-on the wait for the disk.
    pub fn write_sign_on<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        self.commit(false, work)
    }

    fn commit<T>(&self, durable: bool, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        let mut kept = self.writers.get()?;
        let begun = kept.begin(durable);
        if kept.is_lost() {
            // Nothing was done yet, so that it can begin again on another connection.
            drop(kept);
            kept = living(&self.writers)?;
            kept.begin(durable)?;
        } else {
            begun?;
        }
        kept.run(|tx| {
            let done = work(tx);
            tx.finish(done)
        })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.address).finish()
    }
}

/// A connection that answers: those that a restart of the server cut are dropped on the way.
fn living(pool: &Pool<Manager>) -> Result<PooledConnection<Manager>, Error> {
    for _ in 0..pool.max_size() {
        let mut kept = pool.get()?;
        if kept.answers() {
            return Ok(kept);
        }
    }
    Ok(pool.get()?)
}
