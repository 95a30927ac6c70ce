//! Signals other than those that stop the daemon.

use std::{io, sync::mpsc, thread};

use actix_web::rt::System;
use tokio::signal::unix::{SignalKind, signal};

/// From now on SIGHUP ends nothing: a closing terminal sends it, and so do administrators who want the settings read
/// again. Each one that arrives is passed on.
pub(super) fn receive_hangups() -> io::Result<mpsc::Receiver<()>> {
    let (received, hangups) = mpsc::channel();
    let (registered, is_registered) = mpsc::channel();
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(|| System::new().block_on(pass_hangups_on(received, registered)))?;
    // Until then a SIGHUP would end the process. If the thread ends without a word, it has logged why.
    let _registered_or_logged = is_registered.recv();
    Ok(hangups)
}

async fn pass_hangups_on(received: mpsc::Sender<()>, registered: mpsc::Sender<()>) {
    match signal(SignalKind::hangup()) {
        Ok(mut hangups) => {
            let _awaited = registered.send(());
            drop(registered);
            // Received also where nobody listens: else the next one would end the process.
            while hangups.recv().await.is_some() {
                let _read_at_the_start_or_stopping = received.send(());
            }
        }
        Err(error) => tracing::warn!(%error, "SIGHUP cannot be received, and would end the daemon"),
    }
}
