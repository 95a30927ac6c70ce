//! A queue for permits: fair between addresses, with a bounded wait.

use std::{
    collections::{BTreeMap, VecDeque},
    future::{Future, poll_fn},
    mem,
    net::{IpAddr, Ipv6Addr},
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, time::timeout};

/// Minimum time between two warnings about rejected requests.
const WARN_INTERVAL: Duration = Duration::from_mins(1);
/// The assumed mean duration of work before any was measured.
const INITIAL_MEAN: Duration = Duration::from_millis(20);

/// A number of permits for concurrent work, and the requests that wait for one.
#[derive(Clone, Debug)]
pub(in crate::web) struct PermitQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What the permits are for, in log lines.
    name: &'static str,
    capacity: usize,
    /// How many permits are reserved for known devices.
    reserved: usize,
    /// A request that would wait longer is rejected.
    max_wait: Duration,
    state: Mutex<PermitState>,
}

#[derive(Debug, Default)]
struct PermitState {
    in_use: usize,
    /// How many of `in_use` belong to known devices.
    in_use_by_known: usize,
    ticket: u64,
    known: FairQueue,
    others: FairQueue,
    /// Running mean of how long work takes.
    mean: Duration,
    rejected: u64,
    warned_at: Option<Instant>,
}

/// Waiting requests; addresses are served in rotation.
#[derive(Debug, Default)]
struct FairQueue {
    rotation: VecDeque<IpAddr>,
    waiters: BTreeMap<IpAddr, VecDeque<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    grant: oneshot::Sender<Permit>,
}

/// A request for a permit.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct PermitRequest {
    pub(in crate::web) address: IpAddr,
    /// Whether it may use the reserved permits, too.
    pub(in crate::web) is_known_device: bool,
}

/// Why no permit was granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum PermitDenied {
    /// The wait would be too long; after so many seconds it may not be.
    Busy {
        seconds: u64,
    },
    ClientDisconnected,
}

/// Permission to do one piece of work. Dropping it releases it.
#[derive(Debug)]
pub(in crate::web) struct Permit {
    queue: PermitQueue,
    is_known_device: bool,
    began: Instant,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.queue.release(self.is_known_device, self.began.elapsed());
    }
}

impl Permit {
    /// Drops the permit without releasing it: the queue has released it already.
    pub(in crate::web) fn forget(self) {
        mem::forget(self);
    }
}

impl FairQueue {
    /// How many waiting requests are served before one more from `address`.
    fn ahead(&self, address: IpAddr) -> usize {
        let own = self.waiters.get(&address).map_or(0, VecDeque::len);
        let of = |(from, waiters): (&IpAddr, &VecDeque<Waiter>)| {
            if *from == address {
                own
            } else {
                waiters.len().min(own + 1)
            }
        };
        self.waiters.iter().map(of).sum()
    }

    fn add(&mut self, address: IpAddr, waiting: Waiter) {
        let waiters = self.waiters.entry(address).or_default();
        if waiters.is_empty() {
            self.rotation.push_back(address);
        }
        waiters.push_back(waiting);
    }

    fn next(&mut self) -> Option<Waiter> {
        let address = self.rotation.pop_front()?;
        let waiters = self.waiters.get_mut(&address)?;
        let next = waiters.pop_front();
        if waiters.is_empty() {
            self.waiters.remove(&address);
        } else {
            self.rotation.push_back(address);
        }
        next
    }

    fn remove(&mut self, address: IpAddr, ticket: u64) {
        let Some(waiters) = self.waiters.get_mut(&address) else {
            return;
        };
        waiters.retain(|waiting| waiting.ticket != ticket);
        if waiters.is_empty() {
            self.waiters.remove(&address);
            self.rotation
                .retain(|waiting_address| *waiting_address != address);
        }
    }
}

impl PermitState {
    fn queue_for(&mut self, is_known: bool) -> &mut FairQueue {
        if is_known {
            &mut self.known
        } else {
            &mut self.others
        }
    }
}

impl PermitQueue {
    /// `capacity` permits, `reserved` of them for known devices; no request waits longer than
    /// `max_wait`.
    pub(in crate::web) fn new(
        name: &'static str,
        capacity: usize,
        reserved: usize,
        max_wait: Duration,
    ) -> Self {
        Self(Arc::new(Shared {
            name,
            capacity,
            reserved,
            max_wait,
            state: Mutex::new(PermitState {
                mean: INITIAL_MEAN,
                ..PermitState::default()
            }),
        }))
    }

    /// Waits for a permit, unless that takes too long or the client disconnects: then
    /// `disconnected` is ready.
    pub(in crate::web) async fn acquire(
        &self,
        asking: PermitRequest,
        disconnected: impl Future<Output = ()>,
    ) -> Result<Permit, PermitDenied> {
        let asking = PermitRequest {
            address: client_network(asking.address),
            ..asking
        };
        let mut queued = match self.acquire_or_enqueue(asking)? {
            QueueEntry::Granted(permit) => return Ok(permit),
            QueueEntry::Queued(queued) => queued,
        };
        let mut disconnected = pin!(disconnected);
        let granted = poll_fn(|cx| {
            if disconnected.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready(Err(PermitDenied::ClientDisconnected));
            }
            let busy = PermitDenied::Busy { seconds: 1 };
            Pin::new(&mut queued.granted)
                .poll(cx)
                .map(|granted| granted.or(Err(busy)))
        });
        match timeout(self.0.max_wait, granted).await {
            Ok(granted) => granted,
            Err(_over) => Err(self.reject(&mut self.state(), self.0.max_wait)),
        }
    }

    /// Releases the permit of work that took this long, or that was abandoned because it cannot be
    /// interrupted.
    pub(in crate::web) fn release(&self, is_known: bool, took: Duration) {
        let mut state = self.state();
        state.in_use -= 1;
        state.in_use_by_known -= usize::from(is_known);
        state.mean = (state.mean * 7 + took) / 8;
        let called = self.grant_waiting(&mut state);
        drop(state);
        for (waiting, permit) in called {
            // If the waiter has just gone, the permit comes back and is dropped, which releases it.
            drop(waiting.grant.send(permit));
        }
    }

    fn acquire_or_enqueue(&self, asking: PermitRequest) -> Result<QueueEntry, PermitDenied> {
        let mut state = self.state();
        if self.has_capacity(&state, asking.is_known_device) {
            return Ok(QueueEntry::Granted(
                self.grant(&mut state, asking.is_known_device),
            ));
        }
        let places = match asking.is_known_device {
            true if state.others.rotation.is_empty() => self.0.capacity,
            true => self.0.reserved.max(1),
            false => self.0.capacity - self.0.reserved,
        };
        let ahead = state.queue_for(asking.is_known_device).ahead(asking.address);
        let rounds = u32::try_from(ahead / places + 1).unwrap_or(u32::MAX);
        let wait = state.mean.saturating_mul(rounds);
        if wait > self.0.max_wait {
            return Err(self.reject(&mut state, wait));
        }
        state.ticket += 1;
        let ticket = state.ticket;
        let (call, called) = oneshot::channel();
        let waiting = Waiter { ticket, grant: call };
        state
            .queue_for(asking.is_known_device)
            .add(asking.address, waiting);
        Ok(QueueEntry::Queued(QueuedRequest {
            queue: self.clone(),
            request: asking,
            ticket,
            granted: called,
        }))
    }

    /// Grants permits to waiting requests. Known devices have the reserved permits, and of the
    /// others only what no other request waits for: a flood for one account delays no unknown
    /// device.
    fn grant_waiting(&self, state: &mut PermitState) -> Vec<(Waiter, Permit)> {
        let mut called = Vec::new();
        loop {
            let is_kept_free = state.in_use_by_known < self.0.reserved;
            let lines = if is_kept_free {
                [true, false]
            } else {
                [false, true]
            };
            let next = lines.into_iter().find_map(|is_known| {
                let has_room = self.has_capacity(state, is_known);
                let next = has_room.then(|| state.queue_for(is_known).next()).flatten()?;
                Some((next, is_known))
            });
            let Some((next, is_known)) = next else {
                return called;
            };
            called.push((next, self.grant(state, is_known)));
        }
    }

    /// Known devices use the reserved permits first.
    fn has_capacity(&self, state: &PermitState, is_known: bool) -> bool {
        let reserved_free = self.0.reserved.saturating_sub(state.in_use_by_known);
        state.in_use + if is_known { 0 } else { reserved_free } < self.0.capacity
    }

    fn grant(&self, state: &mut PermitState, is_known: bool) -> Permit {
        state.in_use += 1;
        state.in_use_by_known += usize::from(is_known);
        Permit {
            queue: self.clone(),
            is_known_device: is_known,
            began: Instant::now(),
        }
    }

    /// Logs rejections at most once per [`WARN_INTERVAL`]: a line for each would be a flood of its
    /// own.
    fn reject(&self, state: &mut PermitState, wait: Duration) -> PermitDenied {
        state.rejected += 1;
        if state
            .warned_at
            .is_none_or(|warned_at| warned_at.elapsed() > WARN_INTERVAL)
        {
            state.warned_at = Some(Instant::now());
            tracing::warn!(
                work = self.0.name,
                turned_away = mem::take(&mut state.rejected),
                "more is asked for than can be done in {} s: clients are told to come back later (503)",
                self.0.max_wait.as_secs()
            );
        }
        PermitDenied::Busy {
            seconds: wait.as_secs().clamp(1, 30),
        }
    }

    fn state(&self) -> MutexGuard<'_, PermitState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum QueueEntry {
    Granted(Permit),
    Queued(QueuedRequest),
}

/// A place in the queue. Dropping it gives the place up.
struct QueuedRequest {
    queue: PermitQueue,
    request: PermitRequest,
    ticket: u64,
    granted: oneshot::Receiver<Permit>,
}

impl Drop for QueuedRequest {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state
            .queue_for(self.request.is_known_device)
            .remove(self.request.address, self.ticket);
    }
}

/// The unit of fairness: an IPv4 address, or the /48 of an IPv6 address, which a single client may
/// hold.
fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
