//! From one database to another one, of either kind: everything, sessions too.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::{Result, bail};
use chrono::TimeDelta;

use crate::{
    clock::{Clock, SystemClock},
    config::Settings,
    files::{self, WriteOutcome},
    model::{actor::Actor, audit_action::AuditAction, secret::Secret},
    provider::Provider,
    server::{
        moved::MoveNote,
        open::{MARKER_TEXT, lock_database, marker_path_for, open_for_copy},
        restore::{connect_empty, existing_file_of},
    },
    store::{self, Store, TableContent, Tx},
};

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
    let (provider, from) = open_for_copy(settings)?;
    if settings.sqlite_path().is_none() {
        refuse_beside_daemon(&from)?;
    }
    let target = connect_empty(to)?;
    let marker = marker_path_for(settings, to);
    let note = MoveNote::prepare(settings)?;
    let written = files::write_private(&marker, MARKER_TEXT)?;
    let copied = copy_all(&provider, &from, &target, actor);
    drop(target);
    if copied.is_ok() {
        note.put_up()?;
    } else {
        remove_sqlite_files(to);
        note.discard();
        if written == WriteOutcome::Created {
            drop(fs::remove_file(&marker));
        }
    }
    copied
}

/// Returns how many rows there are.
fn copy_all(provider: &Provider, from: &Store, target: &Store, actor: &Actor) -> Result<i64> {
    target.migrate(store::Backup::Skip)?;
    let event = provider
        .installation(actor)
        .copied(AuditAction::DatabaseMove, "to this database".to_owned())?;
    let copied = from.copy_to(target, &TableContent::EVERYTHING, |tx, copied| {
        // Another command may have changed something since the copy began.
        if from.count_rows(&TableContent::EVERYTHING)? != copied {
            return Err(store::Error::ChangedMeanwhile);
        }
        tx.add_audit_event(&event)
    })?;
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
