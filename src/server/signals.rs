//! Signals other than those that stop the daemon.

use std::{io, thread};

use actix_web::rt::System;
use tokio::signal::unix::{SignalKind, signal};

/// From now on SIGHUP ends nothing: a closing terminal sends it, and so do administrators who are used to daemons that
/// read their settings again at it.
pub(super) fn ignore_hangups() -> io::Result<()> {
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(|| System::new().block_on(log_hangups()))?;
    Ok(())
}

async fn log_hangups() {
    match signal(SignalKind::hangup()) {
        Ok(mut hangups) => {
            while hangups.recv().await.is_some() {
                tracing::warn!(
                    "SIGHUP is ignored: settings are read at the start alone, so restart to change them"
                );
            }
        }
        Err(error) => tracing::warn!(%error, "SIGHUP cannot be ignored, and would end the daemon"),
    }
}
