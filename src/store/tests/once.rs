//! What happens once, what waits, and what is written down.

use super::*;
use crate::{
    model::{
        id::SignOnId,
        name_id::NameIdFormat,
        sign_on::{Subject, WaitingSignOn},
    },
    store::AuditFilter,
};

fn waiting(number: u8, address: &str) -> WaitingSignOn {
    WaitingSignOn {
        id: SignOnId::new(now(), [number; 10]),
        handle: hash(number),
        browser: hash(200),
        application: application(1).id,
        request_id: (number != 3).then(|| "_request".to_owned()),
        consumer: AcsUrl::parse("https://sp-1.example/acs/a").unwrap(),
        relay_state: Some("a b\n\"<ü".to_owned()),
        force_authn: true,
        is_passive: true,
        subject: number.is_multiple_of(2).then(|| Subject {
            format: NameIdFormat::Persistent,
            value: "aB".to_owned(),
        }),
        name_id_format: NameIdFormat::Transient,
        context_class: "urn:x".to_owned(),
        login_hint: Some("person@fernweh.example".to_owned()),
        address: address.to_owned(),
        created_at: now() + TimeDelta::seconds(number.into()),
        expires_at: now() + minutes(10),
    }
}

#[test]
fn a_request_is_answered_for_one_session_and_again_for_the_same() {
    on_each_database(|store| {
        let (app, until) = (application(1).id, now() + minutes(10));
        let of = |number| session(number, user(1).id).id;
        let answered = at_once(8, |number| {
            store
                .write_sign_on(|tx| tx.answer_once(app, "_request", of(number), until))
                .unwrap()
        });
        assert_eq!(answered.iter().filter(|one| **one).count(), 1, "{answered:?}");
        let winner = (0..8u8).find(|number| answered[usize::from(*number)]).unwrap();
        assert!(write(store, |tx| tx.answer_once(
            app,
            "_request",
            of(winner),
            until
        )));
        assert!(!write(store, |tx| tx.answer_once(
            app,
            "_request",
            of(winner + 100),
            until
        )));
        assert!(write(store, |tx| tx.answer_once(
            application(2).id,
            "_request",
            of(9),
            until
        )));
    });
}

#[test]
fn a_message_is_seen_once() {
    on_each_database(|store| {
        let seen = at_once(8, |_| {
            write(store, |tx| tx.seen_once("logout", "urn:sp:1", "_m", now()))
        });
        assert_eq!(seen.iter().filter(|one| **one).count(), 1, "{seen:?}");
        assert!(write(store, |tx| tx.seen_once("logout", "urn:sp:2", "_m", now())));
    });
}

#[test]
fn a_sign_on_waits_until_it_is_too_late() {
    on_each_database(|store| {
        write(store, |tx| tx.add_application(&application(1)));
        write(store, |tx| tx.add_waiting(&waiting(1, "192.0.2.7"), 10));
        let found = |at| read(store, |tx| tx.waiting(hash(1), at));
        assert_eq!(found(now()), Some(waiting(1, "192.0.2.7")));
        assert_eq!(found(now() + minutes(10)), None);
    });
}

#[test]
fn the_newest_of_an_address_wait_and_other_addresses_are_left_alone() {
    on_each_database(|store| {
        write(store, |tx| tx.add_application(&application(1)));
        write(store, |tx| tx.add_waiting(&waiting(100, "192.0.2.8"), 3));
        for number in 1..=5 {
            write(store, |tx| tx.add_waiting(&waiting(number, "192.0.2.7"), 3));
        }
        let left: Vec<u8> = [100, 1, 2, 3, 4, 5]
            .into_iter()
            .filter(|number| read(store, |tx| tx.waiting(hash(*number), now())).is_some())
            .collect();
        assert_eq!(left, [100, 3, 4, 5]);
    });
}

#[test]
fn a_flood_is_folded_into_one_row_and_every_other_decision_has_its_own() {
    on_each_database(|store| {
        write(store, |tx| tx.add_audit(&audit(1, now())));
        write(store, |tx| tx.add_audit(&audit(2, now())));
        at_once(8, |number| {
            write(store, |tx| {
                tx.fold_audit(&audit(number, now() + minutes(1)), "login 192.0.2.7")
            });
        });
        write(store, |tx| {
            tx.fold_audit(&audit(1, now() + minutes(2)), "login 192.0.2.8")
        });
        let rows = read(store, |tx| tx.audit_events(&AuditFilter::default(), 100));
        let counts: Vec<i64> = rows.iter().map(|row| row.occurrences).collect();
        assert_eq!(counts, [1, 8, 1, 1]);
        let first = rows.last().unwrap();
        let wanted = audit(1, now());
        assert_eq!(
            (first.id, first.at, first.action.as_str()),
            (wanted.id, wanted.at, wanted.action)
        );
        assert_eq!(
            (first.user, first.application, first.session),
            (wanted.user, wanted.application, wanted.session)
        );
        assert_eq!(
            (first.address, &first.request_id),
            (wanted.address, &wanted.request_id)
        );
        assert_eq!(
            read(store, |tx| tx.audit_events(&AuditFilter::default(), 2)).len(),
            2
        );
    });
}

#[test]
fn what_fails_leaves_nothing_and_the_next_transaction_is_sound() {
    on_each_database(|store| {
        let failed: Result<(), Error> = store.write(|tx| {
            tx.add_user(&user(1))?;
            Err(Error::Url("is not at fault"))
        });
        assert!(failed.is_err());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.write::<()>(|tx| {
                tx.add_user(&user(1))?;
                panic!("in the middle")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(read(store, Tx::users), []);
        assert!(write(store, |tx| tx.add_user(&user(1))));
    });
}
