//! The connections that requests use on a server. A server that hangs leaves whoever asks it waiting without an
//! end, and nothing can wake them: so the whole pool is left to them, and the next who comes gets a new one, whose
//! connections go to whichever server answers now.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use diesel::r2d2::{Pool, PooledConnection};

use crate::store::{
    error::Error,
    pool::{Kept, Manager},
};

/// How long a request may keep a connection before it is given up: longer than any statement of a request may
/// take where the server lives ([`crate::store::pool::STATEMENT`]), shorter than its client is kept waiting.
const GIVE_UP: Duration = Duration::from_secs(7);

/// The pool that requests use, and who holds what of it since when.
#[derive(Debug)]
pub(super) struct Lane {
    manager: Manager,
    size: u32,
    pool: RwLock<Pool<Manager>>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    since: BTreeMap<u64, Instant>,
    /// Those that were given up, and still wait for a server.
    lost: BTreeSet<u64>,
}

impl Lane {
    pub(super) fn new(manager: Manager, size: u32) -> Result<Self, Error> {
        Ok(Self {
            pool: RwLock::new(manager.clone().pool(size)?),
            manager,
            size,
            held: Mutex::default(),
        })
    }

    /// A connection, at most until it is given up.
    pub(super) fn get(&self) -> Result<Lent<'_>, Error> {
        self.leave_a_server_that_hangs(Instant::now())?;
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner).clone();
        let connection = pool.get()?;
        let mut held = self.lock();
        let ticket = held.next;
        held.next += 1;
        held.since.insert(ticket, Instant::now());
        drop(held);
        Ok(Lent {
            connection,
            ticket: Ticket { lane: self, ticket },
        })
    }

    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    fn leave_a_server_that_hangs(&self, now: Instant) -> Result<(), Error> {
        let mut held = self.lock();
        let stuck: Vec<u64> = held
            .since
            .iter()
            .filter(|(_, since)| now.duration_since(**since) >= GIVE_UP)
            .map(|(ticket, _)| *ticket)
            .collect();
        // Each of them is a thread and a connection that somebody else may be short of.
        if held.lost.len() + stuck.len() > 3 * usize::try_from(self.size).unwrap_or(usize::MAX) {
            return Err(Error::Hangs);
        }
        if stuck.is_empty() {
            return Ok(());
        }
        for ticket in &stuck {
            held.since.remove(ticket);
        }
        held.lost.extend(&stuck);
        drop(held);
        tracing::error!(
            connections = stuck.len(),
            "the database has not answered for {} s: its connections are given up, and new ones are made",
            GIVE_UP.as_secs()
        );
        let fresh = self.manager.clone().pool(self.size)?;
        *self.pool.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in a request's hands.
pub(super) struct Lent<'l> {
    pub(super) connection: PooledConnection<Manager>,
    ticket: Ticket<'l>,
}

impl Lent<'_> {
    pub(super) fn kept(&mut self) -> &mut Kept {
        &mut self.connection
    }

    /// Whether it was given up meanwhile: whatever it still does, nobody waits for it.
    pub(super) fn is_given_up(&self) -> bool {
        self.ticket.lane.lock().lost.contains(&self.ticket.ticket)
    }
}

struct Ticket<'l> {
    lane: &'l Lane,
    ticket: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut held = self.lane.lock();
        held.since.remove(&self.ticket);
        held.lost.remove(&self.ticket);
    }
}
