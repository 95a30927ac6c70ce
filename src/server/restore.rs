//! A backup that becomes an installation again, in an empty place.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use chrono::DateTime;

use crate::{
    backup_encryption::{EncryptedFile, Unlock},
    clock::SystemClock,
    config::Settings,
    crypto::seal::SealingKey,
    entropy::SystemEntropy,
    files::{self, WriteOutcome},
    model::{actor::Actor, audit_action::AuditAction, endpoint::BaseUrl, secret::Secret},
    provider::Provider,
    server::{
        backup::{FORMAT, manifest, sqlite_url, write_plain},
        open::{MARKER_TEXT, lock_database, marker_path, parts},
        seal::read_key_file,
        work_folder::{self, WorkFolder},
    },
    store::{self, SchemaState, Store, TableContent, Tx},
};

/// No value that we store is half as long. One that is much longer would take many times its length in memory.
const MAX_VALUE_BYTES: i64 = 32 * 1024 * 1024;
/// How many people who cannot be read are named.
const MAX_UNREADABLE_USERS: usize = 20;

/// A lock is nobody's data.
const LOCK_NAME: &str = "hallpass.db.lock";

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// When the backup was made, and by which version.
    pub made_at: String,
    pub version: String,
    /// How many rows there are.
    pub rows: i64,
    /// For how many applications a test assertion was signed and verified.
    pub proven: usize,
    /// What is wrong with rows that cannot be read, as they could not be where the backup was made.
    pub unreadable: Vec<String>,
}

/// Restores `file` to the place that the settings name, which must be empty. `ask` is told whether a passphrase is
/// needed, or else a private key; until it has returned, nothing is touched.
pub fn restore(
    settings: &Settings,
    file: &Path,
    actor: &Actor,
    ask: impl FnOnce(bool) -> Result<Unlock>,
) -> Result<Restored> {
    if settings.data_dir.join(LOCK_NAME).exists() {
        // A daemon that works there is the first thing to say.
        drop(lock_database(settings)?);
    }
    work_folder::remove_abandoned(&settings.data_dir);
    refuse_unless_empty(settings)?;
    let cannot_open = || format!("{} cannot be restored", file.display());
    let encrypted = EncryptedFile::open(file).with_context(cannot_open)?;
    let unlock = ask(encrypted.needs_passphrase())?;
    let content = encrypted.unlock(&unlock).with_context(cannot_open)?;

    let (made_here, locked_before) = (
        !settings.data_dir.exists(),
        settings.data_dir.join(LOCK_NAME).exists(),
    );
    let done = restore_content(settings, actor, |plain| {
        write_plain(content, plain).with_context(cannot_open)
    });
    if done.is_err() && !locked_before {
        drop(fs::remove_file(settings.data_dir.join(LOCK_NAME)));
    }
    if done.is_err() && made_here {
        // If there is something in it, it stays.
        drop(fs::remove_dir(&settings.data_dir));
    }
    done
}

fn restore_content(
    settings: &Settings,
    actor: &Actor,
    write_plain: impl FnOnce(&Path) -> Result<()>,
) -> Result<Restored> {
    files::ensure_data_dir(&settings.data_dir)?;
    let _no_daemon = lock_database(settings)?;
    // Somebody may have been asked for a passphrase for a long time.
    refuse_unless_empty(settings)?;
    let work = WorkFolder::new(&settings.data_dir)?;
    let plain = work.path().join("backup.db");
    write_plain(&plain)?;
    let backup = OpenedBackup::open(&plain)?;

    // The keys are opened and proven before anything of it is in its place.
    let (store, key) = (backup.store, backup.sealing_key);
    check_configured_key(settings, &key)?;
    let base_url = store
        .read(Tx::installation)?
        .and_then(|known| BaseUrl::parse(&known.base_url).ok())
        .unwrap_or_else(|| settings.base_url.clone());
    let copy = Store::connect(&sqlite_url(&plain), 1)?;
    let provider = Provider::open(parts(
        settings,
        base_url,
        copy,
        SealingKey::from_text(key.to_text().expose())?,
        Box::new(SystemClock),
        Box::new(SystemEntropy),
    )?)
    .context("the keys in this backup cannot be opened")?;
    let proven = provider
        .saml()
        .prove_signatures()
        .context("what this backup signs does not verify")?;
    let mut unreadable: Vec<String> = provider
        .repair(actor)
        .unreadable()?
        .iter()
        .map(ToString::to_string)
        .collect();
    unreadable.extend(store.unreadable_users(MAX_UNREADABLE_USERS)?);
    // So that it arrives with everything else, or not at all.
    provider.installation(actor).record(
        AuditAction::DatabaseRestore,
        format!("the backup of {}", backup.made_at),
    )?;
    drop(provider);

    // The key first: where it cannot be written, there must be no database without it.
    let key_path = settings.seal_key_path();
    let key_written = match files::write_private(&key_path, key.to_text().expose().as_bytes())? {
        WriteOutcome::Created => true,
        // `check_configured_key` has seen that it is the same one.
        WriteOutcome::AlreadyExists if settings.seal_key_file.is_some() => false,
        WriteOutcome::AlreadyExists => bail!("{} appeared while the backup was restored", key_path.display()),
    };
    // The database last: once it is there, nothing can fail any more.
    let placed = files::write_private(&marker_path(settings), MARKER_TEXT)
        .map_err(Into::into)
        .and_then(|_outcome| place(settings, &store));
    if placed.is_err() {
        drop(fs::remove_file(marker_path(settings)));
        if key_written {
            drop(fs::remove_file(&key_path));
        }
    }
    Ok(Restored {
        made_at: backup.made_at,
        version: backup.version,
        rows: placed?,
        proven,
        unreadable,
    })
}

/// Makes the database, which appears complete or not at all, and returns how many rows it has.
fn place(settings: &Settings, store: &Store) -> Result<i64> {
    let Some(path) = settings.sqlite_path() else {
        return copy_into(store, &Store::connect(&settings.database_url, 2)?);
    };
    // Beside its place, which may be on another disk than the data directory.
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let work = WorkFolder::new(folder.unwrap_or(Path::new(".")))?;
    let fresh = work.path().join("restored.db");
    let tables = copy_into(store, &Store::connect(&sqlite_url(&fresh), 1)?)?;
    // Unlike a rename, a link never replaces an existing file.
    fs::hard_link(&fresh, path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(tables)
}

/// Copies everything, and returns how many rows there are.
fn copy_into(from: &Store, to: &Store) -> Result<i64> {
    to.migrate(store::Backup::Skip)?;
    let tables = from.copy_to(to, &TableContent::BACKED_UP, |_, _| Ok(()))?;
    to.purge_deleted()?;
    Ok(tables.iter().map(|table| table.rows).sum())
}

struct OpenedBackup {
    store: Store,
    sealing_key: SealingKey,
    made_at: String,
    version: String,
}

impl OpenedBackup {
    /// Opens what was decrypted, checks that it is whole, and brings it up to the tables of this version.
    fn open(plain: &Path) -> Result<Self> {
        let store = Store::connect(&sqlite_url(plain), 1).context("this is not a backup of Hallpass")?;
        let manifest: BTreeMap<String, String> = store
            .manifest()
            .context("this is not a backup of Hallpass")?
            .into_iter()
            .collect();
        let entry = |name: &str| {
            let value = manifest.get(name).cloned();
            value.context("this is not a backup of Hallpass: it does not say what it is")
        };
        let (format, version) = (entry(manifest::FORMAT)?, entry(manifest::VERSION)?);
        let made_at = entry(manifest::MADE_AT)?;
        let is_word = |text: &str| text.len() <= 40 && text.chars().all(|c| c.is_ascii_graphic());
        if !is_word(&version) || DateTime::parse_from_rfc3339(&made_at).is_err() {
            bail!("this is not a backup of Hallpass: it does not say when it was made");
        }
        if format != FORMAT {
            bail!(
                "this backup was made by Hallpass {version}, in a form that this version does not know: restore it with {version} or later"
            );
        }
        if let SchemaState::TooNew { oldest_binary } = store.schema_state()? {
            bail!("this backup was made by Hallpass {version}: restore it with {oldest_binary} or later");
        }
        if let Some((table, column)) = store.value_longer_than(MAX_VALUE_BYTES)? {
            bail!(
                "this backup is damaged: a value of {table}.{column} is longer than any that Hallpass stores"
            );
        }
        let counted = store.count_rows(&TableContent::BACKED_UP)?;
        let expected = manifest
            .iter()
            .filter_map(|(name, rows)| Some((name.strip_prefix(manifest::ROWS)?, rows)));
        for (name, expected) in expected {
            let found = counted.iter().find(|table| table.name == name);
            let rows = found.map_or(0, |table| table.rows);
            if rows.to_string() != *expected {
                bail!("this backup is damaged: {name} has {rows} rows");
            }
        }
        let sealing_key = SealingKey::from_text(&entry(manifest::SEALING_KEY)?)?;
        store.migrate(store::Backup::Skip)?;
        Ok(Self {
            store,
            sealing_key,
            made_at,
            version,
        })
    }
}

/// A restored installation beside another one, or over one, would be lost or would lose it.
fn refuse_unless_empty(settings: &Settings) -> Result<()> {
    let data_dir = &settings.data_dir;
    let not_empty = |what: String| {
        anyhow::anyhow!(
            "{what}: a backup is restored to an empty place only. Name another one in the configuration, or move away what is there"
        )
    };
    if data_dir.exists() {
        files::check_data_dir(data_dir)?;
        let mut names = Vec::new();
        for entry in fs::read_dir(data_dir).with_context(|| format!("cannot read {}", data_dir.display()))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        let is_ours = |name: &&String| ![LOCK_NAME, "lost+found"].contains(&name.as_str());
        if let Some(name) = names.iter().find(is_ours) {
            return Err(not_empty(format!("{name} is in {} already", data_dir.display())));
        }
    }
    match settings.sqlite_path() {
        Some(path) => match existing_file_of(path) {
            Some(file) => Err(not_empty(format!("{} is there already", file.display()))),
            None => Ok(()),
        },
        None => require_empty_database(&Store::connect(&settings.database_url, 1)?)
            .map_err(|why| not_empty(why.to_string())),
    }
}

/// A file that belongs to the SQLite database at `path`. The log of another one would win over what is in the database.
pub(super) fn existing_file_of(path: &Path) -> Option<PathBuf> {
    ["", "-wal", "-shm", "-journal"].into_iter().find_map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let file = PathBuf::from(name);
        fs::symlink_metadata(&file).is_ok().then_some(file)
    })
}

/// Fails unless nothing was ever stored there, or nothing is.
pub(super) fn require_empty_database(store: &Store) -> Result<()> {
    if store.schema_state()? == SchemaState::Empty {
        return Ok(());
    }
    match store
        .count_rows(&TableContent::EVERYTHING)?
        .iter()
        .find(|table| table.rows > 0)
    {
        Some(table) => bail!("the database is not empty (it has rows of {})", table.name),
        None => Ok(()),
    }
}

/// A sealing key in a file of the administrator's is not replaced.
fn check_configured_key(settings: &Settings, key: &SealingKey) -> Result<()> {
    let Some(path) = &settings.seal_key_file else {
        return Ok(());
    };
    match read_key_file(path)? {
        Some(there) if there != *key => bail!(
            "seal_key_file names {}, which holds another sealing key than the backup. Remove that file: the key of the backup is then written there",
            path.display()
        ),
        Some(_) | None => Ok(()),
    }
}

/// The other database of a move.
pub(super) fn connect_empty(url: &Secret<String>) -> Result<Store> {
    if let Some(file) = url
        .expose()
        .strip_prefix("sqlite:")
        .map(Path::new)
        .and_then(existing_file_of)
    {
        bail!(
            "{} is there already: name a file that is not there yet",
            file.display()
        );
    }
    let store = Store::connect(url, 2)?;
    require_empty_database(&store).context("the new database must be empty")?;
    Ok(store)
}
