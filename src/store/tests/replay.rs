//! Requests answered once, audit events, and failed transactions.

use super::*;
use crate::store::AuditFilter;

#[test]
fn a_request_is_answered_for_one_session_and_again_for_the_same() {
    on_each_database(|store| {
        let (app, until) = (application(1).id, now() + minutes(10));
        let of = |number| session(number, user(1).id).id;
        let answered = at_once(8, |number| {
            store
                .write_relaxed(|tx| tx.mark_request_answered(app, "_request", of(number), until))
                .unwrap()
        });
        assert_eq!(
            answered.iter().filter(|is_first| **is_first).count(),
            1,
            "{answered:?}"
        );
        let winner = (0..8u8).find(|number| answered[usize::from(*number)]).unwrap();
        for (number, is_accepted) in [(winner, true), (winner + 100, false)] {
            assert_eq!(
                write(store, |tx| tx.mark_request_answered(
                    app,
                    "_request",
                    of(number),
                    until
                )),
                is_accepted,
                "{number}"
            );
        }
        assert!(write(store, |tx| tx.mark_request_answered(
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
            write(store, |tx| {
                tx.mark_message_seen("logout", "urn:sp:1", "_m", now())
            })
        });
        assert_eq!(seen.iter().filter(|is_first| **is_first).count(), 1, "{seen:?}");
        assert!(write(store, |tx| tx.mark_message_seen(
            "logout",
            "urn:sp:2",
            "_m",
            now()
        )));
    });
}

#[test]
fn a_flood_is_folded_into_one_row_and_every_other_decision_has_its_own() {
    on_each_database(|store| {
        write(store, |tx| tx.add_audit_event(&audit_event(1, now())));
        write(store, |tx| tx.add_audit_event(&audit_event(2, now())));
        at_once(8, |number| {
            write(store, |tx| {
                tx.fold_audit_event(&audit_event(number, now() + minutes(1)), "login 192.0.2.7")
            });
        });
        write(store, |tx| {
            tx.fold_audit_event(&audit_event(1, now() + minutes(2)), "login 192.0.2.8")
        });
        let rows = read(store, |tx| tx.audit_events(&AuditFilter::default(), 100));
        let counts: Vec<i64> = rows.iter().map(|row| row.occurrences).collect();
        assert_eq!(counts, [1, 8, 1, 1]);
        let first = rows.last().unwrap();
        let wanted = audit_event(1, now());
        assert_eq!(
            (first.id, first.at, first.action.as_str()),
            (wanted.id, wanted.at, wanted.action.as_str())
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
fn a_failed_transaction_leaves_nothing_and_the_next_one_works() {
    on_each_database(|store| {
        let failed: Result<(), Error> = store.write(|tx| {
            tx.add_user(&user(1))?;
            Err(Error::Url("is not at fault"))
        });
        assert!(failed.is_err(), "{failed:?}");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.write::<()>(|tx| {
                tx.add_user(&user(1))?;
                panic!("in the middle")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(read(store, all_users), []);
        assert!(write(store, |tx| tx.add_user(&user(1))));
    });
}
