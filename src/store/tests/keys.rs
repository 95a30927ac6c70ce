//! The ring of signing keys.

use super::*;
use crate::model::{
    id::KeyId,
    key::{KeyState, SealedKey},
};

fn key(number: u8) -> SealedKey {
    SealedKey {
        id: KeyId::new(now(), [number; 10]),
        state: KeyState::Active,
        sealed: vec![1, number, 0],
        certificate: vec![48, number],
        created_at: now(),
    }
}

#[test]
fn an_installation_gets_one_first_key_however_many_replicas_start() {
    on_each_database(|store| {
        let added = at_once(8, |number| write(store, |tx| tx.add_first_key(&key(number))));
        assert_eq!(added.iter().filter(|one| **one).count(), 1, "{added:?}");
        let keys = read(store, Tx::signing_keys);
        let winner = (0..8u8).find(|number| added[usize::from(*number)]).unwrap();
        assert_eq!(keys, [key(winner)]);
        assert!(!write(store, |tx| tx.add_first_key(&key(50))));
    });
}

#[test]
fn a_key_is_replaced_by_one_of_many() {
    on_each_database(|store| {
        write(store, |tx| tx.add_first_key(&key(1)));
        let replaced = at_once(8, |number| {
            write(store, |tx| tx.replace_active_key(&key(100 + number), key(1).id))
        });
        assert_eq!(replaced.iter().filter(|one| **one).count(), 1, "{replaced:?}");
        let winner = (0..8u8).find(|number| replaced[usize::from(*number)]).unwrap();
        let retired = SealedKey {
            state: KeyState::Retired,
            ..key(1)
        };
        assert_eq!(read(store, Tx::signing_keys), [key(100 + winner), retired]);
        assert!(!write(store, |tx| tx.replace_active_key(&key(200), key(1).id)));
    });
}
