//! After a move, settings that still name the old database are a mistake: what would be done there would be missing in
//! the new one.

use std::{fs, path::PathBuf};

use anyhow::{Result, bail};

use crate::{config::Settings, files, model::hash::sha256_hex};

const EXPLANATION: &str = "Hallpass was moved from the database whose database_url has this SHA-256, and no longer works on it. Remove this file to go back to it.\n";

/// The note in the data directory that names the database that was left: by a hash, since its URL may have a password.
#[derive(Debug)]
pub(super) struct MoveNote {
    path: PathBuf,
    new: PathBuf,
}

impl MoveNote {
    pub(super) fn path(settings: &Settings) -> PathBuf {
        settings.data_dir.join("moved-from")
    }

    /// Writes the note beside its place, where it says nothing yet.
    pub(super) fn prepare(settings: &Settings) -> Result<Self> {
        let path = Self::path(settings);
        let new = path.with_extension("new");
        if new.exists() {
            // Of a move that was cut short.
            fs::remove_file(&new)?;
        }
        files::write_private(&new, format!("{}\n{EXPLANATION}", hash(settings)).as_bytes())?;
        Ok(Self { path, new })
    }

    /// From now on the old database is refused.
    pub(super) fn put_up(self) -> Result<()> {
        Ok(files::replace(&self.new, &self.path)?)
    }

    pub(super) fn discard(self) {
        drop(fs::remove_file(self.new));
    }
}

/// Fails where the settings name a database that was left by a move.
pub(super) fn refuse_old_database(settings: &Settings) -> Result<()> {
    let path = MoveNote::path(settings);
    if !path.exists() {
        return Ok(());
    }
    let bytes = files::read_named_secret(&path)?;
    let noted = String::from_utf8_lossy(bytes.expose());
    if noted.lines().next() == Some(hash(settings).as_str()) {
        bail!(
            "everything was moved to another database, and database_url still names the old one: set it as `hallpass move` said. To go back to the old database, without what has happened since, remove {}",
            path.display()
        );
    }
    Ok(())
}

fn hash(settings: &Settings) -> String {
    sha256_hex(settings.database_url.expose())
}
