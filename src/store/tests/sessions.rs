//! Sessions, their participants, and what SSO reads.

use std::slice;

use super::*;
use crate::{
    model::participant::ApplicationIdentity,
    store::{EditOutcome, sessions::sso_view::SsoView},
};

fn with_users(store: &Store) {
    write(store, |tx| {
        tx.initialize_installation(&Installation {
            generation: 3,
            ..installation()
        })?;
        for number in [1, 2] {
            tx.add_user(&user(number))?;
            tx.add_application(&application(number))?;
            tx.add_session(&session(number, user(number).id), hash(number))?;
        }
        Ok(())
    });
}

fn identity() -> ApplicationIdentity {
    ApplicationIdentity {
        application: application(1).id,
        user: user(1).id,
        first_name_id: "old@fernweh.example".to_owned(),
        first_email: Email::parse("old@fernweh.example").unwrap(),
        last_name_id: "old@fernweh.example".to_owned(),
        last_email: Email::parse("old@fernweh.example").unwrap(),
        first_at: now(),
        changed_at: now(),
        pinned_email: None,
    }
}

#[test]
fn a_session_is_found_by_its_token_until_it_is_ended_once() {
    on_each_database(|store| {
        with_users(store);
        let (own_session, owner) = (session(1, user(1).id), user(1));
        assert_eq!(
            read(store, |tx| tx.session_by_token(hash(1))),
            Some((session(1, user(1).id), owner))
        );
        assert_eq!(read(store, |tx| tx.session_by_token(hash(9))), None);
        let ended = at_once(8, |_| {
            write(store, |tx| tx.end_session(own_session.id, now(), "logout"))
        });
        assert_eq!(ended.iter().filter(|is_ended| **is_ended).count(), 1);
        assert_eq!(read(store, |tx| tx.session_by_token(hash(1))), None);
        assert_eq!(
            write(store, |tx| tx.end_sessions_of(user(2).id, now(), "disabled")),
            1
        );
        assert_eq!(
            write(store, |tx| tx.end_sessions_of(user(2).id, now(), "disabled")),
            0
        );
    });
}

#[test]
fn a_session_is_renewed_by_one_of_many_requests() {
    on_each_database(|store| {
        with_users(store);
        let (id, later) = (session(1, user(1).id).id, now() + minutes(5));
        let renewed = at_once(8, |number| {
            write(store, |tx| {
                let renewed = Session {
                    authentications: AuthenticationEvents::new(AuthenticationEvent::password(later)),
                    last_seen_at: later,
                    idle_expires_at: later + minutes(60),
                    expires_at: later + minutes(600),
                    ..session(1, user(1).id)
                };
                tx.renew_session(&renewed, hash(1), hash(100 + number))
            })
        });
        assert_eq!(renewed.iter().filter(|is_renewed| **is_renewed).count(), 1);
        let winner = (0..8u8).find(|number| renewed[usize::from(*number)]).unwrap();
        let (after, _) = read(store, |tx| tx.session_by_token(hash(100 + winner))).unwrap();
        assert_eq!(
            (
                after.id,
                after.authentications.last_at(),
                after.idle_expires_at,
                after.expires_at
            ),
            (id, Some(later), later + minutes(60), later + minutes(600))
        );
        assert_eq!(read(store, |tx| tx.session_by_token(hash(1))), None);
    });
}

#[test]
fn a_touch_extends_a_session_and_lists_it_as_active() {
    on_each_database(|store| {
        with_users(store);
        let id = session(1, user(1).id).id;
        let live = |at| read(store, |tx| tx.active_sessions_of(user(1).id, at)).len();
        assert_eq!((live(now()), live(now() + minutes(480))), (1, 0));
        write(store, |tx| {
            tx.touch_session(id, now() + minutes(400), now() + minutes(880))
        });
        assert_eq!((live(now() + minutes(480)), live(now() + minutes(880))), (1, 0));
        write(store, |tx| {
            tx.touch_session(id, now() + minutes(300), now() + minutes(780))
        });
        assert_eq!(live(now() + minutes(800)), 1);
        write(store, |tx| tx.end_session(id, now(), "logout"));
        assert_eq!(live(now()), 0);
    });
}

#[test]
fn an_application_that_gets_a_second_assertion_stays_one_participant() {
    on_each_database(|store| {
        with_users(store);
        let own_session = session(1, user(1).id);
        let first = participant(&own_session, application(1).id);
        let first_name_id = first.subject.name_id().unwrap();
        let name_id = NameId {
            value: "new@fernweh.example".to_owned(),
            ..first_name_id.clone()
        };
        let again = Participant {
            subject: ParticipantSubject::Saml(name_id.clone()),
            last_at: now() + minutes(9),
            ..first.clone()
        };
        let recorded = || read(store, |tx| tx.sso_view(hash(1), application(1).id)).participant;
        assert_eq!(recorded(), None);
        write(store, |tx| tx.save_participant(&first));
        assert_eq!(recorded(), Some(first.clone()));
        store.write_relaxed(|tx| tx.save_participant(&again)).unwrap();
        assert_eq!(recorded(), Some(again.clone()));
        write(store, |tx| tx.add_participant(&first));
        assert_eq!(recorded(), Some(again.clone()), "it is one already");
        write(store, |tx| {
            tx.remove_participant(own_session.id, application(1).id)
        });
        write(store, |tx| tx.add_participant(&again));
        let updated = again;
        assert_eq!(
            read(store, |tx| tx.participants(own_session.id)),
            slice::from_ref(&updated)
        );
        let by_name = |name: &NameId| read(store, |tx| tx.participants_by_name_id(application(1).id, name));
        assert_eq!(by_name(&name_id), slice::from_ref(&updated));
        assert_eq!(
            by_name(&NameId {
                format: "urn:other".to_owned(),
                ..name_id.clone()
            }),
            []
        );
        write(store, |tx| tx.end_session(own_session.id, now(), "logout"));
        assert_eq!(by_name(&name_id), []);
        assert_eq!(read(store, |tx| tx.participants(own_session.id)).len(), 1);
    });
}

#[test]
fn the_first_identity_sent_to_an_application_stays() {
    on_each_database(|store| {
        with_users(store);
        assert_eq!(
            read(store, |tx| tx.application_identity(application(1).id, user(1).id)),
            None
        );
        write(store, |tx| tx.save_application_identity(&identity()));
        let new = "new@fernweh.example".to_owned();
        let new_email = Email::parse(&new).unwrap();
        let changed = ApplicationIdentity {
            first_name_id: new.clone(),
            first_email: new_email.clone(),
            last_name_id: new.clone(),
            last_email: new_email.clone(),
            first_at: now() + minutes(1),
            changed_at: now() + minutes(1),
            ..identity()
        };
        write(store, |tx| tx.save_application_identity(&changed));
        let first_identity = ApplicationIdentity {
            last_name_id: new,
            last_email: new_email,
            changed_at: now() + minutes(1),
            ..identity()
        };
        assert_eq!(
            read(store, |tx| tx.application_identity(application(1).id, user(1).id)),
            Some(first_identity)
        );
    });
}

#[test]
fn a_pinned_address_stays_and_is_reserved_for_its_person() {
    on_each_database(|store| {
        with_users(store);
        let old = identity().first_email;
        let (application, ada) = (application(1).id, user(1));
        assert!(
            !write(store, |tx| tx.pin_email(application, ada.id, &old)),
            "never entered"
        );
        write(store, |tx| tx.save_application_identity(&identity()));
        assert!(!write(store, |tx| tx.pin_email(
            application,
            ada.id,
            &user(2).email
        )));
        assert!(write(store, |tx| tx.pin_email(application, ada.id, &old)));
        // A later sign-in writes what was sent, and not what is pinned.
        write(store, |tx| tx.save_application_identity(&identity()));
        let pinned = read(store, |tx| tx.application_identity(application, ada.id)).unwrap();
        assert_eq!(pinned.pinned_email.as_ref(), Some(&old));
        let taken = |user| User {
            email: old.clone(),
            ..user
        };
        assert!(!write(store, |tx| tx.add_user(&taken(user(3)))));
        assert_eq!(
            write(store, |tx| tx.edit_user(&taken(user(2)))),
            EditOutcome::Taken
        );
        assert_eq!(
            read(store, |tx| tx.user(user(2).id)),
            Some(user(2)),
            "nothing was written"
        );
        assert!(!read(store, |tx| tx.has_reserved_email_conflict(now())));
        let owners = read(store, |tx| tx.pinned_emails(&[old.as_str().to_owned()]));
        assert_eq!(owners.get(&old).map(|owner| owner.id), Some(ada.id));
        let ada = taken(ada);
        assert_eq!(write(store, |tx| tx.edit_user(&ada)), EditOutcome::Done);
        write(store, |tx| tx.unpin_own_email(&ada));
        assert!(
            !write(store, |tx| tx.unpin_email(application, ada.id)),
            "it is gone already"
        );
    });
}

#[test]
fn sso_view_reads_generation_session_user_and_identity_in_one_query() {
    on_each_database(|store| {
        let view = |number, of| read(store, |tx| tx.sso_view(hash(number), application(of).id));
        assert_eq!(
            view(1, 1),
            SsoView {
                generation: 0,
                session: None,
                participant: None,
                is_assigned: false,
            }
        );
        with_users(store);
        write(store, |tx| tx.save_application_identity(&identity()));
        let live = |identity| Some((session(1, user(1).id), user(1), identity));
        assert_eq!(
            view(1, 1),
            SsoView {
                generation: 4,
                session: live(Some(identity())),
                participant: None,
                is_assigned: false,
            }
        );
        assert_eq!(
            view(1, 2),
            SsoView {
                generation: 4,
                session: live(None),
                participant: None,
                is_assigned: false,
            }
        );
        assert_eq!(
            view(9, 1),
            SsoView {
                generation: 4,
                session: None,
                participant: None,
                is_assigned: false,
            }
        );
        write(store, |tx| {
            tx.end_session(session(1, user(1).id).id, now(), "logout")
        });
        assert_eq!(
            view(1, 1),
            SsoView {
                generation: 4,
                session: None,
                participant: None,
                is_assigned: false,
            }
        );
    });
}

#[test]
fn concurrent_touches_of_a_session_do_not_deadlock() {
    on_each_database(|store| {
        let own = session(1, user(1).id);
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_session(&own, hash(1))
        });
        for round in 1..20 {
            let at = now() + minutes(round);
            let open = at_once(4, |_| {
                write(store, |tx| {
                    tx.touch_session(own.id, at, at + minutes(5))?;
                    tx.lock_open_session(own.id)
                })
            });
            assert_eq!(open, [true; 4]);
        }
    });
}
