//! The rows of keys that can be read. The others are set aside, except the active key, without which nothing works.

use crate::{
    crypto::pem,
    model::{
        key::{KeyState, SealedKey},
        unreadable::{UnreadableKind, UnreadableRow},
    },
    provider::error::Error,
    store::{Store, Tx},
};

/// The keys that can be read, newest first.
pub fn readable(store: &Store) -> Result<Vec<SealedKey>, Error> {
    let (mut keys, _unreadable) = store.read(Tx::readable_keys).map_err(Error::of_own_row)?;
    let _set_aside = set_aside(&mut keys);
    Ok(keys)
}

/// Removes from `keys` those whose certificate cannot be read, except the active one; returns what it removed.
pub(super) fn set_aside(keys: &mut Vec<SealedKey>) -> Vec<UnreadableRow> {
    let cause = |key: &SealedKey| match key.state {
        KeyState::Active => None,
        KeyState::Next | KeyState::Previous | KeyState::Retired => {
            pem::parse_certificate(&key.certificate).err()
        }
    };
    let mut unreadable = Vec::new();
    keys.retain(|key| {
        let Some(cause) = cause(key) else { return true };
        unreadable.push(UnreadableRow {
            kind: UnreadableKind::SigningKey,
            id: key.id.to_string(),
            slug: None,
            name: None,
            cause: format!("signing_keys.certificate: {cause}"),
        });
        false
    });
    unreadable
}
