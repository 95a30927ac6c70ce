//! What systemd is told by `sd_notify`: when the daemon is ready, reads its settings, stops, and that its workers are
//! alive. Without `NOTIFY_SOCKET` nothing is sent.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use sd_notify::NotifyState;

/// Whether systemd was told that the daemon stops: nothing else is true of it afterwards.
static IS_STOPPING: Mutex<bool> = Mutex::new(false);

pub(super) fn ready(status: &str) {
    notify_unless_stopping(&[NotifyState::Ready, NotifyState::Status(status)]);
}

pub(super) fn reloading() {
    // systemd 253 and later compare the time with that of the signal.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify_unless_stopping(&[NotifyState::Reloading, now]),
        Err(_no_clock) => notify_unless_stopping(&[NotifyState::Reloading]),
    }
}

pub(super) fn stopping() {
    *IS_STOPPING.lock().unwrap_or_else(PoisonError::into_inner) = true;
    notify(&[NotifyState::Stopping, NotifyState::Status("finishing requests")]);
}

fn notify_unless_stopping(state: &[NotifyState<'_>]) {
    let is_stopping = IS_STOPPING.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_stopping {
        notify(state);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told how the daemon is");
    }
}

/// Whether every worker still runs what it is given. One that waits for ever, or spins, serves nobody.
#[derive(Clone, Debug)]
pub(super) struct Watchdog {
    /// How often a worker shows that it is alive: twice as often as systemd is told so, which then is four times within
    /// its limit. So a stall of the machine for half of it does no harm.
    interval: Duration,
    workers: Arc<Mutex<Vec<Weak<AtomicU64>>>>,
}

impl Watchdog {
    /// `None` where systemd does not watch this process (`WatchdogSec=`).
    pub(super) fn if_enabled() -> Option<Self> {
        sd_notify::watchdog_enabled().map(Self::new)
    }

    fn new(timeout: Duration) -> Self {
        Self {
            interval: timeout / 8,
            workers: Arc::default(),
        }
    }

    /// Called on the thread of a worker: counts there for as long as the worker lives.
    pub(super) fn watch_this_worker(&self) {
        let (count, interval) = (self.add_worker(), self.interval);
        actix_web::rt::spawn(async move {
            loop {
                count.fetch_add(1, Ordering::Relaxed);
                actix_web::rt::time::sleep(interval).await;
            }
        });
    }

    fn add_worker(&self) -> Arc<AtomicU64> {
        let count = Arc::new(AtomicU64::new(0));
        self.lock().push(Arc::downgrade(&count));
        count
    }

    /// Tells systemd four times within its limit that the daemon is alive, while that is so.
    pub(super) fn start(&self) -> io::Result<()> {
        let watchdog = self.clone();
        thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
            let mut seen = Vec::new();
            loop {
                thread::park_timeout(watchdog.interval * 2);
                if watchdog.all_have_counted_since(&mut seen) {
                    notify(&[NotifyState::Watchdog]);
                } else {
                    tracing::error!(
                        "a worker does not answer: systemd is not told that all is well, and restarts the daemon if this goes on"
                    );
                }
            }
        })?;
        Ok(())
    }

    /// Whether each worker that lives has counted on since `seen`, which is replaced by what is seen now.
    fn all_have_counted_since(&self, seen: &mut Vec<(Weak<AtomicU64>, u64)>) -> bool {
        let mut workers = self.lock();
        // A worker that ended was replaced by another one.
        workers.retain(|worker| worker.strong_count() > 0);
        let now: Vec<_> = workers
            .iter()
            .filter_map(|worker| Some((Weak::clone(worker), worker.upgrade()?.load(Ordering::Relaxed))))
            .collect();
        let is_stuck = |(worker, count): &(Weak<AtomicU64>, u64)| {
            seen.iter()
                .any(|(before, counted)| before.ptr_eq(worker) && counted == count)
        };
        let all_live = !now.iter().any(is_stuck);
        *seen = now;
        all_live
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<AtomicU64>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_no_longer_counts_is_noticed_and_one_that_ended_is_forgotten() {
        let watchdog = Watchdog::new(Duration::from_secs(30));
        let (first, second) = (watchdog.add_worker(), watchdog.add_worker());
        let mut seen = Vec::new();
        assert!(watchdog.all_have_counted_since(&mut seen), "the first look");
        first.fetch_add(1, Ordering::Relaxed);
        assert!(
            !watchdog.all_have_counted_since(&mut seen),
            "the second has not counted"
        );
        first.fetch_add(1, Ordering::Relaxed);
        second.fetch_add(1, Ordering::Relaxed);
        assert!(watchdog.all_have_counted_since(&mut seen));
        first.fetch_add(1, Ordering::Relaxed);
        drop(second);
        assert!(watchdog.all_have_counted_since(&mut seen), "the second has ended");
        assert_eq!(watchdog.lock().len(), 1);
    }
}
