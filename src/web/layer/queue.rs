//! Who is worked for next: fair by address, and nobody waits for longer than that helps.

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

/// How long nothing more is said about those who were turned away.
const WARN_INTERVAL: Duration = Duration::from_mins(1);
/// What one piece of work is taken to need before any was done.
const INITIAL_MEAN: Duration = Duration::from_millis(20);

/// A number of pieces of work at once, and those who wait for theirs.
#[derive(Clone, Debug)]
pub(in crate::web) struct PermitQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What is worked on here, for the log.
    name: &'static str,
    capacity: usize,
    /// So many of the places are for those whom one knows.
    reserved: usize,
    /// Whoever would wait for longer is turned away.
    max_wait: Duration,
    state: Mutex<PermitState>,
}

#[derive(Debug, Default)]
struct PermitState {
    in_use: usize,
    /// So many of those are with whom one knows.
    in_use_by_known: usize,
    ticket: u64,
    known: FairQueue,
    others: FairQueue,
    /// How long a piece of work takes, as a running mean.
    mean: Duration,
    rejected: u64,
    warned_at: Option<Instant>,
}

/// Those who wait, each address in turn.
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

/// Who asks to be worked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct PermitRequest {
    /// Where the client is.
    pub(in crate::web) address: IpAddr,
    /// The places that are kept for those whom one knows are for this one, too.
    pub(in crate::web) is_known_device: bool,
}

/// Why nothing is done for whoever asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum PermitDenied {
    /// The wait would be too long. After so many seconds it may not be.
    Busy { seconds: u64 },
    /// The client has left.
    ClientDisconnected,
}

/// One of the places. It is given back when this is dropped.
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
    /// The queue has this place back already.
    pub(in crate::web) fn forget(self) {
        mem::forget(self);
    }
}

impl FairQueue {
    /// How many are worked for before one more from `address`.
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
            self.rotation.retain(|turn| *turn != address);
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
    /// `places` pieces of work at once, `kept` of them for those whom one knows; nobody waits for longer than
    /// `longest`.
    pub(in crate::web) fn new(name: &'static str, places: usize, kept: usize, longest: Duration) -> Self {
        Self(Arc::new(Shared {
            name,
            capacity: places,
            reserved: kept,
            max_wait: longest,
            state: Mutex::new(PermitState {
                mean: INITIAL_MEAN,
                ..PermitState::default()
            }),
        }))
    }

    /// Waits for a place, unless that takes too long or the client goes away, which `gone` tells.
    pub(in crate::web) async fn acquire(
        &self,
        asking: PermitRequest,
        disconnected: impl Future<Output = ()>,
    ) -> Result<Permit, PermitDenied> {
        let asking = PermitRequest {
            address: client_network(asking.address),
            ..asking
        };
        let mut place = match self.acquire_or_enqueue(asking)? {
            QueueEntry::Granted(permit) => return Ok(permit),
            QueueEntry::Queued(place) => place,
        };
        let mut disconnected = pin!(disconnected);
        let turn = poll_fn(|cx| {
            if disconnected.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready(Err(PermitDenied::ClientDisconnected));
            }
            let busy = PermitDenied::Busy { seconds: 1 };
            Pin::new(&mut place.granted)
                .poll(cx)
                .map(|turn| turn.or(Err(busy)))
        });
        match timeout(self.0.max_wait, turn).await {
            Ok(turn) => turn,
            Err(_over) => Err(self.reject(&mut self.state(), self.0.max_wait)),
        }
    }

    /// Takes a place back from work that has none any more and cannot be ended.
    pub(in crate::web) fn release(&self, is_known: bool, took: Duration) {
        let mut state = self.state();
        state.in_use -= 1;
        state.in_use_by_known -= usize::from(is_known);
        state.mean = (state.mean * 7 + took) / 8;
        let called = self.grant_waiting(&mut state);
        drop(state);
        for (waiting, permit) in called {
            // Whoever left just now drops the permit, and with it gives the place back.
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

    /// Those whose turn it is. Whom one knows has the kept places, and of the others what nobody else waits for: one
    /// account that floods holds up no stranger.
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

    /// Whom one knows takes the kept places first.
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

    /// Says now and then that people are turned away: once for each of them would be a flood in a flood.
    fn reject(&self, state: &mut PermitState, wait: Duration) -> PermitDenied {
        state.rejected += 1;
        if state.warned_at.is_none_or(|said| said.elapsed() > WARN_INTERVAL) {
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

/// A place in a line. It is left when this is dropped.
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

/// Who shares a turn: one IPv4 address, or the /48 of an IPv6 one, which is what one client can be given.
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
