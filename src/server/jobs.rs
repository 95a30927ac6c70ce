//! The worker of jobs.

use std::{sync::mpsc, time::Duration};

use crate::provider::Provider;

/// How often it is checked whether a job is due.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait after the database has failed.
const PAUSE: Duration = Duration::from_secs(30);
/// How long the shutdown waits for a job: a mail server may be slow, and the job is done later.
pub(super) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Does jobs, one after the other, until it is stopped.
pub(super) fn run_jobs(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    if let Err(error) = provider.jobs().release_abandoned() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "jobs of a process that has exited could not be looked after; they are done later"
        );
    }
    let mut pause = INTERVAL;
    while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
        pause = match provider.jobs().run_due_job() {
            Ok(true) => Duration::ZERO,
            Ok(false) => INTERVAL,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "jobs such as mail could not be looked after"
                );
                PAUSE
            }
        };
    }
}
