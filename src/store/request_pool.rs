//! The connections that requests use on a server. A query to a server that hangs may wait forever,
//! and the waiting thread cannot be interrupted. So the stuck connections are abandoned together
//! with their pool, and the next request gets a new pool, whose connections go to a server that
//! answers now.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use diesel::r2d2::{self, Pool};

use crate::store::{
    error::Error,
    pool::{ConnectionManager, PooledConnection},
};

/// How long a request may hold a connection before it is abandoned: longer than any statement of a
/// request may take on a working server ([`crate::store::pool::STATEMENT_TIMEOUT`]), shorter than
/// the time after which the client gives up.
const ABANDON_AFTER: Duration = Duration::from_secs(7);

/// The current pool, and which connections are checked out since when.
#[derive(Debug)]
pub(super) struct RequestPool {
    manager: ConnectionManager,
    size: u32,
    pool: RwLock<Pool<ConnectionManager>>,
    checkouts: Mutex<Checkouts>,
}

#[derive(Debug, Default)]
struct Checkouts {
    next_id: u64,
    checked_out_at: BTreeMap<u64, Instant>,
    /// Abandoned connections that still wait for the server.
    abandoned: BTreeSet<u64>,
}

impl RequestPool {
    pub(super) fn new(manager: ConnectionManager, size: u32) -> Result<Self, Error> {
        Ok(Self {
            pool: RwLock::new(manager.clone().build_pool(size)?),
            manager,
            size,
            checkouts: Mutex::default(),
        })
    }

    /// Checks a connection out; it is abandoned if it is held for too long.
    pub(super) fn acquire(&self) -> Result<RequestConnection<'_>, Error> {
        self.abandon_stuck_connections(Instant::now())?;
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner).clone();
        let connection = pool.get()?;
        let mut checkouts = self.lock();
        let id = checkouts.next_id;
        checkouts.next_id += 1;
        checkouts.checked_out_at.insert(id, Instant::now());
        drop(checkouts);
        Ok(RequestConnection {
            connection,
            checkout: Checkout { pool: self, id },
        })
    }

    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    fn abandon_stuck_connections(&self, now: Instant) -> Result<(), Error> {
        let mut checkouts = self.lock();
        let stuck: Vec<u64> = checkouts
            .checked_out_at
            .iter()
            .filter(|(_, since)| now.duration_since(**since) >= ABANDON_AFTER)
            .map(|(id, _)| *id)
            .collect();
        // Each abandoned connection still occupies a thread and a connection, so their number is
        // limited.
        if checkouts.abandoned.len() + stuck.len() > 3 * usize::try_from(self.size).unwrap_or(usize::MAX) {
            return Err(Error::Unresponsive);
        }
        if stuck.is_empty() {
            return Ok(());
        }
        for id in &stuck {
            checkouts.checked_out_at.remove(id);
        }
        checkouts.abandoned.extend(&stuck);
        drop(checkouts);
        tracing::error!(
            connections = stuck.len(),
            "the database has not answered for {} s: its connections are given up, and new ones are made",
            ABANDON_AFTER.as_secs()
        );
        let fresh = self.manager.clone().build_pool(self.size)?;
        *self.pool.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Checkouts> {
        self.checkouts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection checked out by a request.
pub(super) struct RequestConnection<'l> {
    pub(super) connection: r2d2::PooledConnection<ConnectionManager>,
    checkout: Checkout<'l>,
}

impl RequestConnection<'_> {
    pub(super) fn pooled(&mut self) -> &mut PooledConnection {
        &mut self.connection
    }

    /// Whether it was abandoned meanwhile: then no request waits for its result.
    pub(super) fn is_abandoned(&self) -> bool {
        self.checkout.pool.lock().abandoned.contains(&self.checkout.id)
    }
}

struct Checkout<'l> {
    pool: &'l RequestPool,
    id: u64,
}

impl Drop for Checkout<'_> {
    fn drop(&mut self) {
        let mut checkouts = self.pool.lock();
        checkouts.checked_out_at.remove(&self.id);
        checkouts.abandoned.remove(&self.id);
    }
}
