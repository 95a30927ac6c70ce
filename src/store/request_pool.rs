//! The connections that requests use on a server. A server that hangs leaves whoever asks it waiting without an
//! end, and nothing can wake them: so the whole pool is left to them, and the next who comes gets a new one, whose
//! connections go to whichever server answers now.

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

/// How long a request may keep a connection before it is given up: longer than any statement of a request may
/// take where the server lives ([`crate::store::pool::STATEMENT`]), shorter than its client is kept waiting.
const ABANDON_AFTER: Duration = Duration::from_secs(7);

/// The pool that requests use, and who holds what of it since when.
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
    /// Those that were given up, and still wait for a server.
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

    /// A connection, at most until it is given up.
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
        // Each of them is a thread and a connection that somebody else may be short of.
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

/// A connection in a request's hands.
pub(super) struct RequestConnection<'l> {
    pub(super) connection: r2d2::PooledConnection<ConnectionManager>,
    checkout: Checkout<'l>,
}

impl RequestConnection<'_> {
    pub(super) fn pooled(&mut self) -> &mut PooledConnection {
        &mut self.connection
    }

    /// Whether it was given up meanwhile: whatever it still does, nobody waits for it.
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
