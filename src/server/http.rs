//! actix's HTTP server over connections with deadlines.

use std::{fmt, io, net::TcpListener, time::Duration};

use actix_http::{HttpService, Request, Response, body::BoxBody};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{Error, body::MessageBody, dev::AppConfig, rt::net::TcpStream};

use crate::{
    config::Settings,
    server::{
        listen::{self, ConnectionCounter, ConnectionSlot},
        systemd::Watchdog,
    },
    web::{Deadlines, TimedStream},
};

/// How long, in seconds, requests under way may still take when the daemon is stopped.
const SHUTDOWN_TIMEOUT: u64 = 30;
/// How long a connection is read on after a response that was sent before the whole request had arrived.
const LINGER: Duration = Duration::from_secs(1);

/// Threads, for each worker, that may wait for a database that does not respond, while others go on.
const SPARE_THREADS: usize = 64;

#[derive(Debug)]
pub(super) struct HttpConfig {
    workers: usize,
    /// Threads for blocking work, for each worker.
    blocking_threads: usize,
    /// The most connections of all workers together.
    connections: usize,
    peers: ConnectionCounter,
    deadlines: Deadlines,
    watchdog: Option<Watchdog>,
}

impl HttpConfig {
    pub(super) fn new(settings: &Settings, deadlines: Deadlines) -> Self {
        let (workers, threads) = (
            settings.workers,
            settings.workers.max(2) * 2 + settings.hashing_concurrency,
        );
        let database = usize::try_from(settings.database_connections).unwrap_or(usize::MAX);
        let connections = listen::connection_limit(database.saturating_mul(4).saturating_add(threads));
        Self {
            workers,
            blocking_threads: threads.div_ceil(workers).max(2) + SPARE_THREADS,
            connections,
            peers: ConnectionCounter::new(connections, settings.trusted_proxies.clone()),
            deadlines,
            watchdog: None,
        }
    }

    /// Lets `watchdog` see whether the workers are alive.
    pub(super) fn watched_by(self, watchdog: Option<Watchdog>) -> Self {
        Self { watchdog, ..self }
    }

    /// Counts the connections of each address.
    pub(super) fn connections(&self) -> ConnectionCounter {
        self.peers.clone()
    }

    /// Serves `app` on `listener` until the returned server is stopped.
    pub(super) fn run<F, I, S, B>(self, listener: TcpListener, app: F) -> io::Result<Server>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig, Error = Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        S::Service: 'static,
        S::Future: 'static,
        <S::Service as actix_service::Service<Request>>::Future: 'static,
        B: MessageBody + 'static,
    {
        let (peers, deadlines, watchdog) = (self.peers, self.deadlines, self.watchdog);
        let builder = Server::build()
            .workers(self.workers)
            .worker_max_blocking_threads(self.blocking_threads)
            .max_concurrent_connections((self.connections / self.workers).max(1))
            .shutdown_timeout(SHUTDOWN_TIMEOUT)
            .disable_signals();
        let stopping = builder.graceful_shutdown_signal();
        let server = builder.listen("hallpass", listener, move || {
            if let Some(watchdog) = &watchdog {
                watchdog.watch_this_worker();
            }
            let (peers, stopping) = (peers.clone(), stopping.clone());
            let app = app()
                .into_factory()
                .map_err(|error: Error| -> Response<BoxBody> { error.into() });
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                // actix's timeout covers only the first request head of a connection; `TimedStream` limits each.
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(LINGER)
                .on_connect_ext(|stream: &TimedStream<TcpStream, ConnectionSlot>, to| stream.share_state(to))
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |stream: TcpStream| {
                let address = stream.peer_addr();
                let accepted = address.and_then(|address| {
                    let slot = peers.acquire(address.ip());
                    let slot = slot.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused))?;
                    Ok((TimedStream::new(stream, deadlines, slot), Some(address)))
                });
                std::future::ready(accepted.map_err(actix_http::error::DispatchError::Io))
            })
            .and_then(http)
        })?;
        Ok(server.run())
    }
}
