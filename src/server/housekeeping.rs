//! Background work, on threads of its own.

use crate::model::actor::Actor;
use std::{
    io,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::provider::{Provider, error::Error};

/// How often the changes of other processes are read, where no SSO request reads them anyway, and how often it is
/// checked that the database takes writes.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);
/// How often expired rows are removed.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(30);
/// How often sources are checked for metadata that is due.
const FETCH_INTERVAL: Duration = Duration::from_secs(30);
/// How long a refresh may take before another starts beside it, and how long the shutdown waits for background work.
pub(super) const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long housekeeping may take before it starts again beside the first.
const HOUSEKEEPING_TIMEOUT: Duration = Duration::from_mins(10);
/// How many runs of one job may wait for a database that does not respond.
const MAX_RUNNING: usize = 3;

pub(super) fn fetch_metadata(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(FETCH_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
        if let Err(error) = provider.metadata_sources(&Actor::Itself).refresh_sources() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "sources of metadata could not be looked after"
            );
        }
    }
}

/// Runs every second: reads the changes of other processes, and checks that the database takes writes.
pub(super) fn refresh_and_check(provider: &Provider) {
    if let Err(error) = provider.refresh_snapshot() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "what others changed could not be read"
        );
    }
    if let Err(error) = provider.heartbeat() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database takes no writes"
        );
    }
}

/// Refreshes and cleans up until it is stopped. This thread itself sends the database nothing: each run has its own
/// thread, so that the next run tries again while one waits for a database that does not respond.
pub(super) fn run_housekeeping(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    let requests = provider.for_requests();
    let (alive, ended) = mpsc::channel();
    let mut refreshes = RecurringJob::new("look", DATABASE_TIMEOUT, alive.clone());
    let mut cleaning = RecurringJob::new("cleaning", HOUSEKEEPING_TIMEOUT, alive.clone());
    let mut last_run = Instant::now();
    while stopped.recv_timeout(REFRESH_INTERVAL) == Err(mpsc::RecvTimeoutError::Timeout) {
        let provider_of_look = requests.clone();
        refreshes.start(move || refresh_and_check(&provider_of_look));
        if last_run.elapsed() >= HOUSEKEEPING_INTERVAL {
            last_run = Instant::now();
            let provider = provider.clone();
            cleaning.start(move || log_failure("housekeeping failed", provider.run_housekeeping().map(drop)));
        }
    }
    let mut last = RecurringJob::new("last", DATABASE_TIMEOUT, alive);
    last.start(move || log_failure("the last audit rows could not be written", requests.flush_audit()));
    drop((refreshes, cleaning, last));
    // Every run holds a sender while it works.
    if ended.recv_timeout(DATABASE_TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
        tracing::error!("the database is silent: the last audit rows may be lost");
    }
}

fn log_failure(what: &str, done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::error!(error = &error as &dyn std::error::Error, "{what}");
    }
}

/// A job that runs again and again.
struct RecurringJob {
    name: &'static str,
    timeout: Duration,
    running: Vec<(thread::JoinHandle<()>, Instant)>,
    alive: mpsc::Sender<()>,
}

impl RecurringJob {
    const fn new(name: &'static str, patience: Duration, alive: mpsc::Sender<()>) -> Self {
        Self {
            name,
            timeout: patience,
            running: Vec::new(),
            alive,
        }
    }

    /// Runs `work` now, unless an earlier run may still end.
    fn start(&mut self, work: impl FnOnce() + Send + 'static) {
        self.running.retain(|(round, _)| !round.is_finished());
        let is_busy = self
            .running
            .iter()
            .any(|(_, since)| since.elapsed() < self.timeout);
        if is_busy || self.running.len() >= MAX_RUNNING {
            return;
        }
        let alive = self.alive.clone();
        let begun: io::Result<_> = thread::Builder::new().name(self.name.to_owned()).spawn(move || {
            work();
            drop(alive);
        });
        match begun {
            Ok(round) => self.running.push((round, Instant::now())),
            Err(error) => tracing::error!(%error, "a thread could not be started"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_never_ends_does_not_block_the_next() {
        let (alive, _ended) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let mut rounds = RecurringJob::new("test", Duration::ZERO, alive);
        rounds.start(move || {
            // Ends with the test.
            let _released = held.recv();
        });
        let (done, is_done) = mpsc::channel();
        rounds.start(move || done.send(()).unwrap());
        is_done.recv().unwrap();
        assert!(!rounds.running[0].0.is_finished(), "the first still waits");
        drop(release);
    }

    #[test]
    fn a_run_that_may_still_end_is_not_started_twice() {
        let (alive, _ended) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let mut rounds = RecurringJob::new("test", Duration::from_hours(1), alive);
        rounds.start(move || {
            // Ends with the test.
            let _released = held.recv();
        });
        rounds.start(|| panic!("begun beside the first"));
        assert_eq!(rounds.running.len(), 1);
        drop(release);
    }
}
