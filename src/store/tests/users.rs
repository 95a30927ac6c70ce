//! Users, their passwords and devices; the installation.

use super::*;
use crate::store::{EditOutcome, StoredPassword, UserValue, UsersWithout};

#[test]
fn a_user_reads_back_and_an_email_has_one_user() {
    on_each_database(|store| {
        assert!(write(store, |tx| tx.add_user(&user(2))));
        assert!(write(store, |tx| tx.add_user(&user(1))));
        let same_address = User {
            email: user(1).email,
            ..user(3)
        };
        let same_stable_id = User {
            stable_id: user(1).stable_id,
            ..user(3)
        };
        write(store, |tx| {
            assert!(!tx.add_user(&same_address)?);
            assert!(!tx.add_user(&same_stable_id)?);
            tx.add_user(&user(4))
        });
        assert_eq!(read(store, |tx| tx.user(user(1).id)), Some(user(1)));
        assert_eq!(read(store, |tx| tx.user_by_email(&user(2).email)), Some(user(2)));
        assert_eq!(read(store, |tx| tx.user(user(9).id)), None);
        assert_eq!(read(store, all_users), [user(1), user(2), user(4)]);
    });
}

#[test]
fn a_name_that_a_user_lacks_is_null_and_no_name_at_all_is_corrupt() {
    on_each_database(|store| {
        let (given, family) = (names(Some("Sukarno"), None), names(None, Some("Teller")));
        let sukarno = User {
            names: given,
            ..user(1)
        };
        write(store, |tx| tx.add_user(&sukarno));
        assert_eq!(read(store, |tx| tx.user(sukarno.id)), Some(sukarno.clone()));
        assert_eq!(
            read(store, |tx| tx.users_without(UserValue::GivenName, 9)).some,
            []
        );
        assert_eq!(
            read(store, |tx| tx.users_without(UserValue::FamilyName, 9))
                .some
                .as_slice(),
            std::slice::from_ref(&sukarno.email)
        );
        let teller = User {
            names: family,
            ..sukarno
        };
        assert_eq!(write(store, |tx| tx.edit_user(&teller)), EditOutcome::Done);
        assert_eq!(read(store, |tx| tx.user(teller.id)).unwrap().names, teller.names);
        write(store, |tx| {
            diesel::RunQueryDsl::execute(
                diesel::sql_query("UPDATE users SET family_name = NULL"),
                &mut tx.0,
            )?;
            Ok(())
        });
        let found = store.read(|tx| tx.user(teller.id));
        assert!(found.is_err(), "{found:?}");
    });
}

#[test]
fn only_users_deleted_long_enough_and_still_disabled_are_erased() {
    on_each_database(|store| {
        let of = |number, enabled, deleted_at| User {
            enabled,
            deleted_at,
            ..user(number)
        };
        let people = [
            of(1, false, Some(now())),
            of(2, false, Some(now() + minutes(1))),
            of(3, false, None),
            // Enabled again by an older version, which knows nothing of deletion.
            of(4, true, Some(now())),
        ];
        for person in &people {
            assert!(write(store, |tx| tx.add_user(person)), "{person:?}");
        }
        let due = read(store, |tx| tx.users_due_for_erasure(now(), 10));
        assert_eq!(due, [(people[0].id, people[0].email.clone())]);
        let erased: Vec<_> = people
            .iter()
            .map(|person| write(store, |tx| tx.erase_user(person.id, now())))
            .collect();
        assert_eq!(erased, [true, false, false, false]);
        assert!(!write(store, |tx| tx.erase_user(people[0].id, now())));
        let new = |number: u8, stable_id: &str| User {
            stable_id: StableId::parse(stable_id).unwrap(),
            email: user(1).email,
            user_name: user(1).user_name,
            ..user(number)
        };
        assert!(
            !write(store, |tx| tx.add_user(&new(5, "stable-1"))),
            "never again"
        );
        assert!(
            write(store, |tx| tx.add_user(&new(5, "stable-5"))),
            "the address is free"
        );
    });
}

#[test]
fn of_concurrent_edits_all_but_one_are_stale() {
    on_each_database(|store| {
        write(store, |tx| tx.add_user(&user(1)));
        let done = at_once(8, |_| {
            write(store, |tx| {
                tx.edit_user(&User {
                    enabled: false,
                    ..user(1)
                })
            })
        });
        assert_eq!(
            done.iter()
                .filter(|outcome| **outcome == EditOutcome::Done)
                .count(),
            1,
            "{done:?}"
        );
        assert_eq!(
            done.iter()
                .filter(|outcome| **outcome == EditOutcome::Stale)
                .count(),
            7,
            "{done:?}"
        );
        let after = read(store, |tx| tx.user(user(1).id)).unwrap();
        assert_eq!(
            after,
            User {
                enabled: false,
                version: 2,
                ..user(1)
            }
        );
    });
}

#[test]
fn an_edit_to_a_taken_email_is_refused_and_the_rest_of_the_transaction_goes_on() {
    on_each_database(|store| {
        write(store, |tx| tx.add_user(&user(1)));
        write(store, |tx| tx.add_user(&user(2)));
        write(store, |tx| {
            assert_eq!(
                tx.edit_user(&User {
                    email: user(2).email,
                    ..user(1)
                })?,
                EditOutcome::Taken
            );
            tx.add_user(&user(3))
        });
        assert_eq!(read(store, all_users), [user(1), user(2), user(3)]);
    });
}

#[test]
fn a_password_is_replaced() {
    on_each_database(|store| {
        write(store, |tx| tx.add_user(&user(1)));
        assert_eq!(read(store, |tx| tx.stored_password(user(1).id)), None);
        let password = |phc: &str, must_change| StoredPassword {
            phc: Secret::new(phc.to_owned()),
            must_change,
        };
        for (phc, must_change) in [("$argon2id$one", true), ("$argon2id$two", false)] {
            write(store, |tx| {
                tx.set_password_hash(user(1).id, &password(phc, must_change), now())
            });
            assert_eq!(
                read(store, |tx| tx.stored_password(user(1).id)),
                Some(password(phc, must_change))
            );
        }
    });
}

#[test]
fn a_corrupt_row_is_named_in_the_error() {
    on_each_database(|store| {
        write(store, |tx| tx.add_user(&user(1)));
        write(store, |tx| {
            diesel::RunQueryDsl::execute(
                diesel::sql_query("UPDATE users SET email = 'no address'"),
                &mut tx.0,
            )?;
            Ok(())
        });
        let error = store.read(|tx| tx.user(user(1).id)).unwrap_err();
        assert_eq!(error.to_string(), format!("users {} cannot be read", user(1).id));
    });
}

#[test]
fn a_device_is_known_until_it_expires() {
    on_each_database(|store| {
        write(store, |tx| tx.add_user(&user(1)));
        write(store, |tx| {
            tx.add_known_device(hash(1), user(1).id, now(), now() + minutes(1))
        });
        let owner = |at| read(store, |tx| tx.known_device_owner(hash(1), at));
        assert_eq!(owner(now()), Some(user(1).id));
        assert_eq!(owner(now() + minutes(1)), None);
        write(store, |tx| {
            tx.add_known_device(hash(1), user(1).id, now(), now() + minutes(5))
        });
        assert_eq!(owner(now() + minutes(1)), Some(user(1).id));
        assert_eq!(read(store, |tx| tx.known_device_owner(hash(2), now())), None);
    });
}

#[test]
fn an_installation_is_initialized_once_and_its_generation_counts_every_change() {
    on_each_database(|store| {
        assert_eq!(read(store, Tx::installation), None);
        assert_eq!(read(store, Tx::generation), 0);
        let founded = at_once(8, |number| {
            let base_url = format!("https://{number}.example");
            write(store, |tx| {
                tx.initialize_installation(&Installation {
                    base_url,
                    ..installation()
                })
            })
        });
        assert!(
            founded.iter().all(|stored| Some(stored) == founded.first()),
            "{founded:?}"
        );
        at_once(8, |number| {
            write(store, |tx| tx.set_base_url(&format!("https://{number}.example")));
        });
        assert_eq!(read(store, Tx::generation), 8);
        write(store, |tx| tx.set_base_url("https://new.example"));
        write(store, |tx| tx.set_entity_id(&EntityId::parse("urn:new").unwrap()));
        let after = read(store, Tx::installation).unwrap();
        assert_eq!(
            (after.base_url.as_str(), after.entity_id.as_str()),
            ("https://new.example", "urn:new")
        );
    });
}

#[test]
fn a_persistent_name_id_is_never_given_to_another_user() {
    on_each_database(|store| {
        let (app, other) = (application(1), application(2));
        let (mira, noor) = (user(1), user(2));
        write(store, |tx| {
            for application in [&app, &other] {
                assert!(tx.add_application(application)?, "{application:?}");
            }
            tx.add_persistent_name_id(app.id, mira.id, "first", now())?;
            tx.add_persistent_name_id(app.id, mira.id, "second", now())
        });
        let of = |application, person| read(store, |tx| tx.persistent_name_id(application, person));
        assert_eq!(of(app.id, mira.id).as_deref(), Some("first"), "the first stays");
        assert_eq!(of(app.id, noor.id), None);
        assert_eq!(of(other.id, mira.id), None);

        let set = |application, person, value| {
            write(store, |tx| {
                tx.set_persistent_name_id(application, person, value, now())
            })
        };
        assert!(!set(app.id, noor.id, "first"));
        assert!(set(app.id, mira.id, "brought along"));
        assert_eq!(of(app.id, mira.id).as_deref(), Some("brought along"));
        assert!(!set(app.id, noor.id, "first"), "it was another person's once");
        assert_eq!(of(app.id, noor.id), None);
        assert!(set(app.id, mira.id, "first"), "one's own comes back");
        assert_eq!(of(app.id, mira.id).as_deref(), Some("first"));
        assert!(
            set(other.id, noor.id, "first"),
            "another service provider is another matter"
        );
        let first = at_once(8, |number| {
            let made = format!("made-{number}");
            write(store, |tx| {
                tx.add_persistent_name_id(other.id, mira.id, &made, now())
            });
            of(other.id, mira.id).unwrap()
        });
        assert!(
            first.iter().all(|name_id| Some(name_id) == first.first()),
            "{first:?}"
        );
    });
}

#[test]
fn own_attributes_are_kept_in_their_order_and_replaced_whole() {
    on_each_database(|store| {
        let (first, second) = (user(1).id, user(2).id);
        let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_user(&user(2))?;
            tx.set_user_attribute(first, "team", &texts(&["red", "blue", "amber"]))?;
            tx.set_user_attribute(first, "cost centre", &texts(&["7"]))?;
            tx.set_user_attribute(second, "team", &texts(&["red"]))
        });
        let of_one = read(store, |tx| tx.user_attributes(first));
        assert_eq!(of_one["team"], ["red", "blue", "amber"]);
        assert_eq!(of_one.len(), 2);
        let all = read(store, |tx| tx.attributes_of_users(&[first, second]));
        assert_eq!((all.len(), &all[&first]), (2, &of_one));

        write(store, |tx| {
            tx.set_user_attribute(first, "team", &texts(&["green"]))
        });
        write(store, |tx| tx.set_user_attribute(second, "team", &[]));
        assert_eq!(read(store, |tx| tx.user_attributes(first))["team"], ["green"]);
        let left = read(store, |tx| tx.user_attributes(second));
        assert!(left.is_empty(), "{left:?}");
    });
}

#[test]
fn users_without_a_value_are_found_among_the_active() {
    on_each_database(|store| {
        let off = User {
            enabled: false,
            user_name: None,
            ..user(3)
        };
        let nameless = User {
            user_name: None,
            ..user(2)
        };
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_user(&nameless)?;
            tx.add_user(&off)?;
            tx.set_user_attribute(user(1).id, "team", &["red".to_owned()])
        });
        assert_eq!(
            read(store, |tx| tx.users_without(UserValue::Own("team"), 9)),
            UsersWithout {
                count: 1,
                some: vec![nameless.email.clone()]
            }
        );
        assert_eq!(
            read(store, |tx| tx.users_without(UserValue::Own("x"), 1)),
            UsersWithout {
                count: 2,
                some: vec![user(1).email]
            }
        );
        assert_eq!(
            read(store, |tx| tx.users_without(UserValue::UserName, 9))
                .some
                .as_slice(),
            std::slice::from_ref(&nameless.email)
        );
    });
}
