//! How long SSO requests take while an administrator edits ten thousand applications: the 99th percentile, compared
//! with that of the same daemon without edits, in one run.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    daemon::{Client, Daemon, Deployment, DeploymentOptions},
    scale::{self, MANY},
};

/// Browsers at once, each of which sends one SSO request after the other without a pause.
const BROWSERS: usize = 4;
/// SSO requests of each browser.
const SIGN_ONS: usize = 1500;
/// Between two edits.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Edits {
    /// The 99th percentile without edits, in milliseconds.
    pub(crate) at_rest: f64,
    /// The 99th percentile during the edits, in milliseconds.
    pub(crate) disturbed: f64,
    /// The longest SSO request during the edits, in milliseconds.
    pub(crate) longest: f64,
    /// How many edits were made.
    pub(crate) count: u32,
    /// Peak resident memory, in MB.
    pub(crate) memory: f64,
}

impl Edits {
    pub(crate) fn ratio(&self) -> f64 {
        self.disturbed / self.at_rest
    }
}

pub(crate) fn measure(postgres: Option<&str>, quick: bool) -> Edits {
    let options = DeploymentOptions {
        other_applications: MANY,
        ..DeploymentOptions::default()
    };
    let deployment = Deployment::new(postgres, options);
    drop(Daemon::start(&deployment));
    let daemon = Daemon::start(&deployment);
    let mut clients: Vec<Client> = (0..BROWSERS).map(|_one| daemon.signed_in_client()).collect();
    let times = if quick { SIGN_ONS / 5 } else { SIGN_ONS };
    waits(&mut clients, 50);
    let rest = waits(&mut clients, times);
    let store = deployment.store();
    let ended = AtomicBool::new(false);
    let (under, edits) = thread::scope(|scope| {
        let editing = scope.spawn(|| {
            let mut version = vec![1; MANY as usize];
            let mut edits: u32 = 0;
            while !ended.load(Ordering::Relaxed) {
                let number = edits % MANY;
                let mut edited = scale::numbered_application(number);
                let version = version.get_mut(number as usize).unwrap();
                edited.version = *version;
                *version += 1;
                edited.name = format!("Edited {edits}");
                store.write_config(|tx| tx.edit_application(&edited)).unwrap();
                edits += 1;
                thread::park_timeout(PAUSE);
            }
            edits
        });
        let under = waits(&mut clients, times);
        ended.store(true, Ordering::Relaxed);
        (under, editing.join().unwrap())
    });
    Edits {
        at_rest: slowest_hundredth(&rest),
        disturbed: slowest_hundredth(&under),
        longest: under.last().copied().unwrap_or_default(),
        count: edits,
        memory: daemon.highest_megabytes(),
    }
}

/// How long each SSO request took, in milliseconds, shortest first.
fn waits(clients: &mut [Client], times: usize) -> Vec<f64> {
    let mut all: Vec<f64> = thread::scope(|scope| {
        let each: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(move || {
                    let wait = |_time| {
                        let began = Instant::now();
                        client.sso_many(1);
                        began.elapsed().as_secs_f64() * 1000.0
                    };
                    (0..times).map(wait).collect::<Vec<f64>>()
                })
            })
            .collect();
        each.into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    all.sort_by(f64::total_cmp);
    all
}

fn slowest_hundredth(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or_default()
}
