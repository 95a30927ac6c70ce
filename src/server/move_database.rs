//! From one database to another one, of either kind: everything, sessions too.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::{Result, bail};
use chrono::TimeDelta;

use crate::{
    clock::{Clock, SystemClock},
    config::Settings,
    files,
    model::{actor::Actor, audit_action::AuditAction, secret::Secret},
    server::{
        open::{MARKER_TEXT, lock_database, marker_path_for, open_existing_at, open_store},
        restore::{connect_empty, existing_file_of},
    },
    store::{self, Store, TableContent, Tx},
};

const EVERYTHING: [TableContent; 3] = [TableContent::Lasting, TableContent::Passing, TableContent::Audit];
/// A daemon writes at least every two seconds.
const QUIET: Duration = Duration::from_secs(10);

/// Copies everything to the database at `to`, which must be empty, and returns how many rows there are. No daemon may
/// work meanwhile: what it wrote would be missing. The database that the settings name stays as it is.
pub fn move_database(settings: &Settings, to: &Secret<String>, actor: &Actor) -> Result<i64> {
    if to
        .expose()
        .strip_prefix("sqlite:")
        .is_some_and(|path| !path.starts_with('/'))
    {
        bail!("the path of the new database must begin with /: the service has another working directory");
    }
    let _no_daemon = lock_database(settings)?;
    let (from, _sealing_key) = open_store(settings)?;
    if settings.sqlite_path().is_none() {
        refuse_beside_daemon(&from)?;
    }
    let target = connect_empty(to)?;
    let copied = copy_all(&from, &target);
    drop(target);
    if copied.is_err() {
        remove_sqlite_files(to);
    }
    let copied = copied?;
    let moved = open_existing_at(settings, to)?;
    moved
        .installation(actor)
        .record(AuditAction::DatabaseMove, "to this database".to_owned())?;
    files::write_private(&marker_path_for(settings, to), MARKER_TEXT)?;
    Ok(copied)
}

/// Returns how many rows there are.
fn copy_all(from: &Store, target: &Store) -> Result<i64> {
    target.migrate(store::Backup::Skip)?;
    let copied = from.copy_to(target, &EVERYTHING)?;
    let (arrived, left) = (target.count_rows(&EVERYTHING)?, from.count_rows(&EVERYTHING)?);
    if copied != arrived || copied != left {
        bail!(
            "somebody changed one of the two databases meanwhile: stop every daemon, empty the new database, and try again"
        );
    }
    target.purge_deleted()?;
    Ok(copied.iter().map(|table| table.rows).sum())
}

/// Removes what was made of a SQLite file that was not there before.
fn remove_sqlite_files(url: &Secret<String>) {
    let Some(path) = url.expose().strip_prefix("sqlite:").map(Path::new) else {
        return;
    };
    while let Some(file) = existing_file_of(path) {
        if fs::remove_file(file).is_err() {
            return;
        }
    }
}

/// Nothing locks a database server: whoever works on it shows by writing.
fn refuse_beside_daemon(store: &Store) -> Result<()> {
    let last_write = store.read(Tx::last_write)?;
    if last_write.is_none_or(|at| SystemClock.now() - at > TimeDelta::seconds(10)) {
        return Ok(());
    }
    thread::park_timeout(QUIET);
    if store.read(Tx::last_write)? != last_write {
        bail!("a daemon works on this database: stop every replica (systemctl stop hallpass), and try again");
    }
    Ok(())
}
