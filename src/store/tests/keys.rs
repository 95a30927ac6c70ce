//! The ring of signing keys, and the steps of a rollover.

use std::collections::BTreeMap;

use diesel::backend::Backend;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use super::*;
use crate::{
    model::{
        id::KeyId,
        key::{KeyState, SealedKey},
        rollover::{AdoptionSource, ApplicationDraft, KeyAdoption},
    },
    store::{
        connection::AnyConnection,
        keys::signing_keys::RolloverStep,
        migrate::{POSTGRES, SQLITE},
    },
};

fn key(number: u8, state: KeyState) -> SealedKey {
    SealedKey {
        id: KeyId::new(now(), [number; 10]),
        state,
        sealed: (state != KeyState::Retired).then(|| vec![1, number, 0]),
        certificate: vec![48, number],
        created_at: now(),
        since: now(),
    }
}

#[test]
fn no_key_is_added_under_a_sealing_key_that_was_changed_meanwhile() {
    on_each_database(|store| {
        assert_done(store, |tx| tx.add_first_key(&key(1, KeyState::Active)));
        let before = key(1, KeyState::Active);
        let (old, new) = (before.sealed.clone().unwrap(), vec![9, 9, 9]);
        write(store, |tx| tx.reseal_key(before.id, &old, &new));
        let next = key(2, KeyState::Next);
        assert_refused(store, |tx| tx.add_next_key(&next, &before));
        let own = key(3, KeyState::Active);
        assert_refused(store, |tx| tx.replace_active_key(&own, &before, true));
        let now = SealedKey {
            sealed: Some(new),
            ..before
        };
        assert_done(store, |tx| tx.add_next_key(&next, &now));
    });
}

fn id(number: u8) -> KeyId {
    key(number, KeyState::Active).id
}

fn rollover_step(active: u8, other: u8) -> RolloverStep {
    RolloverStep {
        active: id(active),
        other: id(other),
        previous_step_by: now(),
        require_all_adopted: true,
        now: now() + minutes(1),
    }
}

fn states(store: &Store) -> BTreeMap<KeyId, KeyState> {
    let keys = read(store, Tx::signing_keys);
    for key in &keys {
        assert_eq!(key.state == KeyState::Retired, key.sealed.is_none(), "{key:?}");
    }
    keys.into_iter().map(|key| (key.id, key.state)).collect()
}

#[track_caller]
fn assert_done(store: &Store, step: impl FnOnce(&mut ConfigTx<'_>) -> Result<bool, Error>) {
    assert!(write(store, step), "{:?}", states(store));
}

#[track_caller]
fn assert_refused(store: &Store, step: impl FnOnce(&mut ConfigTx<'_>) -> Result<bool, Error>) {
    assert!(!write(store, step), "{:?}", states(store));
}

fn expected_states<const N: usize>(all: [(u8, KeyState); N]) -> BTreeMap<KeyId, KeyState> {
    all.into_iter()
        .map(|(number, state)| (id(number), state))
        .collect()
}

/// A ring with an active key 1, and a next key 2 that was published long enough ago for
/// [`rollover_step`].
fn with_rollover(store: &Store) {
    write(store, |tx| tx.initialize_installation(&installation()));
    assert_done(store, |tx| tx.add_first_key(&key(1, KeyState::Active)));
    assert_done(store, |tx| {
        tx.add_next_key(&key(2, KeyState::Next), &key(1, KeyState::Active))
    });
}

fn adoption(slug: &str, number: u8, how: AdoptionSource) -> KeyAdoption {
    KeyAdoption {
        slug: Slug::parse(slug).unwrap(),
        key: id(number),
        source: how,
        adopted_at: now(),
        address: Some("2001:db8::7".parse().unwrap()),
        user_agent: Some("a fetcher".to_owned()),
    }
}

#[test]
fn an_installation_gets_one_first_key_however_many_replicas_start() {
    on_each_database(|store| {
        let added = at_once(8, |number| {
            write(store, |tx| tx.add_first_key(&key(number, KeyState::Active)))
        });
        assert_eq!(added.iter().filter(|is_added| **is_added).count(), 1, "{added:?}");
        let keys = read(store, Tx::signing_keys);
        let winner = (0..8u8).find(|number| added[usize::from(*number)]).unwrap();
        assert_eq!(keys, [key(winner, KeyState::Active)]);
        assert_refused(store, |tx| tx.add_first_key(&key(50, KeyState::Active)));
    });
}

#[test]
fn a_key_is_replaced_by_one_of_many_replicas() {
    for keep in [false, true] {
        on_each_database(|store| {
            write(store, |tx| tx.initialize_installation(&installation()));
            write(store, |tx| tx.add_first_key(&key(1, KeyState::Active)));
            let replaced = at_once(8, |number| {
                let new = key(100 + number, KeyState::Active);
                write(store, |tx| {
                    tx.replace_active_key(&new, &key(1, KeyState::Active), keep)
                })
            });
            assert_eq!(
                replaced.iter().filter(|is_replaced| **is_replaced).count(),
                1,
                "{replaced:?}"
            );
            let winner = 100 + (0..8u8).find(|number| replaced[usize::from(*number)]).unwrap();
            let before = if keep {
                KeyState::Previous
            } else {
                KeyState::Retired
            };
            assert_eq!(
                states(store),
                expected_states([(winner, KeyState::Active), (1, before)])
            );
            let again = key(200, KeyState::Active);
            let replace = |active: u8| {
                write(store, |tx| {
                    tx.replace_active_key(&again, &key(active, KeyState::Active), keep)
                })
            };
            assert!(!replace(1), "{winner} won, {keep}");
            assert!(replace(winner), "{winner} won, {keep}");
            assert_eq!(
                states(store),
                expected_states([(200, KeyState::Active), (winner, before), (1, KeyState::Retired)])
            );
        });
    }
}

#[test]
fn a_rollover_goes_forward_back_forward_and_ends() {
    on_each_database(|store| {
        with_rollover(store);
        let generation = read(store, Tx::generation);
        assert!(
            !write(store, |tx| tx
                .add_next_key(&key(3, KeyState::Next), &key(1, KeyState::Active))),
            "one at a time"
        );
        assert_done(store, |tx| tx.activate_key(&rollover_step(1, 2)));
        assert_eq!(
            states(store),
            expected_states([(1, KeyState::Previous), (2, KeyState::Active)])
        );
        assert!(
            read(store, Tx::generation) > generation,
            "every replica hears of it"
        );
        assert!(
            !write(store, |tx| tx.activate_key(&rollover_step(1, 2))),
            "done already"
        );
        assert!(
            !write(store, |tx| tx
                .add_next_key(&key(3, KeyState::Next), &key(1, KeyState::Active))),
            "not finished"
        );
        assert_done(store, |tx| tx.reactivate_previous_key(&rollover_step(2, 1)));
        assert_eq!(
            states(store),
            expected_states([(1, KeyState::Active), (2, KeyState::Next)])
        );
        assert_refused(store, |tx| tx.reactivate_previous_key(&rollover_step(2, 1)));
        assert_done(store, |tx| tx.activate_key(&rollover_step(1, 2)));
        let late = RolloverStep {
            previous_step_by: now() + minutes(1),
            ..rollover_step(2, 1)
        };
        assert!(
            !write(store, |tx| tx.retire_previous_key(&rollover_step(2, 1))),
            "too soon"
        );
        assert_done(store, |tx| tx.retire_previous_key(&late));
        assert_eq!(
            states(store),
            expected_states([(1, KeyState::Retired), (2, KeyState::Active)])
        );
        assert_refused(store, |tx| tx.retire_previous_key(&late));
        assert!(
            !write(store, |tx| tx.reactivate_previous_key(&rollover_step(2, 1))),
            "there is no way back"
        );
        assert_done(store, |tx| {
            tx.add_next_key(&key(3, KeyState::Next), &key(2, KeyState::Active))
        });
        assert_done(store, |tx| tx.withdraw_next_key(id(3), now()));
        assert_refused(store, |tx| tx.withdraw_next_key(id(3), now()));
        assert!(
            !write(store, |tx| tx.activate_key(&rollover_step(2, 3))),
            "withdrawn"
        );
    });
}

#[test]
fn a_key_signs_when_published_long_enough_and_adopted_by_all_enabled_applications() {
    on_each_database(|store| {
        with_rollover(store);
        let early = RolloverStep {
            previous_step_by: now() - TimeDelta::microseconds(1),
            ..rollover_step(1, 2)
        };
        assert!(!write(store, |tx| tx.activate_key(&early)), "too soon");
        for number in [1, 2, 3] {
            let off = Application {
                enabled: number != 3,
                ..application(number)
            };
            write(store, |tx| tx.add_application(&off));
        }
        assert!(
            !write(store, |tx| tx.activate_key(&rollover_step(1, 2))),
            "nobody follows"
        );
        assert!(write(store, |tx| tx.add_key_adoption(&adoption(
            "app-1",
            2,
            AdoptionSource::Fetched
        ))));
        assert!(!write(store, |tx| tx.add_key_adoption(&adoption(
            "app-1",
            2,
            AdoptionSource::Confirmed
        ))));
        write(store, |tx| {
            tx.add_key_adoption(&adoption("app-2", 1, AdoptionSource::Confirmed))
        });
        assert!(
            !write(store, |tx| tx.activate_key(&rollover_step(1, 2))),
            "it follows another key"
        );
        assert_eq!(
            states(store),
            expected_states([(1, KeyState::Active), (2, KeyState::Next)])
        );
        write(store, |tx| {
            tx.add_key_adoption(&adoption("app-2", 2, AdoptionSource::Confirmed))
        });
        assert_eq!(
            read(store, |tx| tx.key_adoptions(id(2))),
            [
                adoption("app-1", 2, AdoptionSource::Fetched),
                adoption("app-2", 2, AdoptionSource::Confirmed)
            ],
            "what was known first stays"
        );
        assert_done(store, |tx| tx.activate_key(&rollover_step(1, 2)));

        // An application registered before and enabled since the activation prevents the
        // retirement.
        let late = RolloverStep {
            previous_step_by: now() + minutes(1),
            ..rollover_step(2, 1)
        };
        let on = Application {
            enabled: true,
            ..application(3)
        };
        write(store, |tx| tx.edit_application(&on));
        assert_refused(store, |tx| tx.retire_previous_key(&late));
        let young = Application {
            created_at: now() + minutes(2),
            ..application(4)
        };
        write(store, |tx| tx.add_application(&young));
        write(store, |tx| {
            tx.add_key_adoption(&adoption("app-3", 2, AdoptionSource::Confirmed))
        });
        assert!(
            write(store, |tx| tx.retire_previous_key(&late)),
            "the young one got key 2"
        );
    });
}

#[test]
fn force_does_not_wait_for_adoption() {
    on_each_database(|store| {
        with_rollover(store);
        write(store, |tx| tx.add_application(&application(1)));
        let forced = |active, other| RolloverStep {
            previous_step_by: now() + minutes(1),
            require_all_adopted: false,
            ..rollover_step(active, other)
        };
        assert_done(store, |tx| tx.activate_key(&forced(1, 2)));
        assert_done(store, |tx| tx.retire_previous_key(&forced(2, 1)));
    });
}

#[test]
fn of_concurrent_steps_one_is_taken_and_a_key_always_signs() {
    on_each_database(|store| {
        with_rollover(store);
        for round in 0..10 {
            let taken = at_once(8, |number| match number % 2 {
                0 => write(store, |tx| tx.activate_key(&rollover_step(1, 2))),
                _ => write(store, |tx| tx.reactivate_previous_key(&rollover_step(2, 1))),
            });
            let states = states(store);
            let count = |wanted| states.values().filter(|state| **state == wanted).count();
            assert_eq!(count(KeyState::Active), 1, "round {round}: {states:?}");
            assert_eq!(
                count(KeyState::Next) + count(KeyState::Previous),
                1,
                "round {round}: {states:?} {taken:?}"
            );
        }
        write(store, |tx| tx.reactivate_previous_key(&rollover_step(2, 1)));
        let taken = at_once(8, |number| match number % 2 {
            0 => write(store, |tx| tx.activate_key(&rollover_step(1, 2))),
            _ => write(store, |tx| tx.withdraw_next_key(id(2), now())),
        });
        assert_eq!(taken.iter().filter(|is_taken| **is_taken).count(), 1, "{taken:?}");
        let states = states(store);
        assert!(
            states.values().any(|state| *state == KeyState::Active),
            "{states:?}"
        );
    });
}

#[test]
fn the_next_key_is_added_by_one_of_many_replicas() {
    on_each_database(|store| {
        write(store, |tx| tx.initialize_installation(&installation()));
        write(store, |tx| tx.add_first_key(&key(1, KeyState::Active)));
        let added = at_once(8, |number| {
            write(store, |tx| {
                tx.add_next_key(&key(10 + number, KeyState::Next), &key(1, KeyState::Active))
            })
        });
        assert_eq!(added.iter().filter(|is_added| **is_added).count(), 1, "{added:?}");
    });
}

#[test]
fn a_draft_keeps_its_name_until_its_application_takes_it_over() {
    on_each_database(|store| {
        with_rollover(store);
        let draft = |slug: &str| ApplicationDraft {
            slug: Slug::parse(slug).unwrap(),
            name: "A draft".to_owned(),
            created_at: now(),
        };
        write(store, |tx| tx.add_application(&application(1)));
        assert!(
            !write(store, |tx| tx.add_application_draft(&draft("app-1"))),
            "an application has it"
        );
        let added = at_once(8, |_| {
            write(store, |tx| tx.add_application_draft(&draft("app-2")))
        });
        assert_eq!(added.iter().filter(|is_added| **is_added).count(), 1, "{added:?}");
        write(store, |tx| {
            tx.add_key_adoption(&adoption("app-2", 2, AdoptionSource::Fetched))
        });
        assert_eq!(read(store, Tx::application_drafts), [draft("app-2")]);
        write(store, |tx| tx.add_application(&application(2)));
        assert_eq!(read(store, Tx::application_drafts), []);
        assert_eq!(
            read(store, |tx| tx.key_adoptions(id(2))),
            [adoption("app-2", 2, AdoptionSource::Fetched)]
        );
        write(store, |tx| tx.remove_application(application(2).id));
        assert_eq!(
            read(store, |tx| tx.key_adoptions(id(2))),
            [],
            "the next of this name begins anew"
        );
        assert!(write(store, |tx| tx.add_application_draft(&draft("app-2"))));
        assert!(write(store, |tx| tx.remove_application_draft(&draft("app-2").slug)));
        assert!(!write(store, |tx| tx.remove_application_draft(&draft("app-2").slug)));
    });
}

#[test]
fn signing_keys_of_the_previous_version_migrate_up_and_down() {
    on_each_database(|store| {
        /// Reverts migrations down to and including 0005.
        fn revert_to_before_0005<DB: Backend>(
            c: &mut impl MigrationHarness<DB>,
            all: fn() -> EmbeddedMigrations,
        ) {
            while c.applied_migrations().unwrap()[0].to_string().as_str() >= "0005" {
                c.revert_last_migration(all()).unwrap();
            }
        }
        let revert = |tx: &mut Tx| {
            match &mut tx.0 {
                AnyConnection::Postgres(c) => revert_to_before_0005(c, || POSTGRES),
                AnyConnection::Sqlite(c) => revert_to_before_0005(c, || SQLITE),
            }
            Ok(())
        };
        write(store, |tx| revert(tx));
        let blob = |hex: &str| {
            if store.is_sqlite() {
                format!("x'{hex}'")
            } else {
                format!("'\\x{hex}'")
            }
        };
        let row = |number: u8, state: &str| {
            format!(
                "INSERT INTO signing_keys (id, state, sealed, certificate, created_at) VALUES \
                 ('{}', '{state}', {}, {}, '2026-01-02 03:04:05.123456')",
                id(number),
                blob(&format!("01{number:02x}00")),
                blob(&format!("30{number:02x}"))
            )
        };
        let old = format!("{};{}", row(1, "retired"), row(2, "active"));
        write(store, |tx| Ok(tx.0.batch_execute(&old)?));
        assert_eq!(
            store.migrate(Backup::Skip).unwrap().applied[0],
            "0005_key_rollover"
        );
        assert_eq!(
            read(store, Tx::signing_keys),
            [key(2, KeyState::Active), key(1, KeyState::Retired)]
        );
        write(store, |tx| tx.initialize_installation(&installation()));
        write(store, |tx| {
            tx.add_next_key(&key(3, KeyState::Next), &key(2, KeyState::Active))
        });
        write(store, |tx| revert(tx));
        store.migrate(Backup::Skip).unwrap();
        assert_eq!(
            states(store),
            expected_states([
                (1, KeyState::Retired),
                (2, KeyState::Active),
                (3, KeyState::Retired)
            ])
        );
    });
}
