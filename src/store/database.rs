//! The ways into the database: read, write, write for a sign-on.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{
    RunQueryDsl,
    r2d2::{Pool, PooledConnection},
};

use crate::{
    model::secret::Secret,
    store::{
        address::Address,
        connection::Tx,
        error::Error,
        lane::{Lane, Lent},
        pool::{Kept, Manager, Role},
        pulse::Pulse,
    },
};

/// Connections for what nobody waits for, on a server: housekeeping, metadata, and what looks each second.
const BESIDE_REQUESTS: u32 = 2;

/// The database. Work for a request goes through [`Store::for_requests`], which does not wait without an end.
#[derive(Clone)]
pub struct Store {
    pub(super) address: Address,
    readers: Pool<Manager>,
    writers: Pool<Manager>,
    /// What requests use on a server.
    lane: Option<Arc<Lane>>,
    hurried: bool,
    health: Arc<Health>,
}

/// What is known of the database without asking it.
#[derive(Debug)]
struct Health {
    pulse: Pulse,
    /// Which file was opened, by device and number.
    file: Option<(PathBuf, u64, u64)>,
    gone: AtomicBool,
}

/// A connection, from either pool.
enum Borrowed<'s> {
    Pooled(PooledConnection<Manager>),
    Lent(Lent<'s>),
}

impl Borrowed<'_> {
    fn kept(&mut self) -> &mut Kept {
        match self {
            Self::Pooled(connection) => connection,
            Self::Lent(lent) => lent.kept(),
        }
    }
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
        let (readers, writers, lane) = match address {
            // SQLite has one writer at a time; those who wait for it wait in the pool, in turn.
            Address::Sqlite(_) => (
                manager(Role::Reader).pool(size)?,
                manager(Role::Writer).pool(1)?,
                None,
            ),
            Address::Postgres(_) => {
                let both = manager(Role::Writer).pool(size.min(BESIDE_REQUESTS))?;
                let lane = Lane::new(manager(Role::Request), size)?;
                (both.clone(), both, Some(Arc::new(lane)))
            }
        };
        let file = address.file().and_then(|path| {
            let found = fs::metadata(path).ok()?;
            Some((path.to_owned(), found.dev(), found.ino()))
        });
        Ok(Self {
            address,
            readers,
            writers,
            lane,
            hurried: false,
            health: Arc::new(Health {
                pulse: Pulse::default(),
                file,
                gone: AtomicBool::new(false),
            }),
        })
    }

    /// The same database, for what a person waits for: on a server no statement takes longer than five seconds, and
    /// connections that hang are left behind.
    #[must_use]
    pub fn for_requests(&self) -> Self {
        Self {
            hurried: true,
            ..self.clone()
        }
    }

    /// Whether the database is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.address.file().is_some()
    }

    /// Whether the database took a write within the last five seconds, and refused none.
    pub fn takes_writes(&self) -> bool {
        self.health.pulse.beats(Instant::now())
    }

    /// How long ago the last write was made.
    pub fn last_write(&self) -> Option<Duration> {
        self.health.pulse.age(Instant::now())
    }

    /// That the file which was opened is still the one that bears its name; what is written to another would be
    /// lost with it. Says once that it is not.
    pub fn in_place(&self) -> Result<(), Error> {
        let Some((path, device, number)) = &self.health.file else {
            return Ok(());
        };
        let is_here = fs::metadata(path).is_ok_and(|found| found.dev() == *device && found.ino() == *number);
        let was_gone = self.health.gone.swap(!is_here, Ordering::Relaxed);
        if is_here {
            if was_gone {
                tracing::warn!(path = %path.display(), "the database file is back in its place");
            }
            return Ok(());
        }
        if !was_gone {
            tracing::error!(
                path = %path.display(),
                "the database file is gone, or another file has its name: nobody is served. Put back the one that was opened, or stop Hallpass, restore the database, and start it again"
            );
        }
        Err(Error::Gone { path: path.clone() })
    }

    /// Reads. `work` is done a second time if the server went away meanwhile, as at its restart.
    pub fn read<T>(&self, mut work: impl FnMut(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        self.in_place()?;
        let mut borrowed = self.borrow(false)?;
        let done = borrowed.kept().run(&mut work);
        if !borrowed.kept().is_lost() {
            return done;
        }
        if let Borrowed::Lent(lent) = &borrowed
            && lent.is_given_up()
        {
            return done;
        }
        drop(borrowed);
        self.living(false)?.kept().run(work)
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

    /// Takes what was deleted out of SQLite's write-ahead log too; `false` where a reader held it up for longer than
    /// five seconds. A server keeps what was deleted in files that this knows nothing of: nothing is done there.
    pub fn purge_deleted(&self) -> Result<bool, Error> {
        if !self.is_sqlite() {
            return Ok(true);
        }
        let mut writer = self.writers.get()?;
        writer.run(|tx| {
            let done: Checkpoint =
                diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut tx.0)?;
            Ok(done.busy == 0)
        })
    }

    /// An error after `work` was done may stand for a write that holds: it is never done a second time.
    fn commit<T>(&self, durable: bool, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        let done = self.committed(durable, work);
        self.health.pulse.note(&done, Instant::now());
        done
    }

    fn committed<T>(
        &self,
        durable: bool,
        work: impl FnOnce(&mut Tx) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.in_place()?;
        let mut borrowed = self.borrow(true)?;
        let begun = borrowed.kept().begin(durable);
        if borrowed.kept().is_lost() {
            // Nothing was done yet, so that it can begin again on another connection.
            drop(borrowed);
            borrowed = self.living(true)?;
            borrowed.kept().begin(durable)?;
        } else {
            begun?;
        }
        let kept = borrowed.kept();
        let done = kept.run(work);
        kept.finish(done)
    }

    fn borrow(&self, to_write: bool) -> Result<Borrowed<'_>, Error> {
        Ok(match &self.lane {
            Some(lane) if self.hurried => Borrowed::Lent(lane.get()?),
            Some(_) | None if to_write => Borrowed::Pooled(self.writers.get()?),
            Some(_) | None => Borrowed::Pooled(self.readers.get()?),
        })
    }

    /// A connection that answers: those that a restart of the server cut are dropped on the way.
    fn living(&self, to_write: bool) -> Result<Borrowed<'_>, Error> {
        let most = match &self.lane {
            Some(lane) if self.hurried => lane.size(),
            Some(_) | None if to_write => self.writers.max_size(),
            Some(_) | None => self.readers.max_size(),
        };
        for _ in 0..most {
            let mut borrowed = self.borrow(to_write)?;
            if borrowed.kept().answers() {
                return Ok(borrowed);
            }
        }
        self.borrow(to_write)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.address).finish()
    }
}

/// What SQLite says of a checkpoint.
#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}
