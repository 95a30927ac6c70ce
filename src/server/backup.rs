//! A backup: everything that lasts, and the sealing key, in one encrypted file, whichever database it came from.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use chrono::{NaiveDateTime, SecondsFormat};
use tempfile::NamedTempFile;

use crate::{
    backup_encryption::{self, Lock},
    clock::{Clock, SystemClock},
    config::Settings,
    model::{actor::Actor, audit_action::AuditAction, hash::Sha256Hasher, secret::Secret},
    server::{open::open_for_copy, seal, work_folder::WorkFolder},
    store::{self, CopiedTable, Store, TableContent, Tx},
};

/// The form of a backup, so that a later version knows what it has before it.
pub(super) const FORMAT: &str = "1";
/// The manifest's names.
pub(super) mod manifest {
    pub(in crate::server) const FORMAT: &str = "format";
    pub(in crate::server) const MADE_AT: &str = "made_at";
    pub(in crate::server) const VERSION: &str = "version";
    pub(in crate::server) const SEALING_KEY: &str = "sealing_key";
    /// The name of a table behind it: how many rows it has.
    pub(in crate::server) const ROWS: &str = "rows.";
}

/// What is backed up, and to where.
#[derive(Debug)]
pub struct BackupRequest<'a> {
    /// A file that is not there yet, or a directory: in it a name with the time is chosen.
    pub target: &'a Path,
    pub lock: &'a Lock,
    pub without_audit: bool,
    /// In a directory: how many backups stay there; older ones are removed.
    pub keep: Option<usize>,
    /// Who makes it, for the audit log.
    pub actor: &'a Actor,
}

/// A backup that was made.
#[derive(Debug)]
pub struct BackupMade {
    pub file: PathBuf,
    pub bytes: u64,
    /// Of the encrypted file, in hex.
    pub sha256: String,
    pub tables: Vec<CopiedTable>,
    /// Older backups that were removed.
    pub removed: Vec<PathBuf>,
}

/// Fails if this user may not write a backup to `target`: known before anybody is asked for a passphrase.
pub fn check_backup_target(target: &Path) -> Result<()> {
    let folder = if target.is_dir() {
        target
    } else {
        folder_of(target)
    };
    // What cannot be made now cannot be made then.
    temporary_file(folder).map(drop)
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    folder.unwrap_or(Path::new("."))
}

fn temporary_file(folder: &Path) -> Result<NamedTempFile> {
    NamedTempFile::with_prefix_in(".hallpass-backup-", folder).map_err(|error| {
        // Without the name of the file, which nobody has heard of.
        let why = error.raw_os_error().map_or(error, io::Error::from_raw_os_error);
        anyhow::Error::new(why).context(format!("cannot write to {}", folder.display()))
    })
}

/// Makes a backup beside a running daemon, as everything is at one moment.
pub fn backup(settings: &Settings, request: &BackupRequest<'_>) -> Result<BackupMade> {
    let (provider, store) = open_for_copy(settings)?;
    let sealing_key = seal::read_key(settings, &store)?;
    let now = SystemClock.now();
    let (file, folder) = if request.target.is_dir() {
        let name = format!("{NAME_START}{}{NAME_END}", now.format(NAME_TIME));
        (request.target.join(name), request.target)
    } else if request.keep.is_some() {
        bail!(
            "{} is not a directory; older backups are only removed from one",
            request.target.display()
        );
    } else {
        (request.target.to_owned(), folder_of(request.target))
    };
    if file.exists() {
        bail!("{} is there already, and is not replaced", file.display());
    }
    // Made first: whoever may not write there learns it before the work is done.
    let mut output = temporary_file(folder)?;

    let work = WorkFolder::new(&settings.data_dir)?;
    let plain = work.path().join("backup.db");
    let contents: &[TableContent] = if request.without_audit {
        &[TableContent::Lasting]
    } else {
        &TableContent::BACKED_UP
    };
    let tables = {
        let copy = Store::connect(&sqlite_url(&plain), 1)?;
        copy.migrate(store::Backup::Skip)?;
        let tables = store.copy_to(&copy, contents, |_, _| Ok(()))?;
        // The key was read before the rows.
        let (keys, _unreadable) = copy.read(Tx::readable_keys)?;
        let is_sealed_otherwise = |sealed: &Vec<u8>| !sealing_key.has_sealed(sealed);
        if keys
            .iter()
            .filter_map(|key| key.sealed.as_ref())
            .any(is_sealed_otherwise)
        {
            bail!("the sealing key was replaced at the same moment; try again");
        }
        let mut entries: Vec<(String, String)> = vec![
            (manifest::FORMAT.to_owned(), FORMAT.to_owned()),
            (
                manifest::MADE_AT.to_owned(),
                now.to_rfc3339_opts(SecondsFormat::Secs, true),
            ),
            (manifest::VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            (
                manifest::SEALING_KEY.to_owned(),
                sealing_key.to_text().expose().clone(),
            ),
        ];
        entries.extend(tables.iter().map(|table| {
            (
                format!("{}{}", manifest::ROWS, table.name),
                table.rows.to_string(),
            )
        }));
        copy.write_manifest(&entries)?;
        tables
    };
    let (bytes, sha256) = encrypt(&plain, request.lock, &mut output)
        .with_context(|| format!("the backup could not be written to {}", folder.display()))?;
    output
        .persist_noclobber(&file)
        .map_err(|why| why.error)
        .and_then(|_file| File::open(folder)?.sync_all())
        .with_context(|| format!("the backup could not be written to {}", file.display()))?;
    provider.installation(request.actor).record(
        AuditAction::DatabaseBackup,
        format!("{}, SHA-256 {sha256}", file.display()),
    )?;
    let removed = match request.keep {
        Some(keep) => remove_older(folder, &file, keep)?,
        None => Vec::new(),
    };
    Ok(BackupMade {
        file,
        bytes,
        sha256,
        tables,
        removed,
    })
}

/// How a backup in a directory is named.
const NAME_START: &str = "hallpass-";
const NAME_TIME: &str = "%Y%m%d-%H%M%S";
const NAME_END: &str = ".age";

/// Leaves `newest` and the latest of the others in `folder`, `keep` in all, and returns the files that were removed. Their
/// names tell their age; that of `newest` may be wrong, where the clock was.
fn remove_older(folder: &Path, newest: &Path, keep: usize) -> Result<Vec<PathBuf>> {
    let mut backups = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let time = name
            .strip_prefix(NAME_START)
            .and_then(|rest| rest.strip_suffix(NAME_END));
        let is_backup = time.is_some_and(|time| NaiveDateTime::parse_from_str(time, NAME_TIME).is_ok());
        if is_backup && entry.file_type()?.is_file() && entry.path() != newest {
            backups.push(entry.path());
        }
    }
    backups.sort_unstable();
    backups.truncate(backups.len().saturating_sub(keep.saturating_sub(1)));
    for path in &backups {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(backups)
}

pub(super) fn sqlite_url(path: &Path) -> Secret<String> {
    Secret::new(format!("sqlite:{}", path.display()))
}

/// Returns the length and the SHA-256 of the encrypted file, which then is on the disk.
fn encrypt(plain: &Path, lock: &Lock, output: &mut NamedTempFile) -> Result<(u64, String)> {
    let mut plain = BufReader::new(File::open(plain)?);
    backup_encryption::encrypt(&mut plain, lock, output)?;
    output.as_file().sync_all()?;
    let mut written = File::open(output.path())?;
    let mut hasher = Sha256Hasher::default();
    let (mut chunk, mut bytes) = (vec![0; 64 * 1024], 0);
    loop {
        match written.read(&mut chunk) {
            Ok(0) => return Ok((bytes, hasher.finish())),
            Ok(length) => {
                hasher.update(chunk.get(..length).unwrap_or_default());
                bytes += u64::try_from(length).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes the decrypted content of a backup to a new file that only this user can read.
pub(super) fn write_plain(reader: backup_encryption::DecryptedReader, path: &Path) -> Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    reader.write_to(&mut file)?;
    file.flush()?;
    Ok(())
}
