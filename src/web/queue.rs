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
const SAID_FOR: Duration = Duration::from_mins(1);
/// What one piece of work is taken to need before any was done.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// A number of pieces of work at once, and those who wait for theirs.
#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What is worked on here, for the log.
    name: &'static str,
    places: usize,
    /// So many of the places are for those whom one knows.
    kept: usize,
    /// Whoever would wait for longer is turned away.
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// So many of those are with whom one knows.
    taken_by_known: usize,
    ticket: u64,
    known: Line,
    others: Line,
    /// How long a piece of work takes, as a running mean.
    mean: Duration,
    turned_away: u64,
    said: Option<Instant>,
}

/// Those who wait, each address in turn.
#[derive(Debug, Default)]
struct Line {
    turns: VecDeque<IpAddr>,
    waiting: BTreeMap<IpAddr, VecDeque<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    call: oneshot::Sender<Permit>,
}

/// Who asks to be worked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    /// Where the client is.
    pub(super) address: IpAddr,
    /// The places that are kept for those whom one knows are for this one, too.
    pub(super) is_known: bool,
}

/// Why nothing is done for whoever asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoTurn {
    /// The wait would be too long. After so many seconds it may not be.
    Busy { seconds: u64 },
    /// The client has left.
    Gone,
}

/// One of the places. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    queue: Queue,
    is_known: bool,
    began: Instant,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.queue.give_back(self.is_known, self.began.elapsed());
    }
}

impl Permit {
    /// The queue has this place back already.
    pub(super) fn forget(self) {
        mem::forget(self);
    }
}

impl Line {
    /// How many are worked for before one more from `address`.
    fn ahead(&self, address: IpAddr) -> usize {
        let own = self.waiting.get(&address).map_or(0, VecDeque::len);
        let of = |(from, theirs): (&IpAddr, &VecDeque<Waiting>)| {
            if *from == address {
                own
            } else {
                theirs.len().min(own + 1)
            }
        };
        self.waiting.iter().map(of).sum()
    }

    fn add(&mut self, address: IpAddr, waiting: Waiting) {
        let theirs = self.waiting.entry(address).or_default();
        if theirs.is_empty() {
            self.turns.push_back(address);
        }
        theirs.push_back(waiting);
    }

    fn next(&mut self) -> Option<Waiting> {
        let address = self.turns.pop_front()?;
        let theirs = self.waiting.get_mut(&address)?;
        let next = theirs.pop_front();
        if theirs.is_empty() {
            self.waiting.remove(&address);
        } else {
            self.turns.push_back(address);
        }
        next
    }

    fn leave(&mut self, address: IpAddr, ticket: u64) {
        let Some(theirs) = self.waiting.get_mut(&address) else {
            return;
        };
        theirs.retain(|waiting| waiting.ticket != ticket);
        if theirs.is_empty() {
            self.waiting.remove(&address);
            self.turns.retain(|turn| *turn != address);
        }
    }
}

impl State {
    fn line(&mut self, is_known: bool) -> &mut Line {
        if is_known {
            &mut self.known
        } else {
            &mut self.others
        }
    }
}

impl Queue {
    /// `places` pieces of work at once, `kept` of them for those whom one knows; nobody waits for longer than
    /// `longest`.
    pub(super) fn new(name: &'static str, places: usize, kept: usize, longest: Duration) -> Self {
        Self(Arc::new(Shared {
            name,
            places,
            kept,
            longest,
            state: Mutex::new(State {
                mean: FIRST_GUESS,
                ..State::default()
            }),
        }))
    }

    /// Waits for a place, unless that takes too long or the client goes away, which `gone` tells.
    pub(super) async fn permit(
        &self,
        asking: Asking,
        gone: impl Future<Output = ()>,
    ) -> Result<Permit, NoTurn> {
        let asking = Asking {
            address: neighbourhood(asking.address),
            ..asking
        };
        let mut place = match self.enter(asking)? {
            Entered::AtOnce(permit) => return Ok(permit),
            Entered::Later(place) => place,
        };
        let mut gone = pin!(gone);
        let turn = poll_fn(|cx| {
            if gone.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready(Err(NoTurn::Gone));
            }
            let busy = NoTurn::Busy { seconds: 1 };
            Pin::new(&mut place.called)
                .poll(cx)
                .map(|turn| turn.or(Err(busy)))
        });
        match timeout(self.0.longest, turn).await {
            Ok(turn) => turn,
            Err(_over) => Err(self.turn_away(&mut self.state(), self.0.longest)),
        }
    }

    /// Takes a place back from work that has none any more and cannot be ended.
    pub(super) fn give_back(&self, is_known: bool, took: Duration) {
        let mut state = self.state();
        state.taken -= 1;
        state.taken_by_known -= usize::from(is_known);
        state.mean = (state.mean * 7 + took) / 8;
        let called = self.call(&mut state);
        drop(state);
        for (waiting, permit) in called {
            // Whoever left just now drops the permit, and with it gives the place back.
            drop(waiting.call.send(permit));
        }
    }

    fn enter(&self, asking: Asking) -> Result<Entered, NoTurn> {
        let mut state = self.state();
        if self.has_room(&state, asking.is_known) {
            return Ok(Entered::AtOnce(self.one(&mut state, asking.is_known)));
        }
        let places = match asking.is_known {
            true if state.others.turns.is_empty() => self.0.places,
            true => self.0.kept.max(1),
            false => self.0.places - self.0.kept,
        };
        let ahead = state.line(asking.is_known).ahead(asking.address);
        let rounds = u32::try_from(ahead / places + 1).unwrap_or(u32::MAX);
        let wait = state.mean.saturating_mul(rounds);
        if wait > self.0.longest {
            return Err(self.turn_away(&mut state, wait));
        }
        state.ticket += 1;
        let ticket = state.ticket;
        let (call, called) = oneshot::channel();
        let waiting = Waiting { ticket, call };
        state.line(asking.is_known).add(asking.address, waiting);
        Ok(Entered::Later(Place {
            queue: self.clone(),
            asking,
            ticket,
            called,
        }))
    }

    /// Those whose turn it is. Whom one knows has the kept places, and of the others what nobody else waits for: one
    /// account that floods holds up no stranger.
    fn call(&self, state: &mut State) -> Vec<(Waiting, Permit)> {
        let mut called = Vec::new();
        loop {
            let is_kept_free = state.taken_by_known < self.0.kept;
            let lines = if is_kept_free {
                [true, false]
            } else {
                [false, true]
            };
            let next = lines.into_iter().find_map(|is_known| {
                let has_room = self.has_room(state, is_known);
                let next = has_room.then(|| state.line(is_known).next()).flatten()?;
                Some((next, is_known))
            });
            let Some((next, is_known)) = next else {
                return called;
            };
            called.push((next, self.one(state, is_known)));
        }
    }

    /// Whom one knows takes the kept places first.
    fn has_room(&self, state: &State, is_known: bool) -> bool {
        let kept_free = self.0.kept.saturating_sub(state.taken_by_known);
        state.taken + if is_known { 0 } else { kept_free } < self.0.places
    }

    fn one(&self, state: &mut State, is_known: bool) -> Permit {
        state.taken += 1;
        state.taken_by_known += usize::from(is_known);
        Permit {
            queue: self.clone(),
            is_known,
            began: Instant::now(),
        }
    }

    /// Says now and then that people are turned away: once for each of them would be a flood in a flood.
    fn turn_away(&self, state: &mut State, wait: Duration) -> NoTurn {
        state.turned_away += 1;
        if state.said.is_none_or(|said| said.elapsed() > SAID_FOR) {
            state.said = Some(Instant::now());
            tracing::warn!(
                work = self.0.name,
                turned_away = mem::take(&mut state.turned_away),
                "more is asked for than can be done in {} s: clients are told to come back later (503)",
                self.0.longest.as_secs()
            );
        }
        NoTurn::Busy {
            seconds: wait.as_secs().clamp(1, 30),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Entered {
    AtOnce(Permit),
    Later(Place),
}

/// A place in a line. It is left when this is dropped.
struct Place {
    queue: Queue,
    asking: Asking,
    ticket: u64,
    called: oneshot::Receiver<Permit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state
            .line(self.asking.is_known)
            .leave(self.asking.address, self.ticket);
    }
}

/// Who shares a turn: one IPv4 address, or the /48 of an IPv6 one, which is what one client can be given.
fn neighbourhood(address: IpAddr) -> IpAddr {
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
