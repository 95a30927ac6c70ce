//! One thread does the work that many threads need; the others wait for it.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a thread waits for the one that works before it works itself: longer than any statement of a request may
/// take.
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

/// The right to do the work. Dropping it ends the work and wakes the waiting threads.
#[derive(Debug)]
pub(super) struct Turn<'f> {
    flight: &'f SingleFlight,
    number: u64,
}

impl SingleFlight {
    /// Waits while another thread works. Returns the result as soon as `done` finds one; otherwise this thread must
    /// work, and holds the returned `Turn` while it does.
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
    /// Whether no thread began later because it had waited for too long: what that one reads is newer.
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
                        // Long enough for all other threads to begin to wait.
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
