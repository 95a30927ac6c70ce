//! From settings to a running daemon: files, database, keys, listener, timer.

use std::{
    net::TcpListener,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use actix_web::{HttpServer, dev::ServerHandle, web::Data};
use anyhow::{Context, Result, bail};

use crate::{
    clock::{Clock, SystemClock},
    config::Settings,
    credential::password::{Cost, Hasher},
    entropy::{Entropy, SystemEntropy},
    fetch::Fetcher,
    files::{self, Written},
    keys::seal::SealingKey,
    model::{
        endpoint::{BaseUrl, Endpoints},
        key::KeyState,
    },
    provider::{
        Parts, Provider,
        installation::{Finding, Founding},
    },
    store::{Backup, SchemaState, Store, Tx},
    web::{self, Permits, Site},
};

/// How often what other processes changed is taken up, where no sign-on does it anyway.
const REFRESH: Duration = Duration::from_secs(1);
/// How often what has expired is removed.
const KEEP_HOUSE: Duration = Duration::from_secs(30);
/// How often it is looked for metadata that is to be fetched.
const FETCH: Duration = Duration::from_secs(30);
/// How long requests under way may still take when the daemon is told to stop, in seconds.
const STOPPING: u64 = 30;

/// Opens a provider for a command beside the daemon: nothing is made, nothing is migrated.
pub fn open(settings: &Settings) -> Result<Provider> {
    if settings.data_dir.exists() {
        check_files(settings)?;
    } else {
        bail!(
            "there is no data directory {}: start `hallpass serve` once, or name the right one with HALLPASS_DATA_DIR",
            settings.data_dir.display()
        );
    }
    if let Some(path) = settings.sqlite_path()
        && !path.exists()
    {
        bail!(
            "there is no database {}: start `hallpass serve` once",
            path.display()
        );
    }
    let store = Store::connect(&settings.database_url, 2).context("the database cannot be opened")?;
    match store.state()? {
        SchemaState::Current | SchemaState::AheadButUsable => {}
        SchemaState::Empty => bail!("this database is empty: start `hallpass serve` once"),
        SchemaState::Behind { .. } => {
            bail!(
                "this database is of an older version: `hallpass serve` of this version brings it up to date, other commands do not"
            )
        }
        SchemaState::TooNew { oldest_binary } => too_new(&oldest_binary)?,
    }
    let sealing_key = read_sealing_key(settings)?.with_context(|| missing_sealing_key(settings))?;
    // What the daemon runs under is what is to be pasted elsewhere, wherever this command runs.
    let known = store
        .read(Tx::installation)?
        .and_then(|known| BaseUrl::parse(&known.base_url).ok());
    provider(
        settings,
        known.unwrap_or_else(|| settings.base_url.clone()),
        store,
        sealing_key,
        Box::new(SystemClock),
        Box::new(SystemEntropy),
    )
}

/// Opens a provider for the daemon: brings the database up to date, and makes at the first start what
/// is made once.
pub fn prepare(settings: &Settings) -> Result<(Provider, Vec<Finding>)> {
    prepare_with(settings, Box::new(SystemClock), Box::new(SystemEntropy))
}

/// The same, with time and chance of the caller's choice.
pub fn prepare_with(
    settings: &Settings,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
) -> Result<(Provider, Vec<Finding>)> {
    files::ensure_data_dir(&settings.data_dir)?;
    check_files(settings)?;
    let store = Store::connect(&settings.database_url, settings.database_connections)
        .context("the database cannot be opened")?;
    if let SchemaState::TooNew { oldest_binary } = store.state()? {
        too_new(&oldest_binary)?;
    }
    let migrated = store
        .migrate(Backup::Beside)
        .context("the database cannot be brought up to date")?;
    if let Some(copy) = &migrated.backup {
        tracing::info!(copy = %copy.display(), "the database was copied before it was brought up to date");
    }
    let sealing_key = sealing_key(settings, &store, entropy.as_ref())?;
    let own_key = match &settings.own_key {
        None => None,
        Some(own) => Some((
            files::read_named_secret(&own.key_file)?.expose().clone(),
            std::fs::read(&own.certificate_file)
                .with_context(|| format!("cannot read {}", own.certificate_file.display()))?,
        )),
    };
    let findings = Founding {
        clock: clock.as_ref(),
        entropy: entropy.as_ref(),
        store: &store,
        sealing_key: &sealing_key,
        endpoints: &Endpoints::new(settings.base_url.clone()),
        entity_id: settings.entity_id.clone(),
        own_key,
    }
    .found()
    .with_context(|| {
        format!(
            "the signing key cannot be opened with {}",
            settings.seal_key_path().display()
        )
    })?;
    Ok((
        provider(
            settings,
            settings.base_url.clone(),
            store,
            sealing_key,
            clock,
            entropy,
        )?,
        findings,
    ))
}

fn provider(
    settings: &Settings,
    base_url: BaseUrl,
    store: Store,
    sealing_key: SealingKey,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
) -> Result<Provider> {
    Ok(Provider::open(Parts {
        clock,
        entropy,
        endpoints: Endpoints::new(base_url),
        policy: settings.policy.clone(),
        sealing_key,
        hasher: Hasher::new(Cost::LEAST)?,
        store,
        fetcher: Fetcher::new(
            settings.metadata_private_networks.clone(),
            settings.data_dir.clone(),
        ),
    })?)
}

fn too_new(oldest_binary: &str) -> Result<()> {
    bail!("a newer version has changed this database: run hallpass {oldest_binary} or later")
}

fn check_files(settings: &Settings) -> Result<()> {
    files::ensure_data_dir(&settings.data_dir)?;
    if settings.seal_key_file.is_none() {
        files::check_private(&settings.seal_key_path())?;
    }
    if let Some(database) = settings.sqlite_path() {
        for ending in ["", "-wal", "-shm"] {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            files::check_private(Path::new(&name))?;
        }
    }
    Ok(())
}

/// The sealing key, made only where the database never held a key that it could have sealed.
fn sealing_key(settings: &Settings, store: &Store, entropy: &dyn Entropy) -> Result<SealingKey> {
    if let Some(key) = read_sealing_key(settings)? {
        return Ok(key);
    }
    if !store.read(Tx::signing_keys)?.is_empty() || settings.seal_key_file.is_some() {
        bail!(missing_sealing_key(settings));
    }
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    let key = SealingKey::new(bytes);
    match files::write_private(&settings.seal_key_path(), key.to_text().expose().as_bytes())? {
        Written::New => Ok(key),
        Written::AlreadyExists => read_sealing_key(settings)?.with_context(|| missing_sealing_key(settings)),
    }
}

fn missing_sealing_key(settings: &Settings) -> String {
    let path = settings.seal_key_path();
    let path = path.display();
    if settings.seal_key_file.is_some() {
        format!(
            "the sealing key {path} is missing. If the signing keys in the database were sealed with it, bring it back from your backup. For a new installation make it once: (umask 077; printf 'hallpass-seal-1:%s\\n' \"$(openssl rand -base64 32)\" > {path})"
        )
    } else {
        format!(
            "the sealing key {path} is missing, and the signing keys in the database cannot be opened without it. Bring it back from your backup, or from another replica; a new one is never made in its place"
        )
    }
}

fn read_sealing_key(settings: &Settings) -> Result<Option<SealingKey>> {
    let path = settings.seal_key_path();
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read_named_secret(&path)?;
    let text = std::str::from_utf8(bytes.expose())
        .with_context(|| format!("{} is no sealing key", path.display()))?;
    SealingKey::from_text(text)
        .with_context(|| format!("{} is no sealing key", path.display()))
        .map(Some)
}

/// Runs the daemon until it is told to stop.
pub fn serve(settings: &Settings) -> Result<()> {
    let began = Instant::now();
    let (provider, findings) = prepare(settings)?;
    for finding in &findings {
        tell(finding);
    }
    let listener = TcpListener::bind(settings.listen).with_context(|| {
        format!(
            "cannot listen on {}: is another Hallpass running there?",
            settings.listen
        )
    })?;
    let address = listener.local_addr()?;
    let next = next_step(settings, &provider)?;
    let server = Server::start(settings, provider, listener)?;
    tracing::info!(
        listen = %address,
        base_url = settings.base_url.origin(),
        milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "Hallpass {} listens on http://{address}. {next}",
        env!("CARGO_PKG_VERSION")
    );
    server.wait()
}

/// A running server and its housekeeping.
#[derive(Debug)]
pub struct Server {
    handle: ServerHandle,
    running: thread::JoinHandle<std::io::Result<()>>,
    keeper: thread::JoinHandle<()>,
    stop_keeper: mpsc::Sender<()>,
    fetching: Provider,
    fetcher: thread::JoinHandle<()>,
    stop_fetcher: mpsc::Sender<()>,
}

impl Server {
    /// Starts to answer on `listener`.
    pub fn start(settings: &Settings, provider: Provider, listener: TcpListener) -> Result<Self> {
        let permits = Permits::new(settings.workers.max(2) * 2, settings.hashing);
        let site = Data::new(Site::new(
            provider.clone(),
            permits,
            settings.trusted_proxies.clone(),
            settings.organisation.clone(),
            settings.help_url.as_ref().map(ToString::to_string),
        )?);
        let (workers, threads) = (settings.workers, settings.workers.max(2) * 2 + settings.hashing);
        let (ready, started) = mpsc::channel();
        let running = thread::Builder::new().name("server".to_owned()).spawn(move || {
            let system = actix_web::rt::System::new();
            system.block_on(async move {
                let server = HttpServer::new(move || web::app(site.clone()))
                    .workers(workers)
                    .worker_max_blocking_threads(threads.div_ceil(workers).max(2))
                    .shutdown_timeout(STOPPING)
                    .listen(listener)?
                    .run();
                // The other end waits for exactly this.
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
            .spawn(move || keep_house(&provider, &stopped))?;
        // Fetching takes its time; what a change elsewhere means is taken up each second.
        let (stop_fetcher, stopped) = mpsc::channel();
        let fetching_provider = fetching.clone();
        let fetcher = thread::Builder::new()
            .name("metadata".to_owned())
            .spawn(move || fetch_metadata(&fetching_provider, &stopped))?;
        Ok(Self {
            handle,
            running,
            keeper,
            stop_keeper,
            fetching,
            fetcher,
            stop_fetcher,
        })
    }

    /// Waits until SIGTERM or SIGINT; requests under way are finished.
    pub fn wait(self) -> Result<()> {
        let ended = self.running.join();
        drop((self.stop_keeper, self.stop_fetcher));
        self.fetching.stop_fetching();
        let kept = self.keeper.join().and(self.fetcher.join());
        tracing::info!("Hallpass has stopped");
        match (ended, kept) {
            (Ok(ended), Ok(())) => Ok(ended?),
            (_, _) => bail!("a thread broke"),
        }
    }

    /// Stops as a signal would, and waits for it.
    pub fn stop(self) -> Result<()> {
        let stopping = self.handle.stop(true);
        actix_web::rt::System::new().block_on(stopping);
        self.wait()
    }
}

fn fetch_metadata(provider: &Provider, stopped: &mpsc::Receiver<()>) {
    while stopped.recv_timeout(FETCH) == Err(mpsc::RecvTimeoutError::Timeout) {
        if let Err(error) = provider.refresh_sources() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "sources of metadata could not be looked after"
            );
        }
    }
}

fn keep_house(provider: &Provider, stopped: &mpsc::Receiver<()>) {
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

fn tell(finding: &Finding) {
    match finding {
        Finding::KeyMade { sha256 } => tracing::info!(sha256, "a signing key and its certificate were made"),
        Finding::KeyImported { sha256 } => {
            tracing::info!(
                sha256,
                "your own key was taken into the key ring, and signs from now on"
            );
        }
        Finding::OwnKeyNotActive { sha256, state } => tracing::warn!(
            sha256,
            "key_file and certificate_file name a key that {}. The key ring stays as it is: take the two settings out, or bring the key in again with `hallpass key roll prepare --key FILE --certificate FILE`",
            match state {
                KeyState::Next => "is prepared and signs next",
                KeyState::Active => "signs",
                KeyState::Previous =>
                    "signed before the present one; `hallpass key roll back` lets it sign again",
                KeyState::Retired => "is retired",
            }
        ),
        Finding::CertificateReplaced { host } => tracing::info!(
            host,
            "the certificate made for loopback was replaced; no application knew it"
        ),
        Finding::BaseUrlChanged { before, entity_id } => tracing::warn!(
            before,
            %entity_id,
            "the base URL changed. Applications go on knowing this provider as {entity_id}, but their Sign-in URL and Sign-out URL still begin with {before}: paste the new ones there (`hallpass app show` prints them)"
        ),
        Finding::EntityIdSet { before } => tracing::warn!(
            %before,
            "the entity ID changed. Applications that know this provider by the one before refuse its answers until the new one is pasted there"
        ),
    }
}

fn next_step(settings: &Settings, provider: &Provider) -> Result<String> {
    if settings.for_trying {
        return Ok("No base_url is set: this is for trying only; set HALLPASS_BASE_URL to the address that people will use.".to_owned());
    }
    let (people, applications) = (provider.users()?.len(), provider.applications()?.len());
    Ok(match (people, applications) {
        (0, _) => {
            "Next: add a person with `hallpass user add EMAIL --given-name G --family-name F`.".to_owned()
        }
        (_, 0) => {
            "Next: register ChatGPT with `hallpass app add chatgpt --acs URL --audience TEXT`.".to_owned()
        }
        (_, _) => format!("People sign in at {}.", settings.base_url.origin()),
    })
}
