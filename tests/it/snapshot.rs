//! The cached snapshot: only what changed is read again, by one thread for all.

use hallpass::model::actor::Actor;
use std::{sync::Barrier, thread};

use hallpass::{provider::applications::ApplicationEdit, server};

use crate::support::{sql, sso_setup::SsoSetup, test_server::on_each_database};

fn named(name: &str) -> ApplicationEdit {
    ApplicationEdit {
        name: Some(name.to_owned()),
        ..ApplicationEdit::default()
    }
}

fn names(setup: &SsoSetup) -> Vec<String> {
    let all = setup.server.applications().all_applications().unwrap();
    all.iter().map(|application| application.name.clone()).collect()
}

#[test]
fn only_what_changed_is_read_again_unless_nobody_knows_what_that_is() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (server, slug) = (&setup.server, &setup.wiki.slug);
        server.add_application("Desk", "urn:test:desk", "https://desk.example/acs", |_| {});
        assert_eq!(names(&setup), ["Desk", "Wiki"]);
        // Raises no generation: only a replica that reads this row again sees the change.
        sql::execute(
            &server.settings,
            "UPDATE applications SET name = 'Silent' WHERE slug = 'desk'",
        );
        let beside = server::open(&server.settings).unwrap();
        for number in 0..3 {
            let name = format!("Wiki {number}");
            beside
                .applications(&Actor::Itself)
                .edit_application(slug, named(&name))
                .unwrap()
                .unwrap();
            assert_eq!(names(&setup), ["Desk", name.as_str()]);
        }
        beside
            .applications(&Actor::Itself)
            .remove_application(slug)
            .unwrap();
        assert_eq!(names(&setup), ["Desk"]);
        // As an older version raises the generation.
        sql::execute(
            &server.settings,
            "UPDATE installation SET generation = generation + 1",
        );
        assert_eq!(names(&setup), ["Silent"]);
        // An older copy of the database is restored.
        sql::execute(
            &server.settings,
            "UPDATE installation SET generation = 1; UPDATE applications SET name = 'Restored'",
        );
        assert_eq!(names(&setup), ["Restored"]);
    });
}

#[test]
fn of_many_that_need_a_new_generation_one_reads_it() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        provider.refresh_snapshot().unwrap();
        let beside = server::open(&setup.server.settings).unwrap();
        for number in 0..10 {
            let name = format!("Wiki {number}");
            let before = provider.snapshots_read();
            beside
                .applications(&Actor::Itself)
                .edit_application(&setup.wiki.slug, named(&name))
                .unwrap()
                .unwrap();
            let begun = Barrier::new(16);
            thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| {
                        begun.wait();
                        assert_eq!(names(&setup), [name.as_str()]);
                    });
                }
            });
            assert_eq!(provider.snapshots_read() - before, 1);
        }
    });
}
