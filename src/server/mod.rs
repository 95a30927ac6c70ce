//! From settings to a running daemon: files, database, keys, listener, background work.

mod backup;
mod check;
mod housekeeping;
mod http;
mod jobs;
mod listen;
mod move_database;
mod moved;
mod open;
mod reload;
mod reseal;
mod restore;
mod seal;
mod signals;
mod startup_log;
mod systemd;
mod wait_for_database;
mod work_folder;

use std::{
    net::TcpListener,
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Instant,
};

use actix_web::{dev::ServerHandle, web::Data};
use anyhow::{Result, bail};

pub use self::{
    backup::{BackupMade, BackupRequest, backup, check_backup_target},
    check::{SettingsFindings, check},
    move_database::move_database,
    open::{open, prepare, prepare_with},
    reload::ReadSettings,
    reseal::{ResealOutcome, reseal},
    restore::{Restored, restore},
    signals::Signals,
};
use self::{
    housekeeping::{DATABASE_TIMEOUT, fetch_metadata, refresh_and_check, run_housekeeping},
    http::HttpConfig,
    jobs::{SHUTDOWN_TIMEOUT, run_jobs},
    listen::ConnectionCounter,
    open::lock_database,
    reload::Live,
    startup_log::{
        log_finding, log_ignored_variables, log_missing_owner, log_unreadable_passkeys, next_step,
    },
    systemd::Watchdog,
};
use crate::{
    build_info,
    config::Settings,
    model::actor::Actor,
    provider::Provider,
    telemetry::Log,
    web::{self, Deadlines, Permits, Site},
};

/// Runs the daemon until a signal stops it. At each SIGHUP, `read_again` reads the settings from where `settings` came
/// from.
pub fn serve(settings: Settings, read_again: ReadSettings, log: &Log) -> Result<()> {
    let began = Instant::now();
    let signals = Signals::receive(log)?;
    // Also while the database is away: systemd begins to watch once the daemon is ready.
    let watchdog = Watchdog::if_enabled();
    watchdog.as_ref().map(Watchdog::start).transpose()?;
    log_ignored_variables(&settings);
    let listener = listen::bind(settings.listen)?;
    let _only_one = lock_database(&settings)?;
    work_folder::remove_abandoned(&settings.data_dir);
    let prepared = wait_for_database::prepare_when_available(&settings, &listener, &signals.stop)?;
    let Some((provider, findings)) = prepared else {
        return Ok(());
    };
    for finding in &findings {
        log_finding(finding);
    }
    log_missing_owner(&provider)?;
    log_unreadable_passkeys(&provider)?;
    let address = listener.local_addr()?;
    let next = next_step(&settings, &provider)?;
    let server = Server::start_watched(&settings, provider, listener, Deadlines::default(), watchdog)?;
    server.stop_at(&signals);
    let status = format!("listens on http://{address}");
    systemd::ready(&status);
    tracing::info!(
        listen = %address,
        base_url = settings.base_url.origin(),
        milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "Hallpass {} listens on http://{address}. {next}",
        build_info::version()
    );
    let live = Live {
        provider: server.fetch_provider.clone(),
        site: server.site.clone(),
        connections: server.connections.clone(),
        log: log.clone(),
    };
    reload::reload_at(signals.hangups, settings, read_again, live, status)?;
    server.wait()
}

#[derive(Debug)]
pub struct Server {
    site: Data<Site>,
    connections: ConnectionCounter,
    handle: ServerHandle,
    running: thread::JoinHandle<std::io::Result<()>>,
    housekeeping: thread::JoinHandle<()>,
    stop_housekeeping: mpsc::Sender<()>,
    fetch_provider: Provider,
    metadata_fetcher: thread::JoinHandle<()>,
    stop_metadata_fetcher: mpsc::Sender<()>,
    metadata_fetcher_ended: Mutex<mpsc::Receiver<()>>,
    stop_worker: mpsc::Sender<()>,
    worker_ended: Mutex<mpsc::Receiver<()>>,
}

impl Server {
    /// Starts serving on `listener`.
    pub fn start(settings: &Settings, provider: Provider, listener: TcpListener) -> Result<Self> {
        Self::start_with(settings, provider, listener, Deadlines::default())
    }

    /// Like `start`, with other deadlines for slow clients.
    pub fn start_with(
        settings: &Settings,
        provider: Provider,
        listener: TcpListener,
        deadlines: Deadlines,
    ) -> Result<Self> {
        Self::start_watched(settings, provider, listener, deadlines, None)
    }

    fn start_watched(
        settings: &Settings,
        provider: Provider,
        listener: TcpListener,
        deadlines: Deadlines,
        watchdog: Option<Watchdog>,
    ) -> Result<Self> {
        let permits = Permits::new(
            settings.workers.max(2) * 2,
            settings.hashing_concurrency,
            deadlines.queue,
        );
        let site = Data::new(Site::new(
            provider.for_requests(),
            permits,
            settings.trusted_proxies.clone(),
            reload::brand(settings),
        )?);
        let http = HttpConfig::new(settings, deadlines).watched_by(watchdog);
        let (connections, served_site) = (http.connections(), site.clone());
        // The first request already finds the current state.
        refresh_and_check(&provider.for_requests());
        let (ready, started) = mpsc::channel();
        let running = thread::Builder::new().name("server".to_owned()).spawn(move || {
            let system = actix_web::rt::System::new();
            system.block_on(async move {
                let server = http.run(listener, move || web::app(served_site.clone()))?;
                // The receiver waits for exactly this.
                let _sent = ready.send(server.handle());
                server.await
            })
        })?;
        let Ok(handle) = started.recv() else {
            bail!("the server did not start");
        };
        let fetching = provider.clone();
        let (stop_keeper, stopped) = mpsc::channel();
        let keeper = thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || run_housekeeping(&provider, &stopped))?;
        // A thread of its own, since fetching takes long and housekeeping reads changes every second.
        let (stop_fetcher, stopped) = mpsc::channel();
        let fetching_provider = fetching.clone();
        let (alive, fetcher_ended) = mpsc::channel();
        let fetcher = thread::Builder::new()
            .name("metadata".to_owned())
            .spawn(move || {
                fetch_metadata(&fetching_provider, &stopped);
                drop(alive);
            })?;
        // A thread of its own, since a mail server may be slow.
        let (stop_worker, stopped) = mpsc::channel();
        let working_provider = fetching.clone();
        let (alive, worker_ended) = mpsc::channel();
        thread::Builder::new().name("jobs".to_owned()).spawn(move || {
            run_jobs(&working_provider, &stopped);
            drop(alive);
        })?;
        Ok(Self {
            site,
            connections,
            handle,
            running,
            housekeeping: keeper,
            stop_housekeeping: stop_keeper,
            fetch_provider: fetching,
            metadata_fetcher: fetcher,
            stop_metadata_fetcher: stop_fetcher,
            metadata_fetcher_ended: Mutex::new(fetcher_ended),
            stop_worker,
            worker_ended: Mutex::new(worker_ended),
        })
    }

    /// From now on a signal stops this server: SIGTERM lets it finish the requests under way.
    pub fn stop_at(&self, signals: &Signals) {
        signals.stop.stops(self.handle.clone());
    }

    /// Waits until the server is stopped.
    pub fn wait(self) -> Result<()> {
        let ended = self.running.join();
        drop((
            self.stop_housekeeping,
            self.stop_metadata_fetcher,
            self.stop_worker,
        ));
        self.fetch_provider
            .metadata_sources(&Actor::Itself)
            .stop_fetching();
        let cleaned = self.housekeeping.join();
        // The fetcher may wait for a database that does not respond; the shutdown does not.
        let ended_by_now = self
            .metadata_fetcher_ended
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let fetched = match ended_by_now.recv_timeout(DATABASE_TIMEOUT) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                tracing::error!(
                    "metadata is still being taken up; what it has not kept yet is fetched again"
                );
                Ok(())
            }
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => self.metadata_fetcher.join(),
        };
        let ended_by_now = self
            .worker_ended
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if ended_by_now.recv_timeout(SHUTDOWN_TIMEOUT) == Err(mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("a job is not finished, such as a mail to a slow server; it is done again later");
        }
        tracing::info!("Hallpass has stopped");
        match (ended, cleaned, fetched) {
            (Ok(ended), Ok(()), Ok(())) => Ok(ended?),
            (_, _, _) => bail!("a thread broke"),
        }
    }

    /// Stops as a signal would, and waits.
    pub fn stop(self) -> Result<()> {
        let stopping = self.handle.stop(true);
        actix_web::rt::System::new().block_on(stopping);
        self.wait()
    }
}
