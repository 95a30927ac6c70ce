//! What is done beside requests, on threads of its own.

use std::{
    io,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::provider::{Provider, error::Error};

/// How often what other processes changed is taken up, where no sign-on does it anyway, and how often it is looked
/// whether the database takes writes.
const REFRESH: Duration = Duration::from_secs(1);
/// How often what has expired is removed.
const KEEP_HOUSE: Duration = Duration::from_secs(30);
/// How often it is looked for metadata that is to be fetched.
const FETCH: Duration = Duration::from_secs(30);
/// How long a look may take before another is begun beside it, and how long the stop waits for either.
pub(super) const SILENT: Duration = Duration::from_secs(10);
/// How long cleaning up may take before it is begun again beside it.
const LONG_HOUSEKEEPING: Duration = Duration::from_mins(10);
/// So many of one kind may wait for a silent database.
const MOST_WAITING: usize = 3;

pub(super) fn fetch_metadata(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(FETCH) == Err(mpsc::RecvTimeoutError::Timeout) {
        if let Err(error) = provider.refresh_sources() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "sources of metadata could not be looked after"
            );
        }
    }
}

/// One look around, as each second has one.
pub(super) fn look(provider: &Provider) {
    if let Err(error) = provider.refresh() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "what others changed could not be read"
        );
    }
    if let Err(error) = provider.beat() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database takes no writes"
        );
    }
}

/// Looks and cleans up until it is stopped. It asks the database nothing itself: each round is a thread, so that a
/// database which is silent for one is tried again by the next.
pub(super) fn keep_house(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    let requests = provider.for_requests();
    let (alive, ended) = mpsc::channel();
    let mut looks = Rounds::new("look", SILENT, alive.clone());
    let mut cleaning = Rounds::new("cleaning", LONG_HOUSEKEEPING, alive.clone());
    let mut kept = Instant::now();
    while stopped.recv_timeout(REFRESH) == Err(mpsc::RecvTimeoutError::Timeout) {
        let provider_of_look = requests.clone();
        looks.begin(move || look(&provider_of_look));
        if kept.elapsed() >= KEEP_HOUSE {
            kept = Instant::now();
            let provider = provider.clone();
            cleaning.begin(move || tell("housekeeping failed", provider.keep_house().map(drop)));
        }
    }
    let mut last = Rounds::new("last", SILENT, alive);
    last.begin(move || tell("the last audit rows could not be written", requests.flush_audit()));
    drop((looks, cleaning, last));
    // Every round holds the other end while it runs.
    if ended.recv_timeout(SILENT) == Err(mpsc::RecvTimeoutError::Timeout) {
        tracing::error!("the database is silent: the last audit rows may be lost");
    }
}

fn tell(what: &str, done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::error!(error = &error as &dyn std::error::Error, "{what}");
    }
}

/// Work that is done again and again.
struct Rounds {
    name: &'static str,
    patience: Duration,
    running: Vec<(thread::JoinHandle<()>, Instant)>,
    alive: mpsc::Sender<()>,
}

impl Rounds {
    const fn new(name: &'static str, patience: Duration, alive: mpsc::Sender<()>) -> Self {
        Self {
            name,
            patience,
            running: Vec::new(),
            alive,
        }
    }

    /// Does `work` now, unless an earlier round may still end.
    fn begin(&mut self, work: impl FnOnce() + Send + 'static) {
        self.running.retain(|(round, _)| !round.is_finished());
        let is_busy = self
            .running
            .iter()
            .any(|(_, since)| since.elapsed() < self.patience);
        if is_busy || self.running.len() >= MOST_WAITING {
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
    fn a_round_that_never_ends_does_not_keep_the_next_from_its_turn() {
        let (alive, _ended) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let mut rounds = Rounds::new("test", Duration::ZERO, alive);
        rounds.begin(move || {
            // Ends with the test.
            let _released = held.recv();
        });
        let (done, is_done) = mpsc::channel();
        rounds.begin(move || done.send(()).unwrap());
        is_done.recv().unwrap();
        assert!(!rounds.running[0].0.is_finished(), "the first still waits");
        drop(release);
    }

    #[test]
    fn a_round_that_may_still_end_is_not_begun_twice() {
        let (alive, _ended) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let mut rounds = Rounds::new("test", Duration::from_hours(1), alive);
        rounds.begin(move || {
            // Ends with the test.
            let _released = held.recv();
        });
        rounds.begin(|| panic!("begun beside the first"));
        assert_eq!(rounds.running.len(), 1);
        drop(release);
    }
}
