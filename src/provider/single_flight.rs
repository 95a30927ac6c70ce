//! One thread does what many need; the others wait for it.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long others wait before one of them does it, too: longer than any statement of a request may take.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Debug, Default)]
pub(super) struct SingleFlight {
    under_way: Mutex<UnderWay>,
    landed: Condvar,
}

#[derive(Debug, Default)]
struct UnderWay {
    since: Option<Instant>,
    number: u64,
}

/// The right to do it; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'f> {
    flight: &'f SingleFlight,
    number: u64,
}

impl SingleFlight {
    /// Waits until nobody does it and it is still to be done: `done` says what others have done meanwhile.
    pub(super) fn turn<T>(&self, mut done: impl FnMut() -> Option<T>) -> Result<T, Turn<'_>> {
        let mut under_way = self.lock();
        loop {
            if let Some(done) = done() {
                return Ok(done);
            }
            let left = under_way
                .since
                .map_or(Duration::ZERO, |since| PATIENCE.saturating_sub(since.elapsed()));
            if left.is_zero() {
                under_way.since = Some(Instant::now());
                under_way.number += 1;
                let number = under_way.number;
                return Err(Turn { flight: self, number });
            }
            under_way = self
                .landed
                .wait_timeout(under_way, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Whether nobody has lost patience and begun after this one: what they read is newer.
    pub(super) fn is_the_last(&self) -> bool {
        self.flight.lock().number == self.number
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut under_way = self.flight.lock();
        if under_way.number == self.number {
            under_way.since = None;
        }
        drop(under_way);
        self.flight.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use super::*;

    #[test]
    fn one_does_it_and_the_others_wait() {
        let (flight, done, times) = (SingleFlight::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let begun = std::sync::Barrier::new(9);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    begun.wait();
                    let look = || (done.load(Ordering::SeqCst) > 0).then_some(());
                    if let Err(turn) = flight.turn(look) {
                        times.fetch_add(1, Ordering::SeqCst);
                        // Long enough for all others to come and wait.
                        thread::park_timeout(Duration::from_millis(50));
                        assert!(turn.is_the_last());
                        done.store(1, Ordering::SeqCst);
                    }
                });
            }
            begun.wait();
        });
        assert_eq!(times.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn whoever_fails_leaves_it_to_the_next() {
        let flight = SingleFlight::default();
        let first = flight.turn(|| None::<()>).unwrap_err();
        drop(first);
        let second = flight.turn(|| None::<()>).unwrap_err();
        assert!(second.is_the_last());
    }
}
