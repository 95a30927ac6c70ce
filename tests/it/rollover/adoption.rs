//! Which applications are known to trust a key: by what they fetch, and by an administrator's confirmation.

use chrono::{TimeDelta, Utc};
use hallpass::{
    clock::Clock,
    model::{actor::Actor, application::Slug},
    provider::{
        Provider,
        keys::{
            AdoptionEvidence, AdoptionStatus, KeyAdoptionOutcome, MIN_PUBLISHED_AFTER_SIGNING,
            MIN_PUBLISHED_BEFORE_SIGNING,
        },
        people::users::ChangeOutcome,
    },
};

use super::{expect_done, expect_refused, request_with_headers, roll_over};
use crate::support::{
    assertions::{assert_ends_with, assert_matches, assert_starts_with},
    sql,
    sso_setup::SsoSetup,
    test_server::on_each_database,
};

const COUNT_ADOPTIONS: &str = "SELECT count(*) AS n FROM application_key_follow";
/// The metadata URL's path for an application.
pub(super) fn metadata_path(provider: &Provider, slug: &str) -> String {
    let url = provider.saml().metadata_url(&Slug::parse(slug).unwrap()).unwrap();
    let target = url
        .unwrap()
        .strip_prefix("https://login.fernweh.example")
        .unwrap()
        .to_owned();
    let token = target.rsplit('/').next().unwrap();
    assert_eq!(token.len(), 32, "{target}");
    assert_starts_with(&target, &format!("/saml/metadata/{slug}/"));
    target
}

fn wiki_adoption(setup: &SsoSetup) -> Option<AdoptionEvidence> {
    let rollover = setup.server.keys().rollover().unwrap();
    let found: Vec<AdoptionStatus> = rollover
        .adoptions
        .into_iter()
        .filter(|adoption| adoption.slug == setup.wiki.slug)
        .collect();
    found[0].evidence.clone()
}

#[test]
fn only_a_fetch_of_its_own_metadata_url_records_adoption() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        let address = setup.server.address;
        let follows = || sql::number(&setup.server.settings, COUNT_ADOPTIONS);
        setup.server.provider.refresh_snapshot().unwrap();
        let before = request_with_headers(address, "GET", metadata_path, &[])
            .header("etag")
            .unwrap()
            .to_owned();
        assert_eq!(follows(), 0, "there is nothing to learn yet");
        expect_done(setup.server.keys().prepare_key(None).unwrap());
        setup.server.provider.refresh_snapshot().unwrap();
        let tag = request_with_headers(address, "HEAD", metadata_path, &[])
            .header("etag")
            .unwrap()
            .to_owned();
        for (method, target, headers, status) in [
            ("HEAD", metadata_path, &[][..], 200),
            ("GET", "/saml/metadata", &[], 200),
            ("GET", metadata_path, &[("Sec-Fetch-Mode", "navigate")], 200),
            ("GET", metadata_path, &[("If-None-Match", "*")], 304),
            ("HEAD", metadata_path, &[("If-None-Match", &tag)], 304),
            ("GET", "/saml/metadata/", &[], 404),
            ("GET", "/saml/metadata/nobody", &[], 200),
            ("GET", "/saml/metadata/WIKI", &[], 404),
            ("GET", "/saml/metadata/wiki/x", &[], 404),
            ("GET", "/saml/metadata/..%2fwiki", &[], 404),
            ("GET", "/saml/metadata/%00", &[], 404),
            ("POST", metadata_path, &[], 405),
        ] {
            assert_eq!(
                request_with_headers(address, method, target, headers).status,
                status,
                "{method} {target}"
            );
            assert_eq!(follows(), 0, "{method} {target} {headers:?}");
        }
        assert_eq!(wiki_adoption(&setup), None);
        // A client with a cached copy from before the step receives the new document.
        let agent = ("User-Agent", "Shibboleth/3.4");
        let fetched = request_with_headers(
            address,
            "GET",
            metadata_path,
            &[agent, ("If-None-Match", &before)],
        );
        assert_eq!((fetched.status, follows()), (200, 1));
        let known = wiki_adoption(&setup).unwrap();
        assert!(
            matches!(&known, AdoptionEvidence::Fetched { at, address: Some(address), agent: Some(agent) }
                if *at == setup.now() && address.is_loopback() && agent == "Shibboleth/3.4"),
            "{known:?}"
        );
        setup.server.clock.advance(TimeDelta::minutes(1));
        for _ in 0..5 {
            assert_eq!(
                request_with_headers(address, "GET", metadata_path, &[]).status,
                200
            );
        }
        assert_eq!(
            (follows(), wiki_adoption(&setup)),
            (1, Some(known)),
            "the first time is kept"
        );
    });
}

#[test]
fn a_304_for_the_current_document_records_adoption() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        expect_done(setup.server.keys().prepare_key(None).unwrap());
        setup.server.provider.refresh_snapshot().unwrap();
        // Fetched from the common address, then requested again from its own.
        let tag = request_with_headers(setup.server.address, "GET", "/saml/metadata", &[])
            .header("etag")
            .unwrap()
            .to_owned();
        let held = format!("\"other\", W/{tag}");
        let answer = request_with_headers(
            setup.server.address,
            "GET",
            metadata_path,
            &[("If-None-Match", &held)],
        );
        assert_eq!((answer.status, answer.bytes.len()), (304, 0));
        assert_matches!(
            wiki_adoption(&setup),
            Some(AdoptionEvidence::Fetched { agent: None, .. })
        );
    });
}

#[test]
fn the_user_agent_is_truncated_and_sanitized() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        expect_done(setup.server.keys().prepare_key(None).unwrap());
        setup.server.provider.refresh_snapshot().unwrap();
        let long = "x".repeat(5000);
        assert_eq!(
            request_with_headers(
                setup.server.address,
                "GET",
                metadata_path,
                &[("User-Agent", &long)]
            )
            .status,
            200
        );
        assert_matches!(
            wiki_adoption(&setup),
            Some(AdoptionEvidence::Fetched { agent: Some(agent), .. }) if agent.len() == 120
        );
    });
}

#[test]
fn fetches_at_every_replica_are_recorded_once() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        let replica = setup.server.replica();
        let next = expect_done(setup.server.keys().prepare_key(None).unwrap());
        for provider in [&setup.server.provider, &replica.provider] {
            provider.refresh_snapshot().unwrap();
        }
        std::thread::scope(|scope| {
            for n in 0..8 {
                let address = [setup.server.address, replica.address][n % 2];
                scope.spawn(move || {
                    assert_eq!(
                        request_with_headers(address, "GET", metadata_path, &[]).status,
                        200
                    );
                });
            }
        });
        assert_eq!(sql::number(&setup.server.settings, COUNT_ADOPTIONS), 1);
        // Another key has to be adopted again, also where an earlier one was.
        expect_done(replica.provider.keys(&Actor::Itself).cancel_key().unwrap());
        assert_ne!(
            expect_done(replica.provider.keys(&Actor::Itself).prepare_key(None).unwrap()),
            next
        );
        for provider in [&setup.server.provider, &replica.provider] {
            provider.refresh_snapshot().unwrap();
        }
        assert_eq!(wiki_adoption(&setup), None);
        request_with_headers(setup.server.address, "GET", metadata_path, &[]);
        assert_matches!(wiki_adoption(&setup), Some(_));
        assert_eq!(sql::number(&setup.server.settings, COUNT_ADOPTIONS), 2);
    });
}

#[test]
fn only_enabled_applications_without_adoption_block_activation() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        let (server, provider) = (&setup.server, &setup.server.provider);
        server.add_application("Off", "urn:test:off", "https://off.example/acs", |_| {});
        let off = hallpass::provider::applications::ApplicationEdit {
            enabled: Some(false),
            ..Default::default()
        };
        provider
            .applications(&Actor::Itself)
            .edit_application(&Slug::parse("off").unwrap(), off)
            .unwrap()
            .unwrap();
        provider
            .applications(&Actor::Itself)
            .add_draft("Later", None)
            .unwrap();
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        provider.refresh_snapshot().unwrap();
        server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        assert_ends_with(
            &expect_refused(provider.keys(&Actor::Itself).activate_key(false).unwrap()).to_string(),
            "missing: 1",
        );
        let names: Vec<_> = provider
            .keys(&Actor::Itself)
            .rollover()
            .unwrap()
            .adoptions
            .iter()
            .map(|adoption| {
                (
                    adoption.slug.to_string(),
                    adoption.enabled,
                    adoption.kind.is_some(),
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("off".to_owned(), false, true),
                ("wiki".to_owned(), true, true),
                ("later".to_owned(), false, false)
            ]
        );
        request_with_headers(server.address, "GET", metadata_path, &[]);
        expect_done(provider.keys(&Actor::Itself).activate_key(false).unwrap());
    });
}

#[test]
fn an_application_registered_after_the_new_key_does_not_block_retirement() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        let provider = &setup.server.provider;
        let young = |setup: &SsoSetup| {
            let rollover = setup.server.keys().rollover().unwrap();
            let found = rollover
                .adoptions
                .into_iter()
                .find(|adoption| adoption.slug.as_str() == "young");
            found.unwrap().evidence
        };
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        expect_done(provider.keys(&Actor::Itself).activate_key(true).unwrap());
        setup.server.clock.advance(TimeDelta::seconds(1));
        setup
            .server
            .add_application("Young", "urn:test:young", "https://young.example/acs", |_| {});
        assert_eq!(young(&setup), Some(AdoptionEvidence::RegisteredWith));
        assert_eq!(
            provider
                .keys(&Actor::Itself)
                .rollover()
                .unwrap()
                .not_adopted()
                .count(),
            1
        );
        // A fetch after the step counts as much as one before.
        provider.refresh_snapshot().unwrap();
        request_with_headers(setup.server.address, "GET", metadata_path, &[]);
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(provider.keys(&Actor::Itself).retire_key(false).unwrap());
    });
}

#[test]
fn the_adoption_of_a_draft_moves_to_its_application() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (server, provider) = (&setup.server, &setup.server.provider);
        let draft = |name: &str| match provider
            .applications(&Actor::Itself)
            .add_draft(name, None)
            .unwrap()
        {
            ChangeOutcome::Done(draft) => draft,
            other @ (ChangeOutcome::Unchanged(_)
            | ChangeOutcome::Taken
            | ChangeOutcome::Unknown
            | ChangeOutcome::Stale) => {
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
            provider
                .applications(&Actor::Itself)
                .add_draft("Gate", Some(&portal.slug))
                .unwrap(),
            ChangeOutcome::Taken
        );
        let portal_address = metadata_path(provider, "portal");
        assert_eq!(
            request_with_headers(server.address, "GET", &portal_address, &[]).status,
            200,
            "at once"
        );
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        provider.refresh_snapshot().unwrap();
        let fetched = request_with_headers(server.address, "GET", &portal_address, &[]);
        assert_eq!(
            fetched.body,
            request_with_headers(server.address, "GET", "/saml/metadata", &[]).body
        );
        server.add_application("Portal", "urn:test:portal", "https://portal.example/acs", |_| {});
        assert_eq!(provider.applications(&Actor::Itself).drafts().unwrap().len(), 1);
        let known = |slug: &str| {
            let found = provider.keys(&Actor::Itself).rollover().unwrap().adoptions;
            found
                .into_iter()
                .find(|adoption| adoption.slug.as_str() == slug)
                .unwrap()
        };
        let portal = known("portal");
        assert!(portal.kind.is_some() && portal.evidence.is_some(), "{portal:?}");
        assert_eq!(
            metadata_path(provider, "portal"),
            portal_address,
            "what was pasted stays"
        );

        // A name that becomes free and is used again inherits nothing.
        provider
            .applications(&Actor::Itself)
            .remove_application(&Slug::parse("portal").unwrap())
            .unwrap();
        server.add_application("Portal", "urn:test:other", "https://portal.example/acs", |_| {});
        assert_eq!(known("portal").evidence, None);
        assert_ne!(metadata_path(provider, "portal"), portal_address);
        provider.refresh_snapshot().unwrap();
        assert_eq!(
            request_with_headers(server.address, "GET", &portal_address, &[]).status,
            200
        );
        assert_eq!(
            known("portal").evidence,
            None,
            "who was given the old address is somebody else"
        );
        assert_eq!(
            provider
                .applications(&Actor::Itself)
                .remove_draft(&Slug::parse("wiki-2").unwrap())
                .unwrap(),
            ChangeOutcome::Done(())
        );
        assert_eq!(
            provider
                .applications(&Actor::Itself)
                .remove_draft(&Slug::parse("wiki-2").unwrap())
                .unwrap(),
            ChangeOutcome::Unknown
        );
    });
}

#[test]
fn the_members_of_one_source_are_confirmed_together() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (server, provider) = (&setup.server, &setup.server.provider);
        let other = server.add_application("Member", "urn:test:member", "https://member.example/acs", |_| {});
        let source = "01980000-0000-7000-8000-000000000001";
        sql::execute(
            &server.settings,
            &format!(
                "INSERT INTO metadata_sources (id, kind, name, rule, failures, round, created_at) \
                 VALUES ('{source}', 'aggregate', 'federation', 'nothing', 0, 0, '2026-01-01 00:00:00'); \
                 INSERT INTO application_sources (application_id, source_id, entity_id, applied, signs_requests) \
                 VALUES ('{}', '{source}', 'urn:test:member', 'x', false)",
                other.id
            ),
        );
        assert_eq!(
            provider
                .keys(&Actor::Itself)
                .confirm_key_adoption_by_source("nobody")
                .unwrap(),
            KeyAdoptionOutcome::UnknownSource
        );
        assert_eq!(
            provider
                .keys(&Actor::Itself)
                .confirm_key_adoption_by_source("federation")
                .unwrap(),
            KeyAdoptionOutcome::NoRollover
        );
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        let confirm = || {
            provider
                .keys(&Actor::Itself)
                .confirm_key_adoption_by_source("federation")
                .unwrap()
        };
        assert_eq!(
            confirm(),
            KeyAdoptionOutcome::Done {
                new: 1,
                already_known: 0
            }
        );
        assert_eq!(
            confirm(),
            KeyAdoptionOutcome::Done {
                new: 0,
                already_known: 1
            }
        );
        let missing: Vec<_> = provider
            .keys(&Actor::Itself)
            .rollover()
            .unwrap()
            .not_adopted()
            .map(|adoption| adoption.slug.clone())
            .collect();
        assert_eq!(
            missing,
            std::slice::from_ref(&setup.wiki.slug),
            "who is no member is confirmed by itself"
        );
    });
}

#[test]
fn after_a_rollover_no_adoption_is_stored() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let metadata_path = metadata_path(&setup.server.provider, "wiki");
        let metadata_path = metadata_path.as_str();
        roll_over(&setup, &setup.server.provider);
        setup.server.clock.advance(MIN_PUBLISHED_AFTER_SIGNING);
        expect_done(setup.server.keys().retire_key(false).unwrap());
        setup.server.provider.refresh_snapshot().unwrap();
        assert_eq!(
            request_with_headers(setup.server.address, "GET", metadata_path, &[]).status,
            200
        );
        assert_eq!(
            sql::number(&setup.server.settings, COUNT_ADOPTIONS),
            1,
            "the one that was confirmed"
        );
        let now = setup.server.clock.now();
        assert!(now > Utc::now(), "{now}");
    });
}
