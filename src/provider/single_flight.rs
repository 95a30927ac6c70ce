//! One thread does the work that many threads need; the others wait for it.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a thread waits for the leader before it leads itself: longer than any statement of a request may take.
const MAX_WAIT: Duration = Duration::from_secs(8);

#[derive(Debug, Default)]
pub(super) struct SingleFlight {
    in_flight: Mutex<InFlight>,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct InFlight {
    since: Option<Instant>,
    /// Of the latest leader.
    number: u64,
    /// How many leaders were dropped.
    ended: u64,
}

/// The right to do the work. Dropping it ends the work and wakes the waiting threads.
#[derive(Debug)]
pub(super) struct Leader<'f> {
    flight: &'f SingleFlight,
    number: u64,
}

impl SingleFlight {
    /// Waits while another thread leads. Returns the result as soon as `done` finds one; otherwise this thread must
    /// do the work, and holds the returned `Leader` while it does.
    ///
    /// `done` is called without a lock of this type, so that it may take locks of its own, which the leader may hold
    /// at `is_latest` and when it is dropped.
    pub(super) fn wait_or_lead<T>(&self, mut done: impl FnMut() -> Option<T>) -> Result<T, Leader<'_>> {
        loop {
            let ended = self.lock().ended;
            if let Some(done) = done() {
                return Ok(done);
            }
            let mut in_flight = self.lock();
            // Where one has ended since, `done` may have looked too early.
            while in_flight.ended == ended {
                let left = in_flight
                    .since
                    .map_or(Duration::ZERO, |since| MAX_WAIT.saturating_sub(since.elapsed()));
                if left.is_zero() {
                    in_flight.since = Some(Instant::now());
                    in_flight.number += 1;
                    let number = in_flight.number;
                    return Err(Leader { flight: self, number });
                }
                in_flight = self
                    .finished
                    .wait_timeout(in_flight, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leader<'_> {
    /// Whether no other thread has become the leader since, after waiting for `MAX_WAIT`: what that one reads is newer.
    pub(super) fn is_latest(&self) -> bool {
        self.flight.lock().number == self.number
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut in_flight = self.flight.lock();
        if in_flight.number == self.number {
            in_flight.since = None;
        }
        in_flight.ended += 1;
        drop(in_flight);
        self.flight.finished.notify_all();
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
                    let result = || (done.load(Ordering::SeqCst) > 0).then_some(());
                    if let Err(leader) = flight.wait_or_lead(result) {
                        times.fetch_add(1, Ordering::SeqCst);
                        // Long enough for all other threads to begin to wait.
                        thread::park_timeout(Duration::from_millis(50));
                        assert!(leader.is_latest());
                        done.store(1, Ordering::SeqCst);
                    }
                });
            }
            begun.wait();
        });
        assert_eq!(times.load(Ordering::SeqCst), 1);
    }

    /// Otherwise two threads wait for each other: a waiter with this lock for the result's, the leader with the
    /// result's for this one.
    #[test]
    fn looking_for_the_result_holds_no_lock() {
        let flight = SingleFlight::default();
        let look = || (flight.in_flight.try_lock().is_err()).then_some("locked");
        let leader = flight.wait_or_lead(look).unwrap_err();
        drop(leader);
        flight.wait_or_lead(look).unwrap_err();
    }

    #[test]
    fn a_result_that_comes_after_the_look_is_found() {
        let flight = SingleFlight::default();
        let leader = flight.wait_or_lead(|| None::<()>).unwrap_err();
        let (mut leader, mut looks) = (Some(leader), 0);
        let result = flight.wait_or_lead(|| {
            looks += 1;
            // The leader stores its result and ends between this look and the wait.
            leader.take().map_or(Some("found"), |_ends| None)
        });
        assert_eq!((result.unwrap(), looks), ("found", 2));
    }

    #[test]
    fn whoever_fails_leaves_it_to_the_next() {
        let flight = SingleFlight::default();
        let first = flight.wait_or_lead(|| None::<()>).unwrap_err();
        drop(first);
        let second = flight.wait_or_lead(|| None::<()>).unwrap_err();
        assert!(second.is_latest());
    }
}
