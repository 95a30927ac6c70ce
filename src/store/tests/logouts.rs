//! A logout under way, and the applications that are told of it.

use super::*;
use crate::model::{
    id::LogoutId,
    logout::{Hop, HopState, Initiator, Logout, PostedLogout},
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
            wants_answer: true,
        }),
        started_at: now(),
        expires_at: now() + minutes(10),
        finished_at: None,
        session_token: None,
        nameless: false,
    }
}

fn hops() -> Vec<Hop> {
    let mut hops: Vec<_> = (0..3)
        .map(|position| Hop::new(position, participant(&session(1, user(1).id), application(2).id)))
        .collect();
    hops[1].name_id.name_qualifier = Some("idp".to_owned());
    hops[2].name_id.sp_name_qualifier = Some("sp".to_owned());
    hops
}

/// Two applications, a person, a session of theirs that has ended, and [`logout`] 1 with three hops.
fn begun(store: &Store) {
    write(store, |tx| {
        tx.add_user(&user(1))?;
        tx.add_application(&application(1))?;
        tx.add_application(&application(2))?;
        tx.add_session(&session(1, user(1).id), hash(9))?;
        tx.add_logout(&logout(1), &hops())
    });
}

fn states(store: &Store) -> Vec<HopState> {
    let (_, hops) = read(store, |tx| tx.logout(logout(1).id)).unwrap();
    hops.iter().map(|hop| hop.state).collect()
}

#[test]
fn a_logout_reads_back_with_its_hops_in_their_order() {
    on_each_database(|store| {
        begun(store);
        let nobody = Logout {
            initiator: None,
            ..logout(2)
        };
        write(store, |tx| tx.add_logout(&nobody, &[]));
        let found = |number| read(store, |tx| tx.logout(logout(number).id));
        assert_eq!(found(1), Some((logout(1), hops())));
        assert_eq!(found(2), Some((nobody, Vec::new())));
        assert_eq!(found(3), None);
    });
}

#[test]
fn a_hop_is_asked_once_whoever_is_quicker() {
    on_each_database(|store| {
        begun(store);
        let id = logout(1).id;
        let won = at_once(8, |number| {
            write(store, |tx| tx.ask_hop(id, 0, &format!("_{number}"), now()))
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
        let number = won.iter().position(|won| *won).unwrap();
        let asked = read(store, |tx| tx.hop_asked(&format!("_{number}"), now()));
        let (found, hop) = asked.unwrap();
        assert_eq!((found, hop.position, hop.asked_at), (id, 0, Some(now())));
        assert_eq!(
            states(store),
            [HopState::Asked, HopState::Waiting, HopState::Waiting]
        );
    });
}

#[test]
fn an_answer_counts_once_and_also_late_but_not_too_late() {
    on_each_database(|store| {
        begun(store);
        let id = logout(1).id;
        let asked = |at| read(store, |tx| tx.hop_asked("_a", at)).is_some();
        let settle = |state| write(store, |tx| tx.settle_hop(id, 0, state));
        assert!(!asked(now()) && !settle(HopState::Confirmed), "nobody was asked");
        assert!(write(store, |tx| tx.ask_hop(id, 0, "_a", now())));
        assert!(asked(now()) && !asked(now() + minutes(10)));
        assert!(write(store, |tx| tx.give_up_hop(id, 0)));
        assert!(!write(store, |tx| tx.give_up_hop(id, 0)));
        assert!(asked(now()) && settle(HopState::Confirmed));
        assert!(!asked(now()) && !settle(HopState::Refused));
        assert!(
            !write(store, |tx| tx.give_up_hop(id, 0)) && !write(store, |tx| tx.ask_hop(id, 0, "_b", now()))
        );
        assert!(write(store, |tx| tx.give_up_hop(id, 1)));
        assert!(write(store, |tx| tx.hop_has_no_address(id, 2)));
        assert!(!write(store, |tx| tx.hop_has_no_address(id, 2)));
        assert_eq!(
            states(store),
            [HopState::Confirmed, HopState::Unconfirmed, HopState::NoAddress]
        );
    });
}

#[test]
fn it_is_found_by_its_browser_while_it_goes_on() {
    on_each_database(|store| {
        begun(store);
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
fn what_nobody_finished_ends_once_and_is_swept_an_hour_later() {
    on_each_database(|store| {
        begun(store);
        let over = now() + minutes(10);
        assert_eq!(write(store, |tx| tx.expire_logouts(now(), 10)), []);
        let ended = at_once(4, |_| write(store, |tx| tx.expire_logouts(over, 10)));
        assert_eq!(ended.concat(), [logout(1).id], "{ended:?}");
        let sweep = |at| write(store, |tx| tx.remove_expired(at, None, 100));
        sweep(over);
        assert!(read(store, |tx| tx.logout(logout(1).id)).is_some());
        sweep(over + minutes(60));
        assert_eq!(read(store, |tx| tx.logout(logout(1).id)), None);
    });
}

#[test]
fn it_outlives_its_applications() {
    on_each_database(|store| {
        begun(store);
        write(store, |tx| {
            assert!(tx.remove_application(application(1).id)? && tx.remove_application(application(2).id)?);
            Ok(())
        });
        let (kept, hops) = read(store, |tx| tx.logout(logout(1).id)).unwrap();
        assert_eq!((kept, hops.len()), (logout(1), 3));
    });
}

#[test]
fn a_logout_that_waits_is_claimed_once_and_by_its_session_alone() {
    on_each_database(|store| {
        begun(store);
        let waits = Logout {
            session_token: Some(hash(9)),
            ..logout(2)
        };
        write(store, |tx| tx.add_logout(&waits, &hops()));
        let claim = |session, answers| {
            write(store, |tx| {
                tx.claim_logout(session, hash(7), answers, now(), now() + minutes(1))
            })
        };
        assert!(read(store, |tx| tx.logout_waits_for(hash(9), now())));
        assert!(!read(store, |tx| tx.logout_waits_for(hash(8), now())));
        assert!(!read(store, |tx| tx.logout_waits_for(hash(9), now() + minutes(10))));
        assert_eq!(claim(hash(8), None), None);
        assert_eq!(claim(hash(9), Some((application(1).id, "_other", true))), None);
        assert_eq!(claim(hash(9), Some((application(2).id, "_r", true))), None);
        assert_eq!(
            claim(hash(9), Some((application(1).id, "_r", false))),
            Some(waits.id)
        );
        assert_eq!(claim(hash(9), None), None);
        let (claimed, _) = read(store, |tx| tx.logout(waits.id)).unwrap();
        assert_eq!(
            (claimed.browser, claimed.session_token, claimed.expires_at),
            (hash(7), None, now() + minutes(1))
        );
        assert!(!claimed.nameless && !claimed.initiator.unwrap().wants_answer);
        let later = Logout {
            session_token: Some(hash(8)),
            ..logout(3)
        };
        write(store, |tx| tx.add_logout(&later, &hops()));
        let late = write(store, |tx| {
            tx.claim_logout(hash(8), hash(6), None, now(), now() + minutes(1))
        });
        let (claimed, _) = read(store, |tx| tx.logout(late.unwrap())).unwrap();
        assert!(claimed.nameless);
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
            wants_answer: true,
            by_name: true,
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
        let expired = |at| write(store, |tx| tx.expired_posted_logouts(at, 10)).len();
        assert_eq!(expired(now()), 0);
        assert_eq!(expired(now() + minutes(10)), 2);
        assert_eq!(expired(now() + minutes(10)), 0);
    });
}
