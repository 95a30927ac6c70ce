//! Expired rows are removed in batches.

use super::*;
use crate::model::throttle::ThrottlePolicy;
use crate::store::AuditFilter;

const LIMIT: ThrottlePolicy = ThrottlePolicy {
    free: 5,
    first_pause: TimeDelta::seconds(30),
    longest_pause: TimeDelta::minutes(3),
    forget_after: TimeDelta::hours(1),
};

#[test]
fn a_batch_removes_no_more_than_its_size_and_only_what_has_expired() {
    on_each_database(|store| {
        write(store, |tx| {
            tx.add_user(&user(1))?;
            for number in 0..10u8 {
                let until = now() + minutes(number.into());
                tx.mark_message_seen("logout", "urn:sp:1", &format!("_{number}"), until)?;
                tx.mark_request_answered(
                    application(1).id,
                    &format!("_{number}"),
                    session(1, user(1).id).id,
                    until,
                )?;
                tx.add_known_device(hash(number), user(1).id, now(), until)?;
                tx.count_attempt(&format!("{number}"), &LIMIT, until)?;
                tx.add_audit_event(&AuditEvent {
                    unauthenticated: true,
                    ..audit_event(number, until)
                })?;
            }
            Ok(())
        });
        let sweep = |at, unproven, step| write(store, |tx| tx.remove_expired(at, unproven, step));
        let long_ago = now() - TimeDelta::days(30);
        assert_eq!(sweep(now() - minutes(1), now(), 100), 0);
        // Five rows of each of three kinds are due; those of the throttle expire an hour later.
        let at = now() + minutes(4);
        assert_eq!(
            (
                sweep(at, long_ago, 7),
                sweep(at, long_ago, 7),
                sweep(at, long_ago, 7)
            ),
            (7, 7, 1)
        );
        assert!(!write(store, |tx| tx.mark_message_seen(
            "logout",
            "urn:sp:1",
            "_5",
            now()
        )));
        assert_eq!(
            read(store, |tx| tx.known_device_owner(hash(5), at)),
            Some(user(1).id)
        );
        assert_eq!(sweep(at, at, 3), 3);
        assert_eq!(sweep(at, at, 3), 1);
        let oldest = read(store, |tx| tx.audit_events(&AuditFilter::default(), 100))
            .pop()
            .unwrap();
        assert_eq!(oldest.at, at);
        assert_eq!(sweep(now() + minutes(64), long_ago, 1000), 15 + 5);
    });
}

#[test]
fn a_session_is_removed_a_day_after_it_ended_or_expired() {
    on_each_database(|store| {
        let long = |number| Session {
            idle_expires_at: now() + TimeDelta::days(9),
            expires_at: now() + TimeDelta::days(9),
            ..session(number, user(1).id)
        };
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_application(&application(1))?;
            tx.add_session(&long(1), hash(1))?;
            tx.add_session(&long(2), hash(2))?;
            tx.add_session(&session(3, user(1).id), hash(3))?;
            tx.save_participant(&participant(&session(3, user(1).id), application(1).id))?;
            tx.end_session(long(2).id, now(), "logout")
        });
        let sweep = |at| write(store, |tx| tx.remove_expired(at, at, 100));
        let participant_count =
            |store: &Store| read(store, |tx| tx.participants(session(3, user(1).id).id)).len();
        assert_eq!(sweep(now() + TimeDelta::hours(23)), 0);
        assert_eq!(sweep(now() + TimeDelta::hours(24)), 1, "ended");
        assert_eq!(
            (sweep(now() + TimeDelta::hours(31)), participant_count(store)),
            (0, 1)
        );
        assert_eq!(
            (sweep(now() + TimeDelta::hours(32)), participant_count(store)),
            (1, 0),
            "idle for too long"
        );
        assert_eq!(
            read(store, |tx| tx.active_sessions_of(user(1).id, now())),
            [long(1)]
        );
    });
}

#[test]
fn concurrent_housekeeping_removes_each_row_once() {
    on_each_database(|store| {
        write(store, |tx| {
            for number in 0..200 {
                tx.mark_message_seen("logout", "urn:sp:1", &format!("_{number}"), now())?;
            }
            Ok(())
        });
        let removed = at_once(4, |_| {
            let mut sum = 0;
            loop {
                match write(store, |tx| tx.remove_expired(now(), now(), 10)) {
                    0 => return sum,
                    some => sum += some,
                }
            }
        });
        assert_eq!(removed.iter().sum::<usize>(), 200, "{removed:?}");
    });
}
