//! What is done beside requests, on threads of its own.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::provider::Provider;

/// How often what other processes changed is taken up, where no sign-on does it anyway.
const REFRESH: Duration = Duration::from_secs(1);
/// How often what has expired is removed.
const KEEP_HOUSE: Duration = Duration::from_secs(30);
/// How often it is looked for metadata that is to be fetched.
const FETCH: Duration = Duration::from_secs(30);

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

pub(super) fn keep_house(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    let mut kept = Instant::now();
    while stopped.recv_timeout(REFRESH) == Err(mpsc::RecvTimeoutError::Timeout) {
        if let Err(error) = provider.refresh() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what others changed could not be read"
            );
        }
        if kept.elapsed() >= KEEP_HOUSE {
            kept = Instant::now();
            if let Err(error) = provider.keep_house() {
                tracing::warn!(error = &error as &dyn std::error::Error, "housekeeping failed");
            }
        }
    }
    if let Err(error) = provider.flush_audit() {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the last audit rows could not be written"
        );
    }
}
