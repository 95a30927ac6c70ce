//! The sealing key: read, and generated once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    config::Settings,
    crypto::seal::SealingKey,
    entropy::Entropy,
    files::{self, WriteOutcome},
    store::{Store, Tx},
};

/// The command with which an administrator makes a sealing key.
pub(super) const GENERATE_COMMAND: &str =
    "(umask 077; printf 'hallpass-seal-1:%s\\n' \"$(openssl rand -base64 32)\"";

pub(super) fn read_key(settings: &Settings, store: &Store) -> Result<SealingKey> {
    current_key(settings, store)?.with_context(|| missing_message(settings))
}

/// The sealing key, generated only where the database never held a key that it could have sealed.
pub(super) fn read_or_generate_key(
    settings: &Settings,
    store: &Store,
    entropy: &dyn Entropy,
) -> Result<SealingKey> {
    if let Some(key) = current_key(settings, store)? {
        return Ok(key);
    }
    if !store.read(Tx::signing_keys)?.is_empty() || settings.seal_key_file.is_some() {
        bail!(missing_message(settings));
    }
    let key = generate_key(entropy);
    match files::write_private(&settings.seal_key_path(), key.to_text().expose().as_bytes())? {
        WriteOutcome::Created => Ok(key),
        WriteOutcome::AlreadyExists => read_key(settings, store),
    }
}

fn missing_message(settings: &Settings) -> String {
    let path = settings.seal_key_path();
    let path = path.display();
    if settings.seal_key_file.is_some() {
        format!(
            "the sealing key {path} is missing. If the signing keys in the database were sealed with it, bring it back from your backup. For a new installation make it once: {GENERATE_COMMAND} > {path})"
        )
    } else {
        format!(
            "the sealing key {path} is missing, and the signing keys in the database cannot be opened without it. Bring it back from your backup, or from another replica; a new one is never made in its place"
        )
    }
}

/// The key in the file that the settings name. If a replacement was interrupted after the database had taken the new
/// key, this completes it.
fn current_key(settings: &Settings, store: &Store) -> Result<Option<SealingKey>> {
    let path = settings.seal_key_path();
    let key = read_key_file(&path)?;
    if settings.seal_key_file.is_some() || !next_key_path(settings).exists() {
        return Ok(key);
    }
    let next = read_key_file(&next_key_path(settings))?.filter(|next| key.as_ref() != Some(next));
    let sealed = store.read(Tx::signing_keys)?;
    let mut sealed = sealed.iter().filter_map(|row| row.sealed.as_deref()).peekable();
    match next {
        Some(next) if sealed.peek().is_some() && sealed.all(|sealed| next.has_sealed(sealed)) => {
            files::replace(&next_key_path(settings), &path)?;
            tracing::warn!("a change of the sealing key was cut short, and is complete now");
            Ok(Some(next))
        }
        Some(_) | None => Ok(key),
    }
}

/// Where a new key of our own lies until the database uses it.
pub(super) fn next_key_path(settings: &Settings) -> PathBuf {
    let mut path = settings.seal_key_path().into_os_string();
    path.push(".new");
    path.into()
}

pub(super) fn generate_key(entropy: &dyn Entropy) -> SealingKey {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    SealingKey::new(bytes)
}

pub(super) fn read_key_file(path: &Path) -> Result<Option<SealingKey>> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read_named_secret(path)?;
    let text = std::str::from_utf8(bytes.expose())
        .with_context(|| format!("{} is not a sealing key", path.display()))?;
    // The error of `from_text` says what is wrong with the file.
    SealingKey::from_text(text)
        .with_context(|| path.display().to_string())
        .map(Some)
}
