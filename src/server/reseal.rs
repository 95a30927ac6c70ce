//! The sealing key, replaced.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{
    config::Settings,
    crypto::seal::SealingKey,
    entropy::SystemEntropy,
    files::{self, WriteOutcome},
    model::actor::Actor,
    server::{
        open::{lock_database, open},
        seal::{GENERATE_COMMAND, generate_key, next_key_path, read_key_file},
    },
};

/// The result of replacing the sealing key.
#[derive(Debug)]
pub struct ResealOutcome {
    /// How many private keys were sealed with the new key.
    pub keys: usize,
    /// Whether the file that the settings name already holds the new key.
    pub is_in_place: bool,
    /// Whether all deleted data is gone from the files of the database. Nothing is known about a server's files.
    pub is_purged: bool,
}

/// Seals every private key with another sealing key: the one in the file `to`, or a new one that replaces the old. No
/// daemon may work on the same SQLite file.
pub fn reseal(settings: &Settings, to: Option<&Path>, actor: &Actor) -> Result<ResealOutcome> {
    let own = settings.seal_key_path();
    if to.is_none() && settings.seal_key_file.is_some() {
        bail!(
            "the sealing key is read from {own}, which is not Hallpass's to write. Make another one, {GENERATE_COMMAND} > FILE), and give it with --to FILE; then replace {own} with it",
            own = own.display()
        );
    }
    let _no_daemon = lock_database(settings)?;
    let provider = open(settings)?;
    let next = match to {
        Some(file) => read_key_file(file)?.with_context(|| format!("there is no {}", file.display()))?,
        None => next_key(settings)?,
    };
    let Some(keys) = provider.keys(actor).reseal(&next)? else {
        bail!("somebody else changed the keys at the same moment; try again")
    };
    if to.is_none() {
        files::replace(&next_key_path(settings), &own)?;
    }
    Ok(ResealOutcome {
        keys,
        is_in_place: to.is_none(),
        is_purged: provider.keys(actor).purge_deleted()?,
    })
}

/// The key that an interrupted replacement left there, or a new one.
fn next_key(settings: &Settings) -> Result<SealingKey> {
    let path = next_key_path(settings);
    if let Some(left) = read_key_file(&path)? {
        return Ok(left);
    }
    let key = generate_key(&SystemEntropy);
    match files::write_private(&path, key.to_text().expose().as_bytes())? {
        WriteOutcome::Created => Ok(key),
        WriteOutcome::AlreadyExists => bail!("another command changes the sealing key just now"),
    }
}
