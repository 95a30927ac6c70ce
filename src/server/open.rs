//! From settings to a provider: files, database, keys.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;

use crate::{
    api_model::remedy,
    clock::{Clock, SystemClock},
    config::Settings,
    credential::password::{HashCost, Hasher},
    crypto::seal::SealingKey,
    entropy::{Entropy, SystemEntropy},
    fetch::Fetcher,
    files,
    mail::Mailer,
    model::{
        endpoint::{BaseUrl, Endpoints},
        secret::Secret,
    },
    provider::{
        Dependencies, Provider,
        bootstrap::{Bootstrap, BootstrapNotice},
        key_rows, passkey_domain,
    },
    server::{
        moved::{MoveNote, refuse_old_database},
        seal,
    },
    store::{Backup, SchemaState, Store, Tx},
};

/// Opens a provider for a command beside the daemon; creates and migrates nothing.
pub fn open(settings: &Settings) -> Result<Provider> {
    require_used(settings)?;
    open_existing(settings)
}

/// Opens what a copy of everything needs; looks at the files as [`open`] does.
pub(super) fn open_for_copy(settings: &Settings) -> Result<(Provider, Store)> {
    require_used(settings)?;
    let store = connect_used(&settings.database_url)?;
    if store.schema_state()? != SchemaState::Current {
        bail!(
            "a newer version has changed this database, and may have stored what this one does not know: run that version"
        );
    }
    let provider = open_for_command(settings, store.clone())?;
    Ok((provider, store))
}

/// Fails where `serve` was never started, or where others may read our files.
fn require_used(settings: &Settings) -> Result<()> {
    if settings.data_dir.exists() {
        check_files(settings)?;
    } else {
        bail!(
            "there is no data directory {}: start the daemon once, or name the right one with data_dir in the configuration, or HALLPASS_DATA_DIR",
            settings.data_dir.display()
        );
    }
    refuse_old_database(settings)?;
    if let Some(path) = settings.sqlite_path()
        && !path.exists()
    {
        if marker_path(settings).exists() {
            bail!(database_missing(settings));
        }
        bail!(
            "there is no database {}: start the daemon once, or name the right data directory with data_dir",
            path.display()
        );
    }
    Ok(())
}

/// Opens a provider on a database that exists; does not look at the modes of files.
pub(super) fn open_existing(settings: &Settings) -> Result<Provider> {
    open_for_command(settings, connect_used(&settings.database_url)?)
}

/// A provider on `store`, with the sealing key that the settings name.
fn open_for_command(settings: &Settings, store: Store) -> Result<Provider> {
    let sealing_key = seal::read_key(settings, &store)?;
    // Applications need the daemon's base URL, whatever the settings of this command say.
    let known = store
        .read(Tx::installation)?
        .and_then(|known| BaseUrl::parse(&known.base_url).ok());
    let parts = parts(
        settings,
        known.unwrap_or_else(|| settings.base_url.clone()),
        store,
        sealing_key,
        Box::new(SystemClock),
        Box::new(SystemEntropy),
    )?;
    Ok(Provider::open_for_command(parts)?)
}

/// A database that the daemon has made.
fn connect_used(url: &Secret<String>) -> Result<Store> {
    let store = Store::connect(url, 2)?;
    match store.schema_state()? {
        SchemaState::Current | SchemaState::AheadButUsable => {}
        SchemaState::Empty => bail!("this database is empty: start the daemon once"),
        SchemaState::Behind { .. } => {
            bail!(
                "this database is of an older version: the daemon of this version brings it up to date, other commands do not"
            )
        }
        SchemaState::TooNew { oldest_binary } => refuse_newer_schema(&oldest_binary)?,
    }
    if key_rows::readable(&store)?.is_empty() {
        bail!("Hallpass is being set up: the daemon makes its signing key; try again in a moment");
    }
    Ok(store)
}

/// Opens a provider for the daemon: migrates the database, and creates at the first start what is created once.
pub fn prepare(settings: &Settings) -> Result<(Provider, Vec<BootstrapNotice>)> {
    prepare_with(settings, Box::new(SystemClock), Box::new(SystemEntropy))
}

/// Like `prepare`, with the caller's clock and randomness.
pub fn prepare_with(
    settings: &Settings,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
) -> Result<(Provider, Vec<BootstrapNotice>)> {
    files::ensure_data_dir(&settings.data_dir)?;
    check_files(settings)?;
    refuse_old_database(settings)?;
    // Checked before the database: an earlier start that wrote the marker had created the database first.
    let was_used = marker_path(settings).exists();
    if was_used && settings.sqlite_path().is_some_and(|path| !path.exists()) {
        bail!(database_missing(settings));
    }
    let store = Store::connect(&settings.database_url, settings.database_connections)?;
    match store.schema_state()? {
        SchemaState::TooNew { oldest_binary } => refuse_newer_schema(&oldest_binary)?,
        SchemaState::Empty if was_used => bail!(database_missing(settings)),
        SchemaState::Empty
        | SchemaState::Current
        | SchemaState::AheadButUsable
        | SchemaState::Behind { .. } => {}
    }
    let migrated = store
        .migrate(Backup::Create)
        .context("the database cannot be brought up to date")?;
    if let Some(copy) = &migrated.backup {
        tracing::info!(copy = %copy.display(), "the database was copied before it was brought up to date");
    }
    let sealing_key = seal::read_or_generate_key(settings, &store, entropy.as_ref())?;
    refuse_lost_passkeys(settings, &store)?;
    let own_key = match &settings.signing_key_files {
        None => None,
        Some(own) => Some((
            files::read_named_secret(&own.key_file)?.expose().clone(),
            std::fs::read(&own.certificate_file)
                .with_context(|| format!("cannot read {}", own.certificate_file.display()))?,
        )),
    };
    let findings = Bootstrap {
        clock: clock.as_ref(),
        entropy: entropy.as_ref(),
        store: &store,
        sealing_key: &sealing_key,
        endpoints: &Endpoints::new(settings.base_url.clone()),
        entity_id: settings.entity_id.clone(),
        configured_key: own_key,
    }
    .initialize()
    .with_context(|| {
        format!(
            "the signing key cannot be opened with {}",
            settings.seal_key_path().display()
        )
    })?;
    files::write_private(&marker_path(settings), MARKER_TEXT)?;
    let base_url = settings.base_url.clone();
    let parts = parts(settings, base_url, store, sealing_key, clock, entropy)?;
    Ok((Provider::open(parts)?, findings))
}

/// Fails where the passkeys of people could not be used at the address that is configured.
fn refuse_lost_passkeys(settings: &Settings, store: &Store) -> Result<()> {
    let addresses: Vec<_> = [&settings.base_url]
        .into_iter()
        .chain(&settings.passkey_origins)
        .collect();
    let Some(lost) = passkey_domain::settle(store, &addresses)? else {
        return Ok(());
    };
    bail!(
        "{lost}. Set base_url to an address at {0} or below it; or, as long as {0} leads here too, add https://{0} to second_factor.passkey_origins; or give those passkeys up with `hallpass passkey move --force`, and let people add new ones (docs/people.md)",
        lost.rp_id
    )
}

pub(super) fn parts(
    settings: &Settings,
    base_url: BaseUrl,
    store: Store,
    sealing_key: SealingKey,
    clock: Box<dyn Clock>,
    entropy: Box<dyn Entropy>,
) -> Result<Dependencies> {
    Ok(Dependencies {
        clock,
        entropy,
        endpoints: Endpoints::new(base_url),
        passkey_origins: settings.passkey_origins.clone(),
        policy: ArcSwap::from_pointee(settings.policy.clone()),
        sealing_key,
        hasher: Hasher::new(HashCost::MIN)?,
        store,
        fetcher: Fetcher::new(
            settings.metadata_private_networks.clone(),
            settings.data_dir.clone(),
        ),
        mailer: Mailer::new(settings.mail.clone()),
        remedy_words: remedy::words,
    })
}

/// Contents of the marker file.
pub(super) const MARKER_TEXT: &[u8] = b"Hallpass has made its database and its signing key. While this file is here, it never makes others in their place.\n";

/// The marker file that tells a used data directory from a new one. Each kind of database has its own, so that one can
/// replace the other.
pub(super) fn marker_path(settings: &Settings) -> PathBuf {
    marker_path_for(settings, &settings.database_url)
}

/// The marker file of the database at `url`.
pub(super) fn marker_path_for(settings: &Settings, url: &Secret<String>) -> PathBuf {
    let is_sqlite = url.expose().starts_with("sqlite:");
    settings.data_dir.join(if is_sqlite {
        "initialized.sqlite"
    } else {
        "initialized.postgres"
    })
}

pub(super) fn database_missing(settings: &Settings) -> String {
    let (what, name) = match settings.sqlite_path() {
        Some(path) => (format!("{}", path.display()), "database_url or data_dir"),
        None => ("PostgreSQL".to_owned(), "database_url"),
    };
    format!(
        "the database is gone: {} was used before, and there is none now in {what}. Restore it from your backup, or name the right one with {name}. A new one would have a new key and certificate, which no application trusts; if you want that, remove {} first",
        settings.data_dir.display(),
        marker_path(settings).display(),
    )
}

/// Held while a daemon works on the database file.
#[derive(Debug)]
pub(super) struct DatabaseLock(
    #[expect(dead_code, reason = "the lock is held by keeping it open")] Option<File>,
);

/// Fails where another daemon works on the same database file.
pub(super) fn lock_database(settings: &Settings) -> Result<DatabaseLock> {
    files::ensure_data_dir(&settings.data_dir)?;
    let Some(database) = settings.sqlite_path() else {
        return Ok(DatabaseLock(None));
    };
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = Path::new(&path);
    match files::lock(path)? {
        Some(file) => Ok(DatabaseLock(Some(file))),
        None => bail!(
            "another Hallpass{} works on this database already ({} is locked): stop it first, or give this one a data directory of its own",
            std::fs::read_to_string(path)
                .ok()
                .filter(|process| !process.is_empty())
                .map_or_else(String::new, |process| format!(" (process {})", process.trim())),
            path.display()
        ),
    }
}

fn refuse_newer_schema(oldest_binary: &str) -> Result<()> {
    bail!("a newer version has changed this database: run hallpass {oldest_binary} or later")
}

fn check_files(settings: &Settings) -> Result<()> {
    files::ensure_data_dir(&settings.data_dir)?;
    for path in private_files(settings) {
        files::check_private(&path)?;
    }
    Ok(())
}

/// Files of ours that only this user may access; some need not exist.
pub(super) fn private_files(settings: &Settings) -> Vec<PathBuf> {
    let mut paths = vec![marker_path(settings), MoveNote::path(settings)];
    if settings.seal_key_file.is_none() {
        paths.extend([settings.seal_key_path(), seal::next_key_path(settings)]);
    }
    if let Some(database) = settings.sqlite_path() {
        paths.extend(["", "-wal", "-shm", ".lock"].map(|ending| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        }));
    }
    paths
}
