//! Applications and their child tables.

use super::*;
use crate::model::application::{
    AccessTokenFormat, ApplicationKind, Client, ClientId, ClientType, RefreshPolicy, SubjectType,
};
use crate::model::{keys_on::KeysOn, oidc_key::JwsAlgorithm};
use crate::store::connection::EditOutcome;

#[test]
fn an_application_reads_back_with_its_children_in_their_order() {
    on_each_database(|store| {
        assert!(!read(store, Tx::has_applications));
        for number in [2, 1] {
            assert!(
                write(store, |tx| tx.add_application(&application(number))),
                "{number}"
            );
        }
        assert!(!write(store, |tx| tx.add_application(&Application {
            slug: application(1).slug,
            ..application(3)
        })));
        assert!(read(store, Tx::has_applications));
        assert_eq!(
            read(store, |tx| tx.application(application(1).id)),
            Some(application(1))
        );
        assert_eq!(
            read(store, |tx| tx.application_by_slug(&application(2).slug)),
            Some(application(2))
        );
        assert_eq!(read(store, Tx::applications), [application(1), application(2)]);
        assert_eq!(
            write(store, |tx| tx.applications()),
            [application(1), application(2)]
        );
    });
}

#[test]
fn a_client_is_read_as_it_was_written() {
    on_each_database(|store| {
        write(store, |tx| tx.add_application(&application(1)));
        let client = Client {
            client_type: ClientType::Public,
            subject_type: SubjectType::Pairwise,
            id_token_algorithm: JwsAlgorithm::Es256,
            claims_in_id_token: false,
            access_token_format: AccessTokenFormat::Jwt,
            refresh: RefreshPolicy::Always,
            keys_on: Some(KeysOn::Email),
            ..Client::with_defaults(
                ClientId::parse("c1").unwrap(),
                vec![SpUrl::parse("http://127.0.0.1/cb").unwrap()],
            )
        };
        let mut application = Application {
            protocol: client.into(),
            ..application(2)
        };
        assert!(store.write_config(|tx| tx.add_application(&application)).unwrap());
        let read = |id| store.read(|tx| tx.application(id)).unwrap().unwrap();
        assert_eq!(read(application.id), application);
        let changed = application.oidc_mut().unwrap();
        changed.redirect_uris = vec![
            SpUrl::parse("https://rp.example/cb").unwrap(),
            SpUrl::parse("https://rp.example/cb2").unwrap(),
        ];
        changed.keys_on = None;
        changed.attributes = Vec::new().into();
        let edited = store
            .write_config(|tx| tx.edit_application(&application))
            .unwrap();
        assert_eq!(edited, EditOutcome::Done);
        application.version += 1;
        assert_eq!(read(application.id), application);
        assert_eq!(store.read(Tx::applications).unwrap().len(), 2);
    });
}

#[test]
fn two_applications_may_share_an_entity_id() {
    on_each_database(|store| {
        let mut second = application(2);
        second.saml_mut().unwrap().entity_id = application(1).entity_id().unwrap().clone();
        write(store, |tx| tx.add_application(&second));
        write(store, |tx| tx.add_application(&application(1)));
        write(store, |tx| tx.add_application(&application(3)));
        let mut found = read(store, Tx::applications);
        found.retain(|found_application| found_application.entity_id() == application(1).entity_id());
        assert_eq!(found, [application(1), second]);
    });
}

#[test]
fn an_edit_rewrites_the_children_and_a_second_one_is_stale() {
    on_each_database(|store| {
        write(store, |tx| tx.add_application(&application(1)));
        write(store, |tx| tx.add_application(&application(2)));
        let mut edited = Application {
            name: "Other".to_owned(),
            kind: ApplicationKind::Other,
            tile_url: None,
            ..application(1)
        };
        let saml = edited.saml_mut().unwrap();
        saml.acs_endpoints.remove(0);
        saml.signing_certificates.clear();
        saml.logout = None;
        assert_eq!(write(store, |tx| tx.edit_application(&edited)), EditOutcome::Done);
        assert_eq!(
            write(store, |tx| tx.edit_application(&application(1))),
            EditOutcome::Stale
        );
        edited.version = 2;
        assert_eq!(read(store, |tx| tx.application(edited.id)), Some(edited.clone()));
        let done = at_once(8, |_| write(store, |tx| tx.edit_application(&edited)));
        assert_eq!(
            done.iter()
                .filter(|outcome| **outcome == EditOutcome::Done)
                .count(),
            1,
            "{done:?}"
        );
        assert_eq!(
            read(store, |tx| tx.application(application(2).id)),
            Some(application(2))
        );
    });
}

#[test]
fn readers_see_an_application_whole_while_it_is_edited() {
    on_each_database(|store| {
        write(store, |tx| tx.add_application(&application(1)));
        at_once(4, |number| {
            for _ in 0..25 {
                if number == 0 {
                    let mut next = read(store, |tx| tx.application(application(1).id)).unwrap();
                    next.name = format!("Application {}", next.version);
                    let is_even = next.version % 2 == 0;
                    let saml = next.saml_mut().unwrap();
                    saml.acs_endpoints.truncate(1);
                    saml.acs_endpoints.resize(
                        1 + usize::from(is_even),
                        application(2).saml().unwrap().acs_endpoints[0].clone(),
                    );
                    assert_eq!(write(store, |tx| tx.edit_application(&next)), EditOutcome::Done);
                } else {
                    let seen = read(store, |tx| tx.application(application(1).id)).unwrap();
                    let wanted = if seen.version == 1 {
                        2
                    } else {
                        1 + usize::from(seen.version % 2 == 1)
                    };
                    assert_eq!(
                        seen.saml().unwrap().acs_endpoints.len(),
                        wanted,
                        "version {}",
                        seen.version
                    );
                }
            }
        });
    });
}

#[test]
fn the_children_of_an_application_are_removed_with_it() {
    on_each_database(|store| {
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_application(&application(1))?;
            tx.add_session(&session(1, user(1).id), hash(1))?;
            tx.save_participant(&participant(&session(1, user(1).id), application(1).id))
        });
        assert!(write(store, |tx| tx.remove_application(application(1).id)));
        assert!(!write(store, |tx| tx.remove_application(application(1).id)));
        assert_eq!(read(store, |tx| tx.participants(session(1, user(1).id).id)), []);
        assert!(write(store, |tx| tx.add_application(&application(1))));
    });
}
