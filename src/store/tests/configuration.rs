//! What raises the generation, and what each generation is said to have changed.

use super::*;
use crate::{
    model::{
        key::{KeyState, SealedKey},
        rollover::ApplicationDraft,
    },
    store::configuration_changes::ConfigChanges,
};

fn since(store: &Store, generation: i64) -> Option<ConfigChanges> {
    let now = read(store, Tx::generation);
    read(store, |tx| tx.changes_between(generation, now))
}

fn of_applications(ids: &[ApplicationId]) -> ConfigChanges {
    ConfigChanges {
        applications: ids.iter().map(ToString::to_string).collect(),
        ..ConfigChanges::default()
    }
}

#[test]
fn each_change_raises_the_generation_by_itself_and_says_what_it_changed() {
    on_each_database(|store| {
        write(store, |tx| tx.initialize_installation(&installation()));
        let start = read(store, Tx::generation);
        assert_eq!(since(store, start), Some(ConfigChanges::default()));

        write(store, |tx| tx.add_application(&application(1)));
        assert_eq!(since(store, start), Some(of_applications(&[application(1).id])));
        assert!(
            !write(store, |tx| tx.add_application(&application(1))),
            "its slug is taken"
        );
        assert_eq!(read(store, Tx::generation), start + 1, "nothing was changed");
        write(store, |tx| {
            tx.add_application(&application(2))?;
            tx.edit_application(&application(1))
        });
        assert_eq!(
            read(store, Tx::generation),
            start + 2,
            "one write, one generation"
        );
        let both = of_applications(&[application(1).id, application(2).id]);
        assert_eq!(since(store, start + 1), Some(both.clone()));
        assert!(write(store, |tx| tx.remove_application(application(2).id)));
        assert_eq!(since(store, start), Some(both), "what is gone was changed, too");

        let before = read(store, Tx::generation);
        write(store, |tx| tx.set_entity_id(&EntityId::parse("urn:new").unwrap()));
        let key = SealedKey {
            id: crate::model::id::KeyId::new(now(), [1; 10]),
            state: KeyState::Active,
            sealed: Some(vec![1]),
            certificate: vec![2],
            created_at: now(),
            since: now(),
        };
        write(store, |tx| tx.add_first_key(&key));
        let draft = ApplicationDraft {
            slug: Slug::parse("later").unwrap(),
            name: "Later".to_owned(),
            created_at: now(),
        };
        write(store, |tx| tx.add_application_draft(&draft));
        let wanted = ConfigChanges {
            identity: true,
            drafts: true,
            ..ConfigChanges::default()
        };
        assert_eq!(since(store, before), Some(wanted));
        assert_eq!(read(store, Tx::generation), before + 3);
    });
}

#[test]
fn what_is_taken_back_raises_nothing() {
    on_each_database(|store| {
        write(store, |tx| tx.initialize_installation(&installation()));
        let start = read(store, Tx::generation);
        let failed: Result<(), Error> = store.write_config(|tx| {
            tx.add_application(&application(1))?;
            Err(Error::Unresponsive)
        });
        assert!(failed.is_err(), "{failed:?}");
        write(store, |tx| tx.add_user(&user(1)));
        assert_eq!(read(store, Tx::generation), start);
        assert_eq!(read(store, Tx::applications), []);
    });
}

#[test]
fn a_generation_that_nobody_explains_is_a_gap() {
    on_each_database(|store| {
        write(store, |tx| tx.initialize_installation(&installation()));
        let start = read(store, Tx::generation);
        write(store, |tx| tx.add_application(&application(1)));
        // As an older version raises the generation.
        store
            .write(|tx| {
                tx.0.batch_execute("UPDATE installation SET generation = generation + 1")?;
                Ok(())
            })
            .unwrap();
        assert_eq!(since(store, start + 1), None, "at the end");
        write(store, |tx| tx.add_application(&application(2)));
        assert_eq!(since(store, start), None, "in the middle");
        assert_eq!(since(store, start + 1), None, "at the beginning");
        assert_eq!(
            since(store, start + 2),
            Some(of_applications(&[application(2).id]))
        );
        assert_eq!(
            since(store, start + 99),
            None,
            "a database of before was put back"
        );
    });
}

#[test]
fn very_many_changes_are_everything_and_old_ones_are_forgotten() {
    on_each_database(|store| {
        write(store, |tx| tx.initialize_installation(&installation()));
        let start = read(store, Tx::generation);
        write(store, |tx| {
            for number in 0..=100 {
                assert!(tx.add_application(&application(number))?, "{number}");
            }
            Ok(())
        });
        assert_eq!(since(store, start), None);
        for _ in 0..2 {
            write(store, |tx| tx.set_base_url("https://new.example"));
        }
        assert!(since(store, start + 1).is_some());
        store
            .write(|tx| {
                tx.0.batch_execute("UPDATE installation SET generation = generation + 2000")?;
                Ok(())
            })
            .unwrap();
        write(store, |tx| tx.set_base_url("https://newer.example"));
        let left: i64 = read(store, |tx| {
            use diesel::{QueryDsl, RunQueryDsl};
            Ok(crate::store::schema::configuration_changes::table
                .count()
                .get_result(&mut tx.0)?)
        });
        assert_eq!(left, 1);
    });
}

#[test]
fn of_many_at_once_each_has_a_generation_of_its_own() {
    on_each_database(|store| {
        write(store, |tx| tx.initialize_installation(&installation()));
        let start = read(store, Tx::generation);
        at_once(8, |number| {
            write(store, |tx| tx.add_application(&application(number)))
        });
        assert_eq!(read(store, Tx::generation), start + 8);
        let ids: Vec<_> = (0..8).map(|number| application(number).id).collect();
        assert_eq!(since(store, start), Some(of_applications(&ids)));
    });
}
