//! A logout in progress, and its steps.

use super::*;
use crate::model::{
    id::LogoutId,
    logout::{Initiator, Logout, LogoutStep, LogoutStepState, PostedLogout},
    name_id::NameId,
};

fn logout(number: u8) -> Logout {
    Logout {
        id: LogoutId::new(now(), [number; 10]),
        browser: hash(number),
        user: user(1).id,
        initiator: Some(Initiator {
            application: application(1).id,
            request_id: "_r".to_owned(),
            relay_state: Some(" a&b=\u{e9}".to_owned()),
            wants_response: true,
        }),
        started_at: now(),
        expires_at: now() + minutes(10),
        finished_at: None,
        session_token: None,
        hides_applications: false,
    }
}

fn steps() -> Vec<LogoutStep> {
    let mut steps: Vec<_> = (0..3)
        .map(|position| LogoutStep::new(position, participant(&session(1, user(1).id), application(2).id)))
        .collect();
    let ParticipantSubject::Saml(first) = &mut steps[1].subject else {
        panic!("a name of SAML")
    };
    first.name_qualifier = Some("idp".to_owned());
    let ParticipantSubject::Saml(second) = &mut steps[2].subject else {
        panic!("a name of SAML")
    };
    second.sp_name_qualifier = Some("sp".to_owned());
    steps
}

/// Two applications, a user with a session, and [`logout`] 1 with three steps.
fn with_logout(store: &Store) {
    write(store, |tx| {
        tx.add_user(&user(1))?;
        tx.add_application(&application(1))?;
        tx.add_application(&application(2))?;
        tx.add_session(&session(1, user(1).id), hash(9))?;
        tx.add_logout(&logout(1), &steps())
    });
}

fn states(store: &Store) -> Vec<LogoutStepState> {
    let (_, steps) = read(store, |tx| tx.logout(logout(1).id)).unwrap();
    steps.iter().map(|step| step.state).collect()
}

#[track_caller]
fn assert_done(store: &Store, step: impl FnOnce(&mut ConfigTx<'_>) -> Result<bool, Error>) {
    assert!(write(store, step), "{:?}", states(store));
}

#[track_caller]
fn assert_refused(store: &Store, step: impl FnOnce(&mut ConfigTx<'_>) -> Result<bool, Error>) {
    assert!(!write(store, step), "{:?}", states(store));
}

#[test]
fn a_logout_reads_back_with_its_steps_in_their_order() {
    on_each_database(|store| {
        with_logout(store);
        let nobody = Logout {
            initiator: None,
            ..logout(2)
        };
        write(store, |tx| tx.add_logout(&nobody, &[]));
        let found = |number| read(store, |tx| tx.logout(logout(number).id));
        assert_eq!(found(1), Some((logout(1), steps())));
        assert_eq!(found(2), Some((nobody, Vec::new())));
        assert_eq!(found(3), None);
    });
}

#[test]
fn a_logout_step_is_requested_once_whoever_is_quicker() {
    on_each_database(|store| {
        with_logout(store);
        let id = logout(1).id;
        let won = at_once(8, |number| {
            write(store, |tx| {
                tx.mark_logout_step_requested(id, 0, &format!("_{number}"), now())
            })
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
        let number = won.iter().position(|won| *won).unwrap();
        let requested = read(store, |tx| tx.requested_logout_step(&format!("_{number}"), now()));
        let (found, step) = requested.unwrap();
        assert_eq!((found, step.position, step.requested_at), (id, 0, Some(now())));
        assert_eq!(
            states(store),
            [
                LogoutStepState::Requested,
                LogoutStepState::Pending,
                LogoutStepState::Pending
            ]
        );
    });
}

#[test]
fn a_logout_response_counts_once_even_late_but_not_after_expiry() {
    on_each_database(|store| {
        with_logout(store);
        let id = logout(1).id;
        let is_requested = |at| read(store, |tx| tx.requested_logout_step("_a", at)).is_some();
        let settle = |state| write(store, |tx| tx.settle_logout_step(id, 0, state));
        assert!(
            !is_requested(now()) && !settle(LogoutStepState::Confirmed),
            "nobody was asked"
        );
        assert_done(store, |tx| tx.mark_logout_step_requested(id, 0, "_a", now()));
        assert!(is_requested(now()), "{:?}", states(store));
        assert!(!is_requested(now() + minutes(10)), "{:?}", states(store));
        assert_done(store, |tx| tx.skip_logout_step(id, 0));
        assert_refused(store, |tx| tx.skip_logout_step(id, 0));
        assert!(is_requested(now()), "{:?}", states(store));
        assert!(settle(LogoutStepState::Confirmed), "{:?}", states(store));
        assert!(!is_requested(now()), "{:?}", states(store));
        assert!(!settle(LogoutStepState::Refused), "{:?}", states(store));
        assert_refused(store, |tx| tx.skip_logout_step(id, 0));
        assert_refused(store, |tx| tx.mark_logout_step_requested(id, 0, "_b", now()));
        assert_done(store, |tx| tx.skip_logout_step(id, 1));
        assert_done(store, |tx| tx.mark_logout_step_without_endpoint(id, 2));
        assert_refused(store, |tx| tx.mark_logout_step_without_endpoint(id, 2));
        assert_eq!(
            states(store),
            [
                LogoutStepState::Confirmed,
                LogoutStepState::Unconfirmed,
                LogoutStepState::NoEndpoint
            ]
        );
    });
}

#[test]
fn a_logout_is_found_by_its_browser_while_it_runs() {
    on_each_database(|store| {
        with_logout(store);
        let id = logout(1).id;
        let of_browser = |number, at| read(store, |tx| tx.running_logout(hash(number), at));
        assert_eq!(of_browser(1, now()), Some(id));
        assert_eq!(of_browser(2, now()), None);
        assert_eq!(of_browser(1, now() + minutes(10)), None);
        assert!(write(store, |tx| tx.finish_logout(id, now())));
        assert!(!write(store, |tx| tx.finish_logout(id, now())));
        assert_eq!(of_browser(1, now()), None);
    });
}

#[test]
fn an_unfinished_logout_expires_once_and_is_removed_an_hour_later() {
    on_each_database(|store| {
        with_logout(store);
        let over = now() + minutes(10);
        assert_eq!(write(store, |tx| tx.expire_logouts(now(), 10)), []);
        let ended = at_once(4, |_| write(store, |tx| tx.expire_logouts(over, 10)));
        assert_eq!(ended.concat(), [logout(1).id], "{ended:?}");
        let sweep = |at| write(store, |tx| tx.remove_expired(at, at, 100));
        sweep(over);
        assert!(read(store, |tx| tx.logout(logout(1).id)).is_some());
        sweep(over + minutes(60));
        assert_eq!(read(store, |tx| tx.logout(logout(1).id)), None);
    });
}

#[test]
fn a_logout_outlives_its_applications() {
    on_each_database(|store| {
        with_logout(store);
        write(store, |tx| {
            for number in [1, 2] {
                assert!(tx.remove_application(application(number).id)?, "{number}");
            }
            Ok(())
        });
        let (stored, steps) = read(store, |tx| tx.logout(logout(1).id)).unwrap();
        assert_eq!((stored, steps.len()), (logout(1), 3));
    });
}

#[test]
fn a_pending_logout_is_claimed_once_and_by_its_session_alone() {
    on_each_database(|store| {
        with_logout(store);
        let deferred = Logout {
            session_token: Some(hash(9)),
            ..logout(2)
        };
        write(store, |tx| tx.add_logout(&deferred, &steps()));
        let claim = |session, answers| {
            write(store, |tx| {
                tx.claim_logout(session, hash(7), answers, now(), now() + minutes(1))
            })
        };
        assert!(read(store, |tx| tx.has_pending_logout(hash(9), now())));
        assert!(!read(store, |tx| tx.has_pending_logout(hash(8), now())));
        assert!(!read(store, |tx| tx.has_pending_logout(hash(9), now() + minutes(10))));
        assert_eq!(claim(hash(8), None), None);
        assert_eq!(claim(hash(9), Some((application(1).id, "_other", true))), None);
        assert_eq!(claim(hash(9), Some((application(2).id, "_r", true))), None);
        assert_eq!(
            claim(hash(9), Some((application(1).id, "_r", false))),
            Some(deferred.id)
        );
        assert_eq!(claim(hash(9), None), None);
        let (claimed, _) = read(store, |tx| tx.logout(deferred.id)).unwrap();
        assert_eq!(
            (claimed.browser, claimed.session_token, claimed.expires_at),
            (hash(7), None, now() + minutes(1))
        );
        assert!(!claimed.hides_applications, "{claimed:?}");
        assert!(!claimed.initiator.unwrap().wants_response);
        let later = Logout {
            session_token: Some(hash(8)),
            ..logout(3)
        };
        write(store, |tx| tx.add_logout(&later, &steps()));
        let late = write(store, |tx| {
            tx.claim_logout(hash(8), hash(6), None, now(), now() + minutes(1))
        });
        let (claimed, _) = read(store, |tx| tx.logout(late.unwrap())).unwrap();
        assert!(claimed.hides_applications, "{claimed:?}");
    });
}

#[test]
fn a_posted_request_is_taken_once_and_by_its_browser_alone() {
    on_each_database(|store| {
        let posted = |number: u8| PostedLogout {
            id: LogoutId::new(now(), [number; 10]),
            browser: hash(number),
            applications: vec![application(2).id, application(1).id],
            request_id: "_r".to_owned(),
            relay_state: Some(" a&b".to_owned()),
            wants_response: true,
            by_name_id: true,
            name_id: NameId {
                sp_name_qualifier: Some("sp".to_owned()),
                ..NameId::plain("f", "a")
            },
            expires_at: now() + minutes(10),
        };
        for number in 1..=3 {
            write(store, |tx| tx.add_posted_logout(&posted(number)));
        }
        let take = |id, browser, at| write(store, |tx| tx.take_posted_logout(id, browser, at));
        assert_eq!(take(posted(1).id, hash(2), now()), None);
        assert_eq!(take(posted(1).id, hash(1), now() + minutes(10)), None);
        let all = at_once(4, |_| take(posted(1).id, hash(1), now()));
        assert_eq!(all.into_iter().flatten().collect::<Vec<_>>(), [posted(1)]);
        let expired = |at| write(store, |tx| tx.take_expired_posted_logouts(at, 10)).len();
        assert_eq!(expired(now()), 0);
        assert_eq!(expired(now() + minutes(10)), 2);
        assert_eq!(expired(now() + minutes(10)), 0);
    });
}
