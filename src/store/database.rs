//! Access to the database: reads, durable writes, and relaxed writes for sign-ins.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::{
    RunQueryDsl,
    r2d2::{self, Pool},
};

use crate::{
    model::secret::Secret,
    store::{
        configuration_changes::ConfigTx,
        connection::Tx,
        database_url::DatabaseUrl,
        error::Error,
        pool::{ConnectionKind, ConnectionManager, PooledConnection},
        request_pool::{RequestConnection, RequestPool},
        write_health::WriteHealth,
    },
};

/// Connections to a server for work that no request waits for: housekeeping, metadata, and checks
/// made every second.
const BACKGROUND_CONNECTIONS: u32 = 2;

/// The database. Work for a request goes through [`Store::for_requests`], which bounds how long it
/// waits.
#[derive(Clone)]
pub struct Store {
    pub(super) url: Arc<DatabaseUrl>,
    readers: Pool<ConnectionManager>,
    writers: Pool<ConnectionManager>,
    /// The pool for requests; only with a PostgreSQL server.
    request_pool: Option<Arc<RequestPool>>,
    is_for_requests: bool,
    health: Arc<Health>,
}

/// What is known about the database without querying it.
#[derive(Debug)]
struct Health {
    writes: WriteHealth,
    /// The file that was opened: path, device number and inode number.
    file: Option<(PathBuf, u64, u64)>,
    is_file_missing: AtomicBool,
    /// When that was last looked at: microseconds since `opened`; 0 for never.
    file_checked: AtomicU64,
    opened: Instant,
}

/// How old the last look at the file may be: a request looks when it comes, and need not look again at each of its reads
/// and writes.
const FILE_CHECK_VALIDITY: Duration = Duration::from_millis(20);

impl Health {
    fn micros_open(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// A connection from either pool.
enum AcquiredConnection<'s> {
    Pooled(r2d2::PooledConnection<ConnectionManager>),
    ForRequest(RequestConnection<'s>),
}

impl AcquiredConnection<'_> {
    fn pooled(&mut self) -> &mut PooledConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::ForRequest(lent) => lent.pooled(),
        }
    }
}

impl Store {
    /// Opens the database at `url` (`sqlite:PATH` or `postgres://…`) with up to `size` connections.
    /// Runs no migration. A missing SQLite file is created.
    pub fn connect(url: &Secret<String>, size: u32) -> Result<Self, Error> {
        let address = Arc::new(DatabaseUrl::parse(url)?);
        address.create_file()?;
        let manager = |role| ConnectionManager {
            url: Arc::clone(&address),
            kind: role,
        };
        // Fails at once with the reason; a pool would retry until its timeout.
        drop(manager(ConnectionKind::Writer).open()?);
        let (readers, writers, request_pool) = match *address {
            // SQLite has one writer at a time; others wait in the pool, in order.
            DatabaseUrl::Sqlite(_) => (
                manager(ConnectionKind::Reader).build_pool(size)?,
                manager(ConnectionKind::Writer).build_pool(1)?,
                None,
            ),
            DatabaseUrl::Postgres(_) => {
                let both = manager(ConnectionKind::Writer).build_pool(size.min(BACKGROUND_CONNECTIONS))?;
                let request_pool = RequestPool::new(manager(ConnectionKind::Request), size)?;
                (both.clone(), both, Some(Arc::new(request_pool)))
            }
        };
        let file = address.file().and_then(|path| {
            let found = fs::metadata(path).ok()?;
            Some((path.to_owned(), found.dev(), found.ino()))
        });
        Ok(Self {
            url: address,
            readers,
            writers,
            request_pool,
            is_for_requests: false,
            health: Arc::new(Health {
                writes: WriteHealth::default(),
                file,
                is_file_missing: AtomicBool::new(false),
                file_checked: AtomicU64::new(0),
                opened: Instant::now(),
            }),
        })
    }

    /// The same database for requests that a user waits for: on a server no statement takes longer
    /// than five seconds, and connections that hang are abandoned.
    #[must_use]
    pub fn for_requests(&self) -> Self {
        Self {
            is_for_requests: true,
            ..self.clone()
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.file().is_some()
    }

    /// Whether a write succeeded within the last five seconds and none failed.
    pub fn accepts_writes(&self) -> bool {
        self.health.writes.is_healthy(Instant::now())
    }

    /// How long ago the last write was made.
    pub fn last_write_age(&self) -> Option<Duration> {
        self.health.writes.last_write_age(Instant::now())
    }

    /// Checks that the path still names the file that was opened: writes to a replaced file would
    /// be lost with it. Logs once when the file goes missing.
    pub fn check_file(&self) -> Result<(), Error> {
        let Some((path, device, number)) = &self.health.file else {
            return Ok(());
        };
        let is_here = fs::metadata(path).is_ok_and(|found| found.dev() == *device && found.ino() == *number);
        let was_gone = self.health.is_file_missing.swap(!is_here, Ordering::Relaxed);
        self.health
            .file_checked
            .store(self.health.micros_open(), Ordering::Release);
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
        Err(Error::FileMissing { path: path.clone() })
    }

    /// Like [`Self::check_file`], unless that was just done.
    fn ensure_file(&self) -> Result<(), Error> {
        let checked = self.health.file_checked.load(Ordering::Acquire);
        let age = Duration::from_micros(self.health.micros_open().saturating_sub(checked));
        let was_here = checked > 0 && !self.health.is_file_missing.load(Ordering::Relaxed);
        if was_here && age < FILE_CHECK_VALIDITY {
            return Ok(());
        }
        self.check_file()
    }

    /// Runs a read. `work` runs a second time if the connection to the server was lost, for example
    /// at its restart.
    pub fn read<T>(&self, mut work: impl FnMut(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        self.ensure_file()?;
        let mut acquired = self.acquire(false)?;
        let result = acquired.pooled().run(&mut work);
        if !acquired.pooled().is_lost() {
            return result;
        }
        if let AcquiredConnection::ForRequest(lent) = &acquired
            && lent.is_abandoned()
        {
            return result;
        }
        drop(acquired);
        self.acquire_verified(false)?.pooled().run(work)
    }

    /// Commits all of `work` or nothing. After this returns, a power failure cannot undo it.
    pub fn write<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        self.write_transaction(true, work)
    }

    /// Like [`write`](Self::write), for what every replica caches: applications, drafts, keys, our entity ID and base
    /// URL. This alone raises the generation, if any of these changes.
    pub fn write_config<T>(
        &self,
        work: impl FnOnce(&mut ConfigTx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.write(|tx| {
            let mut config = ConfigTx::begin(tx)?;
            let done = work(&mut config)?;
            config.end()?;
            Ok(done)
        })
    }

    /// Commits all of `work` or nothing. On SQLite a power failure can undo the most recent
    /// commits: that loses records of sign-ins but no decision, and no sign-in has to wait for the
    /// disk.
    pub fn write_relaxed<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        self.write_transaction(false, work)
    }

    /// Also removes deleted data from SQLite's write-ahead log; returns `false` if a reader blocked
    /// that for more than five seconds. On a server this does nothing: where a server stores
    /// deleted data is not known here.
    pub fn purge_deleted(&self) -> Result<bool, Error> {
        if !self.is_sqlite() {
            return Ok(true);
        }
        let mut writer = self.writers.get()?;
        writer.run(|tx| {
            let result: Checkpoint =
                diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut tx.0)?;
            Ok(result.busy == 0)
        })
    }

    /// If an error occurs after `work` ran, the write may still have been committed, so `work` is
    /// never repeated.
    fn write_transaction<T>(
        &self,
        durable: bool,
        work: impl FnOnce(&mut Tx) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = self.run_transaction(durable, work);
        self.health.writes.record(&result, Instant::now());
        result
    }

    fn run_transaction<T>(
        &self,
        durable: bool,
        work: impl FnOnce(&mut Tx) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.ensure_file()?;
        let mut acquired = self.acquire(true)?;
        let begun = acquired.pooled().begin(durable);
        if acquired.pooled().is_lost() {
            // Nothing was written yet, so it is safe to begin again on another connection.
            drop(acquired);
            acquired = self.acquire_verified(true)?;
            acquired.pooled().begin(durable)?;
        } else {
            begun?;
        }
        let kept = acquired.pooled();
        let result = kept.run(work);
        kept.commit_or_roll_back(result)
    }

    fn acquire(&self, to_write: bool) -> Result<AcquiredConnection<'_>, Error> {
        Ok(match &self.request_pool {
            Some(request_pool) if self.is_for_requests => {
                AcquiredConnection::ForRequest(request_pool.acquire()?)
            }
            Some(_) | None if to_write => AcquiredConnection::Pooled(self.writers.get()?),
            Some(_) | None => AcquiredConnection::Pooled(self.readers.get()?),
        })
    }

    /// A connection that responds: those cut by a restart of the server are dropped along the way.
    fn acquire_verified(&self, to_write: bool) -> Result<AcquiredConnection<'_>, Error> {
        let most = match &self.request_pool {
            Some(request_pool) if self.is_for_requests => request_pool.size(),
            Some(_) | None if to_write => self.writers.max_size(),
            Some(_) | None => self.readers.max_size(),
        };
        for _ in 0..most {
            let mut acquired = self.acquire(to_write)?;
            if acquired.pooled().ping() {
                return Ok(acquired);
            }
        }
        self.acquire(to_write)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.url).finish()
    }
}

/// The result row of `PRAGMA wal_checkpoint`.
#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}
