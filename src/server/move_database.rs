//! From one database to another one, of either kind: everything, sessions too.

use anyhow::{Result, bail};
use chrono::TimeDelta;

use crate::{
    clock::{Clock, SystemClock},
    config::Settings,
    files,
    model::{actor::Actor, audit_action::AuditAction, secret::Secret},
    server::{
        open::{MARKER_TEXT, lock_database, marker_path_for, open_existing_at, open_store},
        restore::connect_empty,
    },
    store::{self, TableContent, Tx},
};

const EVERYTHING: [TableContent; 3] = [TableContent::Lasting, TableContent::Passing, TableContent::Audit];
/// A daemon writes at least every two seconds.
const QUIET: TimeDelta = TimeDelta::seconds(10);

/// Copies everything to the database at `to`, which must be empty, and returns how many rows there are. No daemon may
/// work meanwhile: what it wrote would be missing. The database that the settings name stays as it is.
pub fn move_database(settings: &Settings, to: &Secret<String>, actor: &Actor) -> Result<i64> {
    let _no_daemon = lock_database(settings)?;
    let (from, _sealing_key) = open_store(settings)?;
    let stopped_since = SystemClock.now() - QUIET;
    if from.read(Tx::last_write)?.is_some_and(|at| at > stopped_since) {
        bail!(
            "a daemon works on this database, or did a moment ago: stop every replica (systemctl stop hallpass), and try again after ten seconds"
        );
    }
    let target = connect_empty(to)?;
    target.migrate(store::Backup::Skip)?;
    let copied = from.copy_to(&target, &EVERYTHING)?;
    let (now_there, now_here) = (target.count_rows(&EVERYTHING)?, from.count_rows(&EVERYTHING)?);
    if copied != now_there || copied != now_here {
        bail!(
            "somebody changed one of the two databases meanwhile: stop every daemon, empty the new database, and try again"
        );
    }
    target.purge_deleted()?;
    drop(target);
    let moved = open_existing_at(settings, to)?;
    moved
        .installation(actor)
        .record(AuditAction::DatabaseMove, "to this database".to_owned())?;
    files::write_private(&marker_path_for(settings, to), MARKER_TEXT)?;
    Ok(copied.iter().map(|table| table.rows).sum())
}
