//! Startup while the database server is unreachable: the daemon runs, is not ready, and tries again.

use std::{net::TcpListener, sync::mpsc, thread, time::Duration};

use actix_web::dev::ServerHandle;
use anyhow::{Result, bail};

use crate::{
    config::Settings,
    provider::{self, Provider, bootstrap::BootstrapNotice},
    server::{http::HttpConfig, open::prepare, signals::StopRequest, systemd},
    store,
    web::{self, Deadlines},
};

/// The delay before the second attempt; each further delay is twice as long.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(15);

/// Prepares a provider, however long its database server is unreachable. `None`: stopped before that.
pub(super) fn prepare_when_available(
    settings: &Settings,
    listener: &TcpListener,
    stop: &StopRequest,
) -> Result<Option<(Provider, Vec<BootstrapNotice>)>> {
    let mut meanwhile: Option<UnavailableServer> = None;
    let mut delay = FIRST_RETRY_DELAY;
    loop {
        let error = match prepare(settings) {
            Ok(prepared) => {
                if let Some(meanwhile) = meanwhile {
                    let is_stopped = !stop.release();
                    meanwhile.stop()?;
                    if is_stopped {
                        return Ok(None);
                    }
                    tracing::info!("the database is there");
                }
                return Ok(Some(prepared));
            }
            Err(error) if is_database_unavailable(&error) => error,
            Err(error) => return Err(error),
        };
        tracing::warn!(
            error = format!("{error:#}"),
            seconds = delay.as_secs(),
            "the database is away: nobody can sign in until it comes; it is tried again"
        );
        let living = if let Some(living) = meanwhile.take() {
            living
        } else {
            let living = UnavailableServer::start(settings, listener.try_clone()?)?;
            stop.stops(living.handle.clone());
            // It answers, and says what it waits for: a start that took too long would be ended.
            systemd::ready("waits for the database");
            living
        };
        if living.has_ended_within(delay) {
            return Ok(None);
        }
        meanwhile = Some(living);
        delay = (delay * 2).min(MAX_RETRY_DELAY);
    }
}

/// Whether a database server is unreachable, which may pass. A missing file stays missing.
fn is_database_unavailable(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_provider = match cause.downcast_ref::<provider::error::Error>() {
            Some(provider::error::Error::Store(error)) => Some(error),
            Some(_) | None => None,
        };
        of_provider
            .or_else(|| cause.downcast_ref())
            .is_some_and(store::Error::is_unavailable)
    })
}

/// Answers while there is no provider.
struct UnavailableServer {
    handle: ServerHandle,
    running: thread::JoinHandle<std::io::Result<()>>,
    ended: mpsc::Receiver<()>,
}

impl UnavailableServer {
    fn start(settings: &Settings, listener: TcpListener) -> Result<Self> {
        let http = HttpConfig::new(settings, Deadlines::default());
        let (ready, started) = mpsc::channel();
        let (alive, ended) = mpsc::channel();
        let running = thread::Builder::new().name("waiting".to_owned()).spawn(move || {
            let done = actix_web::rt::System::new().block_on(async move {
                let server = http.run(listener, web::unavailable_app)?;
                // The receiver waits for exactly this.
                let _sent = ready.send(server.handle());
                server.await
            });
            drop(alive);
            done
        })?;
        let Ok(handle) = started.recv() else {
            bail!("the server did not start");
        };
        Ok(Self {
            handle,
            running,
            ended,
        })
    }

    /// Whether a signal stopped it within `delay`.
    fn has_ended_within(&self, delay: Duration) -> bool {
        self.ended.recv_timeout(delay) == Err(mpsc::RecvTimeoutError::Disconnected)
    }

    fn stop(self) -> Result<()> {
        let stopping = self.handle.stop(true);
        actix_web::rt::System::new().block_on(stopping);
        match self.running.join() {
            Ok(ended) => Ok(ended?),
            Err(_) => bail!("a thread broke"),
        }
    }
}
