//! Who is known to trust a key: by what they fetch, and by word of mouth.

use chrono::{TimeDelta, Utc};
use hallpass::{
    clock::Clock,
    model::application::Slug,
    provider::{
        Provider,
        rollover::{Confirmed, Follower, KEPT_AFTER, Known, PUBLISHED_FIRST},
        users::Changed,
    },
};

use super::{ask, done, roll, stopped};
use crate::support::{house::on_each_database, rows, scene::Scene};

const FOLLOWS: &str = "SELECT count(*) AS n FROM application_key_follow";
/// The address that an application was given.
pub(super) fn own(provider: &Provider, slug: &str) -> String {
    let url = provider.metadata_url_of(&Slug::parse(slug).unwrap()).unwrap();
    let target = url
        .unwrap()
        .strip_prefix("https://login.fernweh.example")
        .unwrap()
        .to_owned();
    let token = target.rsplit('/').next().unwrap();
    assert!(token.len() == 32 && target.starts_with(&format!("/saml/metadata/{slug}/")));
    target
}

fn wiki(scene: &Scene) -> Option<Known> {
    let rollover = scene.house.provider.rollover().unwrap();
    let found: Vec<Follower> = rollover
        .followers
        .into_iter()
        .filter(|one| one.slug == scene.wiki.slug)
        .collect();
    found[0].known.clone()
}

#[test]
fn a_fetch_from_its_own_address_tells_who_follows_and_nothing_else_does() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        let address = scene.house.address;
        let follows = || rows::number(&scene.house.settings, FOLLOWS);
        scene.house.provider.refresh().unwrap();
        let before = ask(address, "GET", own_address, &[])
            .header("etag")
            .unwrap()
            .to_owned();
        assert_eq!(follows(), 0, "there is nothing to learn yet");
        done(scene.house.provider.prepare_key(None).unwrap());
        scene.house.provider.refresh().unwrap();
        let tag = ask(address, "HEAD", own_address, &[])
            .header("etag")
            .unwrap()
            .to_owned();
        for (method, target, headers, status) in [
            ("HEAD", own_address, &[][..], 200),
            ("GET", "/saml/metadata", &[], 200),
            ("GET", own_address, &[("Sec-Fetch-Mode", "navigate")], 200),
            ("GET", own_address, &[("If-None-Match", "*")], 304),
            ("HEAD", own_address, &[("If-None-Match", &tag)], 304),
            ("GET", "/saml/metadata/", &[], 404),
            ("GET", "/saml/metadata/nobody", &[], 200),
            ("GET", "/saml/metadata/WIKI", &[], 404),
            ("GET", "/saml/metadata/wiki/x", &[], 404),
            ("GET", "/saml/metadata/..%2fwiki", &[], 404),
            ("GET", "/saml/metadata/%00", &[], 404),
            ("POST", own_address, &[], 405),
        ] {
            assert_eq!(
                ask(address, method, target, headers).status,
                status,
                "{method} {target}"
            );
            assert_eq!(follows(), 0, "{method} {target} {headers:?}");
        }
        assert_eq!(wiki(&scene), None);
        // A copy of before the step is answered with the new document.
        let agent = ("User-Agent", "Shibboleth/3.4");
        let fetched = ask(address, "GET", own_address, &[agent, ("If-None-Match", &before)]);
        assert_eq!((fetched.status, follows()), (200, 1));
        let known = wiki(&scene).unwrap();
        assert!(
            matches!(&known, Known::Fetched { at, address: Some(address), agent: Some(agent) }
                if *at == scene.now() && address.is_loopback() && agent == "Shibboleth/3.4"),
            "{known:?}"
        );
        scene.house.clock.advance(TimeDelta::minutes(1));
        for _ in 0..5 {
            assert_eq!(ask(address, "GET", own_address, &[]).status, 200);
        }
        assert_eq!(
            (follows(), wiki(&scene)),
            (1, Some(known)),
            "the first time is kept"
        );
    });
}

#[test]
fn whoever_holds_the_document_of_now_follows_without_being_sent_it() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        done(scene.house.provider.prepare_key(None).unwrap());
        scene.house.provider.refresh().unwrap();
        // Fetched from the common address, then asked for again at its own.
        let tag = ask(scene.house.address, "GET", "/saml/metadata", &[])
            .header("etag")
            .unwrap()
            .to_owned();
        let held = format!("\"other\", W/{tag}");
        let answer = ask(
            scene.house.address,
            "GET",
            own_address,
            &[("If-None-Match", &held)],
        );
        assert_eq!((answer.status, answer.bytes.len()), (304, 0));
        assert!(matches!(wiki(&scene), Some(Known::Fetched { agent: None, .. })));
    });
}

#[test]
fn what_a_fetcher_calls_itself_is_kept_short_and_plain() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        done(scene.house.provider.prepare_key(None).unwrap());
        scene.house.provider.refresh().unwrap();
        let long = "x".repeat(5000);
        assert_eq!(
            ask(scene.house.address, "GET", own_address, &[("User-Agent", &long)]).status,
            200
        );
        assert!(
            matches!(wiki(&scene), Some(Known::Fetched { agent: Some(agent), .. }) if agent.len() == 120)
        );
    });
}

#[test]
fn every_replica_notes_and_the_database_keeps_one() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        let replica = scene.house.replica();
        let next = done(scene.house.provider.prepare_key(None).unwrap());
        for provider in [&scene.house.provider, &replica.provider] {
            provider.refresh().unwrap();
        }
        std::thread::scope(|scope| {
            for n in 0..8 {
                let address = [scene.house.address, replica.address][n % 2];
                scope.spawn(move || assert_eq!(ask(address, "GET", own_address, &[]).status, 200));
            }
        });
        assert_eq!(rows::number(&scene.house.settings, FOLLOWS), 1);
        // Another key has to be learnt anew, also where the one before was noted.
        done(replica.provider.cancel_key().unwrap());
        assert_ne!(done(replica.provider.prepare_key(None).unwrap()), next);
        for provider in [&scene.house.provider, &replica.provider] {
            provider.refresh().unwrap();
        }
        assert_eq!(wiki(&scene), None);
        ask(scene.house.address, "GET", own_address, &[]);
        assert!(wiki(&scene).is_some());
        assert_eq!(rows::number(&scene.house.settings, FOLLOWS), 2);
    });
}

#[test]
fn applications_that_fetch_open_the_way_and_only_enabled_ones_bar_it() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        let (house, provider) = (&scene.house, &scene.house.provider);
        house.add_application("Off", "urn:test:off", "https://off.example/acs", |_| {});
        let off = hallpass::provider::applications::ApplicationEdit {
            enabled: Some(false),
            ..Default::default()
        };
        provider
            .edit_application(&Slug::parse("off").unwrap(), off)
            .unwrap()
            .unwrap();
        provider.add_draft("Later", None).unwrap();
        done(provider.prepare_key(None).unwrap());
        provider.refresh().unwrap();
        house.clock.advance(PUBLISHED_FIRST);
        assert!(
            stopped(provider.activate_key(false).unwrap())
                .to_string()
                .ends_with("missing: 1")
        );
        let names: Vec<_> = provider
            .rollover()
            .unwrap()
            .followers
            .iter()
            .map(|one| (one.slug.to_string(), one.enabled, one.kind.is_some()))
            .collect();
        assert_eq!(
            names,
            [
                ("off".to_owned(), false, true),
                ("wiki".to_owned(), true, true),
                ("later".to_owned(), false, false)
            ]
        );
        ask(house.address, "GET", own_address, &[]);
        done(provider.activate_key(false).unwrap());
    });
}

#[test]
fn an_application_that_came_with_the_new_key_does_not_hold_the_old_one_up() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        let provider = &scene.house.provider;
        let young = |scene: &Scene| {
            let rollover = scene.house.provider.rollover().unwrap();
            let found = rollover
                .followers
                .into_iter()
                .find(|one| one.slug.as_str() == "young");
            found.unwrap().known
        };
        done(provider.prepare_key(None).unwrap());
        scene.house.clock.advance(PUBLISHED_FIRST);
        done(provider.activate_key(true).unwrap());
        scene.house.clock.advance(TimeDelta::seconds(1));
        scene
            .house
            .add_application("Young", "urn:test:young", "https://young.example/acs", |_| {});
        assert_eq!(young(&scene), Some(Known::RegisteredWith));
        assert_eq!(provider.rollover().unwrap().missing().count(), 1);
        // A fetch after the step tells just as much as one before.
        provider.refresh().unwrap();
        ask(scene.house.address, "GET", own_address, &[]);
        scene.house.clock.advance(KEPT_AFTER);
        done(provider.retire_key(false).unwrap());
    });
}

#[test]
fn a_draft_has_an_address_and_what_is_known_of_it_becomes_its_applications() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let (house, provider) = (&scene.house, &scene.house.provider);
        let draft = |name: &str| match provider.add_draft(name, None).unwrap() {
            Changed::Done(draft) => draft,
            other @ (Changed::Same(_) | Changed::Taken | Changed::Unknown | Changed::Stale) => {
                panic!("{other:?}")
            }
        };
        assert_eq!(
            draft("Wiki").slug.as_str(),
            "wiki-2",
            "an application has that name"
        );
        let portal = draft("Portal");
        assert_eq!(
            provider.add_draft("Gate", Some(&portal.slug)).unwrap(),
            Changed::Taken
        );
        let portal_address = own(provider, "portal");
        assert_eq!(
            ask(house.address, "GET", &portal_address, &[]).status,
            200,
            "at once"
        );
        done(provider.prepare_key(None).unwrap());
        provider.refresh().unwrap();
        let fetched = ask(house.address, "GET", &portal_address, &[]);
        assert_eq!(
            fetched.body,
            ask(house.address, "GET", "/saml/metadata", &[]).body
        );
        house.add_application("Portal", "urn:test:portal", "https://portal.example/acs", |_| {});
        assert_eq!(provider.drafts().unwrap().len(), 1);
        let known = |slug: &str| {
            let found = provider.rollover().unwrap().followers;
            found.into_iter().find(|one| one.slug.as_str() == slug).unwrap()
        };
        assert!(known("portal").kind.is_some() && known("portal").known.is_some());
        assert_eq!(own(provider, "portal"), portal_address, "what was pasted stays");

        // A name that is free again remembers nobody.
        provider
            .remove_application(&Slug::parse("portal").unwrap())
            .unwrap();
        house.add_application("Portal", "urn:test:other", "https://portal.example/acs", |_| {});
        assert_eq!(known("portal").known, None);
        assert_ne!(own(provider, "portal"), portal_address);
        provider.refresh().unwrap();
        assert_eq!(ask(house.address, "GET", &portal_address, &[]).status, 200);
        assert_eq!(
            known("portal").known,
            None,
            "who was given the old address is somebody else"
        );
        assert_eq!(
            provider.remove_draft(&Slug::parse("wiki-2").unwrap()).unwrap(),
            Changed::Done(())
        );
        assert_eq!(
            provider.remove_draft(&Slug::parse("wiki-2").unwrap()).unwrap(),
            Changed::Unknown
        );
    });
}

#[test]
fn the_members_of_one_source_are_confirmed_together() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let (house, provider) = (&scene.house, &scene.house.provider);
        let other = house.add_application("Member", "urn:test:member", "https://member.example/acs", |_| {});
        let source = "01980000-0000-7000-8000-000000000001";
        rows::execute(
            &house.settings,
            &format!(
                "INSERT INTO metadata_sources (id, kind, name, rule, failures, round, created_at) \
                 VALUES ('{source}', 'aggregate', 'federation', 'nothing', 0, 0, '2026-01-01 00:00:00'); \
                 INSERT INTO application_sources (application_id, source_id, entity_id, applied, signs_requests) \
                 VALUES ('{}', '{source}', 'urn:test:member', 'x', false)",
                other.id
            ),
        );
        assert_eq!(
            provider.confirm_source("nobody").unwrap(),
            Confirmed::UnknownSource
        );
        assert_eq!(
            provider.confirm_source("federation").unwrap(),
            Confirmed::NoRollover
        );
        done(provider.prepare_key(None).unwrap());
        let confirm = || provider.confirm_source("federation").unwrap();
        assert_eq!(confirm(), Confirmed::Done { new: 1, known: 0 });
        assert_eq!(confirm(), Confirmed::Done { new: 0, known: 1 });
        let missing: Vec<_> = provider
            .rollover()
            .unwrap()
            .missing()
            .map(|one| one.slug.clone())
            .collect();
        assert_eq!(
            missing,
            std::slice::from_ref(&scene.wiki.slug),
            "who is no member is confirmed by itself"
        );
    });
}

#[test]
fn after_a_rollover_nobody_is_written_down() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let own_address = own(&scene.house.provider, "wiki");
        let own_address = own_address.as_str();
        roll(&scene, &scene.house.provider);
        scene.house.clock.advance(KEPT_AFTER);
        done(scene.house.provider.retire_key(false).unwrap());
        scene.house.provider.refresh().unwrap();
        assert_eq!(ask(scene.house.address, "GET", own_address, &[]).status, 200);
        assert_eq!(
            rows::number(&scene.house.settings, FOLLOWS),
            1,
            "the one that was confirmed"
        );
        assert!(scene.house.clock.now() > Utc::now());
    });
}
