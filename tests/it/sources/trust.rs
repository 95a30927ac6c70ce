//! What a source may add, and what it may not undo or take over.

use chrono::TimeDelta;
use hallpass::{
    api_model::remedy,
    model::{
        application::{EntityId, Slug},
        remedy::Remediable,
    },
    provider::metadata_sources::{EnableOutcome, EnableRule, RefreshOutcome, SourceError},
};

use super::{
    advance,
    imports::{aggregate_signer, import_url, refresh_source, sp_metadata, valid_until},
    server_with_ada, xs_date_time,
};
use crate::support::{
    assertions::assert_matches,
    publisher::{Publisher, SpMetadata, aggregate},
    sql,
    test_server::{TestServer, on_each_database},
    test_sp::TestSp,
};

/// Puts the publication information of the publisher first among the aggregate's contents.
fn aggregate_published_at(
    entities: &[SpMetadata],
    key: &TestSp,
    server: &TestServer,
    days: i64,
    ago: i64,
) -> String {
    let at = hallpass::clock::Clock::now(&server.clock) - TimeDelta::hours(ago);
    let info = format!(
        "<md:Extensions><mdrpi:PublicationInfo xmlns:mdrpi=\"urn:oasis:names:tc:SAML:metadata:rpi\" creationInstant=\"{}\" publisher=\"urn:test:publisher\"></mdrpi:PublicationInfo></md:Extensions>",
        xs_date_time(at)
    );
    crate::support::publisher::aggregate_with_extensions(
        &info,
        entities,
        &key.key,
        &valid_until(server, days),
    )
}

fn source_error(server: &TestServer) -> Option<String> {
    server
        .metadata_sources()
        .sources(None, 100)
        .unwrap()
        .remove(0)
        .source
        .state
        .last_error
}

#[test]
fn an_older_copy_that_is_still_valid_is_refused() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let all = [sp_metadata(1), sp_metadata(2)];
        let left = [sp_metadata(1)];
        let old = aggregate_published_at(&all, &signer, &server, 20, 48);
        let new = aggregate_published_at(&left, &signer, &server, 10, 1);
        let publisher = Publisher::start(&old);
        import_url(&server, &publisher, &signer, EnableRule::All);
        publisher.publish(&new);
        assert_matches!(refresh_source(&server, false), RefreshOutcome::Updated(_));
        publisher.publish(&old);
        let RefreshOutcome::Failed(trouble) = refresh_source(&server, false) else {
            panic!("who left is back");
        };
        let message = trouble.with_words(remedy::words);
        assert!(
            message.contains("older") && message.contains("hallpass app source 127-0-0-1 --refresh --force"),
            "{message}"
        );
        assert!(
            source_error(&server).unwrap().contains("older"),
            "it is the source's state"
        );
        let second = server
            .applications()
            .application(&Slug::parse("service-2").unwrap())
            .unwrap()
            .unwrap();
        assert!(!second.enabled, "who left is still out");
        // The copy that is in force comes again, and is accepted.
        publisher.publish(&new);
        assert_matches!(refresh_source(&server, false), RefreshOutcome::Updated(_));
        assert_eq!(source_error(&server), None);
        // An administrator may decide otherwise.
        publisher.publish(&old);
        assert_matches!(refresh_source(&server, true), RefreshOutcome::Updated(_));
    });
}

#[test]
fn without_a_creation_instant_a_replaced_or_sooner_expiring_copy_is_older() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let first = aggregate(
            &[sp_metadata(1), sp_metadata(2)],
            &signer.key,
            &valid_until(&server, 10),
        );
        let publisher = Publisher::start(&first);
        import_url(&server, &publisher, &signer, EnableRule::Nothing);
        let sooner = aggregate(&[sp_metadata(1)], &signer.key, &valid_until(&server, 9));
        publisher.publish(&sooner);
        assert_matches!(
            refresh_source(&server, false),
            RefreshOutcome::Failed(SourceError::OlderCopy { .. })
        );
        let second = aggregate(&[sp_metadata(1)], &signer.key, &valid_until(&server, 11));
        publisher.publish(&second);
        assert_matches!(refresh_source(&server, false), RefreshOutcome::Updated(_));
        advance(&server, TimeDelta::days(3));
        publisher.publish(&first);
        let again = refresh_source(&server, false);
        assert!(
            matches!(again, RefreshOutcome::Failed(SourceError::OlderCopy { .. })),
            "{again:?}"
        );
        // Some days later a shorter validity is its publisher's choice.
        let third = aggregate(&[sp_metadata(1)], &signer.key, &valid_until(&server, 5));
        publisher.publish(&third);
        assert_matches!(refresh_source(&server, false), RefreshOutcome::Updated(_));
    });
}

#[test]
fn no_rule_re_enables_what_an_administrator_removed() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let all = [sp_metadata(1), sp_metadata(2)];
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &valid_until(&server, 10)));
        assert_eq!(
            import_url(&server, &publisher, &signer, EnableRule::All)
                .enabled
                .len(),
            2
        );
        let slug = Slug::parse("service-1").unwrap();
        server.applications().remove_application(&slug).unwrap();
        advance(&server, TimeDelta::hours(25));
        publisher.publish(&aggregate(&all, &signer.key, &valid_until(&server, 10)));
        assert_matches!(
            refresh_source(&server, false),
            RefreshOutcome::Updated(report) if report.enabled.is_empty()
        );
        // Neither a return after a delisting nor another import enables it.
        publisher.publish(&aggregate(&all[1..], &signer.key, &valid_until(&server, 11)));
        refresh_source(&server, false);
        publisher.publish(&aggregate(&all, &signer.key, &valid_until(&server, 12)));
        assert_matches!(
            refresh_source(&server, false),
            RefreshOutcome::Updated(report) if report.enabled.is_empty()
        );
        assert_matches!(server.applications().application(&slug).unwrap(), None);
        let line = server
            .metadata_sources()
            .imported_entities("Service 1", 5)
            .unwrap()
            .remove(0);
        assert!(
            line.declined_at.is_some() && line.application.is_none(),
            "{line:?}"
        );
        // An administrator can enable it.
        let id = EntityId::parse("https://sp1.example.org/shibboleth").unwrap();
        assert_matches!(
            server
                .metadata_sources()
                .enable_imported(&id, None, None)
                .unwrap(),
            EnableOutcome::Done(_)
        );
        assert_eq!(
            server
                .metadata_sources()
                .imported_entities("Service 1", 5)
                .unwrap()[0]
                .declined_at,
            None
        );
    });
}

#[test]
fn an_imported_entity_cannot_take_the_name_of_another() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let draft = Slug::parse("payroll").unwrap();
        server.applications().add_draft("Payroll", Some(&draft)).unwrap();
        let named = |number: usize, name: &str| SpMetadata {
            name: Some(name.to_owned()),
            ..sp_metadata(number)
        };
        let all = [
            named(1, "ChatGPT"),
            named(2, "Payroll"),
            named(3, "Wiki"),
            named(4, "Wiki"),
            named(5, "Wiki"),
        ];
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &valid_until(&server, 10)));
        let slugs = import_url(&server, &publisher, &signer, EnableRule::All).enabled;
        assert_eq!(slugs.len(), 5, "{slugs:?}");
        for (slug, name) in slugs.iter().zip(["chatgpt", "payroll", "wiki", "wiki", "wiki"]) {
            assert!(slug.starts_with(name), "{slugs:?}");
        }
        for taken in ["chatgpt", "payroll"] {
            let slug = Slug::parse(taken).unwrap();
            assert_matches!(server.applications().application(&slug).unwrap(), None);
        }
        // The suffix is random: no hash of what the entity chose.
        let hash = openssl::sha::sha256(b"https://sp4.example.org/shibboleth");
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!slugs.contains(&format!("wiki-{}", &hex[..7])), "{slugs:?}");
    });
}

#[test]
fn a_host_rule_checks_every_endpoint_of_an_entity() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let abroad = SpMetadata {
            slo: Some("https://elsewhere.example/slo".to_owned()),
            ..sp_metadata(1)
        };
        let at_home = SpMetadata {
            slo: Some("https://logout.example.org/slo".to_owned()),
            ..sp_metadata(2)
        };
        let publisher = Publisher::start(&aggregate(
            &[abroad, at_home],
            &signer.key,
            &valid_until(&server, 10),
        ));
        let rule = EnableRule::host("example.org").unwrap();
        assert_eq!(
            import_url(&server, &publisher, &signer, rule).enabled,
            ["service-2"]
        );
    });
}

#[test]
fn one_bad_entity_is_skipped_and_named() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let long = SpMetadata::new(
            &format!("https://long.example/{}", "x".repeat(3000)),
            "https://long.example/acs",
        );
        let longest = SpMetadata::new(&format!("urn:{}", "ä".repeat(510)), "https://longest.example/acs");
        let all = [sp_metadata(1), long, longest, sp_metadata(2)];
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &valid_until(&server, 10)));
        let report = import_url(&server, &publisher, &signer, EnableRule::All);
        assert_eq!((report.listed, report.skipped), (3, 1), "{report:?}");
        assert!(
            report.skipped_reasons[0].contains("https://long.example/xxx")
                && report.skipped_reasons[0].contains("longer than 1024 bytes"),
            "{:?}",
            report.skipped_reasons
        );
    });
}

#[test]
fn a_database_error_is_reported_as_the_state_of_the_source() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let publisher = Publisher::start(&aggregate(
            &[sp_metadata(1)],
            &signer.key,
            &valid_until(&server, 10),
        ));
        import_url(&server, &publisher, &signer, EnableRule::Nothing);
        publisher.publish(&aggregate(
            &[sp_metadata(1), sp_metadata(2)],
            &signer.key,
            &valid_until(&server, 11),
        ));
        sql::execute(
            &server.settings,
            "ALTER TABLE known_entities RENAME TO known_elsewhere",
        );
        assert_matches!(
            refresh_without_listing(&server),
            RefreshOutcome::Failed(SourceError::Internal(_))
        );
        sql::execute(
            &server.settings,
            "ALTER TABLE known_elsewhere RENAME TO known_entities",
        );
        let state = server
            .metadata_sources()
            .sources(None, 100)
            .unwrap()
            .remove(0)
            .source
            .state;
        assert_eq!(state.failures, 1);
        assert!(
            state.failing_since.is_some() && state.last_error.is_some(),
            "{state:?}"
        );
        assert_matches!(refresh_source(&server, false), RefreshOutcome::Updated(_));
        assert_eq!(source_error(&server), None);
    });
}

/// Refreshes while the table of imported entities is missing.
fn refresh_without_listing(server: &TestServer) -> RefreshOutcome {
    let source = server
        .metadata_sources()
        .aggregate_source("127-0-0-1")
        .unwrap()
        .unwrap();
    server
        .metadata_sources()
        .refresh_source(&source, false, &mut |_| {})
        .unwrap()
}
