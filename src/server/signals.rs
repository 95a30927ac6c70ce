//! Signals, received on a thread of their own for as long as the process lives: SIGHUP reads the settings again, and
//! SIGTERM, SIGINT and SIGQUIT stop the server that serves just then.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use actix_web::{dev::ServerHandle, rt::System};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{server::systemd, telemetry::Log};

/// What the signals of this process lead to.
#[derive(Debug)]
pub struct Signals {
    /// Each SIGHUP that arrived.
    pub(super) hangups: mpsc::Receiver<()>,
    pub(super) stop: StopRequest,
}

impl Signals {
    /// From now on SIGHUP ends nothing: a closing terminal sends it, and so do administrators who want the settings read
    /// again. A signal to stop ends the process at once where it serves nobody yet.
    pub fn receive(log: &Log) -> io::Result<Self> {
        let (received, hangups) = mpsc::channel();
        let (registered, is_registered) = mpsc::channel();
        let stop = StopRequest {
            log: log.clone(),
            server: Arc::default(),
        };
        let stopping = stop.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            System::new().block_on(async move {
                match Registered::new() {
                    Ok(signals) => {
                        let _awaited = registered.send(());
                        drop(registered);
                        signals.pass_on(&received, &stopping).await;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "signals cannot be received: each ends the daemon at once");
                    }
                }
            });
        })?;
        // Until then a SIGHUP would end the process. If the thread ends without a word, it has logged why.
        let _registered_or_logged = is_registered.recv();
        Ok(Self { hangups, stop })
    }
}

/// Stops the server that serves, whichever that is: a signal that arrives while one takes the place of another is not
/// lost.
#[derive(Clone, Debug)]
pub(super) struct StopRequest {
    log: Log,
    server: Arc<Mutex<Serving>>,
}

#[derive(Debug, Default)]
struct Serving {
    /// `None`: there is nobody who would wait for an answer.
    server: Option<ServerHandle>,
    is_requested: bool,
}

impl StopRequest {
    /// From now on a signal stops this server.
    pub(super) fn stops(&self, server: ServerHandle) {
        self.lock().server = Some(server);
    }

    /// The server is stopped by whoever calls this, unless a signal did that before: then this returns `false`.
    pub(super) fn release(&self) -> bool {
        let mut serving = self.lock();
        serving.server = None;
        !serving.is_requested
    }

    fn request(&self, finish_requests: bool) {
        let mut serving = self.lock();
        serving.is_requested = true;
        let Some(server) = &serving.server else {
            self.exit();
        };
        systemd::stopping();
        // The request is made by the call; whoever waits for the server sees it end.
        drop(server.stop(finish_requests));
    }

    /// Whatever this interrupts may be killed at any moment.
    fn exit(&self) -> ! {
        tracing::info!("Hallpass was stopped before it served");
        self.log.finish();
        std::process::exit(0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Serving> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Registered {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

impl Registered {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn pass_on(mut self, hangups: &mpsc::Sender<()>, stop: &StopRequest) {
        loop {
            tokio::select! {
                // Received also where nobody listens: else the next one would end the process.
                Some(()) = self.hangup.recv() => {
                    let _read_at_the_start_or_stopping = hangups.send(());
                }
                Some(()) = self.terminate.recv() => stop.request(true),
                Some(()) = self.interrupt.recv() => stop.request(false),
                Some(()) = self.quit.recv() => stop.request(false),
                else => return,
            }
        }
    }
}
