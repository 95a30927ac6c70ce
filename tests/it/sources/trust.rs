//! What a source may bring, and what it may not take back or over.

use chrono::TimeDelta;
use hallpass::{
    model::application::{EntityId, Slug},
    provider::sources::{EnableRule, Enabled, Refreshed, Trouble},
};

use super::{
    after, house,
    imports::{described, import_url, refreshed, signer, until},
    instant,
};
use crate::support::{
    house::{House, on_each_database},
    publisher::{Described, Publisher, aggregate},
    rows,
    sp::TestSp,
};

/// Puts what the publisher says of its publication first among what the aggregate holds.
fn published(entities: &[Described], key: &TestSp, house: &House, days: i64, ago: i64) -> String {
    let at = hallpass::clock::Clock::now(&house.clock) - TimeDelta::hours(ago);
    let info = format!(
        "<md:Extensions><mdrpi:PublicationInfo xmlns:mdrpi=\"urn:oasis:names:tc:SAML:metadata:rpi\" creationInstant=\"{}\" publisher=\"urn:test:publisher\"></mdrpi:PublicationInfo></md:Extensions>",
        instant(at)
    );
    crate::support::publisher::aggregate_with(&info, entities, &key.key, &until(house, days))
}

fn states(house: &House) -> Option<String> {
    house
        .provider
        .sources()
        .unwrap()
        .remove(0)
        .source
        .state
        .last_error
}

#[test]
fn an_older_copy_that_is_still_valid_is_not_taken() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let all = [described(1), described(2)];
        let left = [described(1)];
        let old = published(&all, &signer, &house, 20, 48);
        let new = published(&left, &signer, &house, 10, 1);
        let publisher = Publisher::start(&old);
        import_url(&house, &publisher, &signer, EnableRule::All);
        publisher.publish(&new);
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(_)));
        publisher.publish(&old);
        let Refreshed::Failed(trouble) = refreshed(&house, false) else {
            panic!("who left is back");
        };
        let words = trouble.to_string();
        assert!(
            words.contains("older") && words.contains("hallpass app source 127-0-0-1 --refresh --force"),
            "{words}"
        );
        assert!(
            states(&house).unwrap().contains("older"),
            "it is the source's state"
        );
        let second = house
            .provider
            .application(&Slug::parse("service-2").unwrap())
            .unwrap()
            .unwrap();
        assert!(!second.enabled, "who left is still out");
        // What is in force comes again, and is taken.
        publisher.publish(&new);
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(_)));
        assert_eq!(states(&house), None);
        // An administrator may know better.
        publisher.publish(&old);
        assert!(matches!(refreshed(&house, true), Refreshed::Taken(_)));
    });
}

#[test]
fn without_a_time_of_publication_what_was_replaced_or_ends_sooner_is_older() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let first = aggregate(&[described(1), described(2)], &signer.key, &until(&house, 10));
        let publisher = Publisher::start(&first);
        import_url(&house, &publisher, &signer, EnableRule::Nothing);
        let sooner = aggregate(&[described(1)], &signer.key, &until(&house, 9));
        publisher.publish(&sooner);
        assert!(matches!(
            refreshed(&house, false),
            Refreshed::Failed(Trouble::Older { .. })
        ));
        let second = aggregate(&[described(1)], &signer.key, &until(&house, 11));
        publisher.publish(&second);
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(_)));
        after(&house, TimeDelta::days(3));
        publisher.publish(&first);
        let again = refreshed(&house, false);
        assert!(
            matches!(again, Refreshed::Failed(Trouble::Older { .. })),
            "{again:?}"
        );
        // Some days later a shorter time is its publisher's choice.
        let third = aggregate(&[described(1)], &signer.key, &until(&house, 5));
        publisher.publish(&third);
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(_)));
    });
}

#[test]
fn what_an_administrator_removed_no_rule_brings_back() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let all = [described(1), described(2)];
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &until(&house, 10)));
        assert_eq!(
            import_url(&house, &publisher, &signer, EnableRule::All)
                .enabled
                .len(),
            2
        );
        let slug = Slug::parse("service-1").unwrap();
        house.provider.remove_application(&slug).unwrap();
        after(&house, TimeDelta::hours(25));
        publisher.publish(&aggregate(&all, &signer.key, &until(&house, 10)));
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(report) if report.enabled.is_empty()));
        // Neither by leaving and coming back, nor by another import.
        publisher.publish(&aggregate(&all[1..], &signer.key, &until(&house, 11)));
        refreshed(&house, false);
        publisher.publish(&aggregate(&all, &signer.key, &until(&house, 12)));
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(report) if report.enabled.is_empty()));
        assert!(house.provider.application(&slug).unwrap().is_none());
        let line = house.provider.known("Service 1", 5).unwrap().remove(0);
        assert!(line.declined_at.is_some() && line.application.is_none());
        // By an administrator it does.
        let id = EntityId::parse("https://sp1.example.org/shibboleth").unwrap();
        assert!(matches!(
            house.provider.enable_known(&id, None, None).unwrap(),
            Enabled::Done(_)
        ));
        assert!(
            house.provider.known("Service 1", 5).unwrap()[0]
                .declined_at
                .is_none()
        );
    });
}

#[test]
fn an_imported_entity_takes_no_name_that_is_not_its_own() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let draft = Slug::parse("payroll").unwrap();
        house.provider.add_draft("Payroll", Some(&draft)).unwrap();
        let named = |number: usize, name: &str| Described {
            name: Some(name.to_owned()),
            ..described(number)
        };
        let all = [
            named(1, "ChatGPT"),
            named(2, "Payroll"),
            named(3, "Wiki"),
            named(4, "Wiki"),
            named(5, "Wiki"),
        ];
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &until(&house, 10)));
        let slugs = import_url(&house, &publisher, &signer, EnableRule::All).enabled;
        assert_eq!(slugs.len(), 5, "{slugs:?}");
        for (slug, name) in slugs.iter().zip(["chatgpt", "payroll", "wiki", "wiki", "wiki"]) {
            assert!(slug.starts_with(name), "{slugs:?}");
        }
        for taken in ["chatgpt", "payroll"] {
            assert!(
                house
                    .provider
                    .application(&Slug::parse(taken).unwrap())
                    .unwrap()
                    .is_none()
            );
        }
        // The mark is random: no hash of what the entity chose.
        let hash = openssl::sha::sha256(b"https://sp4.example.org/shibboleth");
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!slugs.contains(&format!("wiki-{}", &hex[..7])), "{slugs:?}");
    });
}

#[test]
fn a_rule_by_host_counts_every_address_that_messages_go_to() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let abroad = Described {
            slo: Some("https://elsewhere.example/slo".to_owned()),
            ..described(1)
        };
        let at_home = Described {
            slo: Some("https://logout.example.org/slo".to_owned()),
            ..described(2)
        };
        let publisher = Publisher::start(&aggregate(&[abroad, at_home], &signer.key, &until(&house, 10)));
        let rule = EnableRule::host("example.org").unwrap();
        assert_eq!(
            import_url(&house, &publisher, &signer, rule).enabled,
            ["service-2"]
        );
    });
}

#[test]
fn one_bad_entity_is_skipped_and_named() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let long = Described::new(
            &format!("https://long.example/{}", "x".repeat(3000)),
            "https://long.example/acs",
        );
        let longest = Described::new(&format!("urn:{}", "ä".repeat(510)), "https://longest.example/acs");
        let all = [described(1), long, longest, described(2)];
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &until(&house, 10)));
        let report = import_url(&house, &publisher, &signer, EnableRule::All);
        assert_eq!((report.listed, report.skipped), (3, 1), "{report:?}");
        assert!(
            report.skipped_words[0].contains("https://long.example/xxx")
                && report.skipped_words[0].contains("longer than 1024 bytes"),
            "{:?}",
            report.skipped_words
        );
    });
}

#[test]
fn what_the_database_refuses_is_the_sources_state() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let publisher = Publisher::start(&aggregate(&[described(1)], &signer.key, &until(&house, 10)));
        import_url(&house, &publisher, &signer, EnableRule::Nothing);
        publisher.publish(&aggregate(
            &[described(1), described(2)],
            &signer.key,
            &until(&house, 11),
        ));
        rows::execute(
            &house.settings,
            "ALTER TABLE known_entities RENAME TO known_elsewhere",
        );
        assert!(matches!(
            refreshed_claimed(&house),
            Refreshed::Failed(Trouble::Ours(_))
        ));
        rows::execute(
            &house.settings,
            "ALTER TABLE known_elsewhere RENAME TO known_entities",
        );
        let state = house.provider.sources().unwrap().remove(0).source.state;
        assert_eq!(state.failures, 1);
        assert!(
            state.failing_since.is_some() && state.last_error.is_some(),
            "{state:?}"
        );
        assert!(matches!(refreshed(&house, false), Refreshed::Taken(_)));
        assert_eq!(states(&house), None);
    });
}

/// Refreshes without listing what is known: the table is away.
fn refreshed_claimed(house: &House) -> Refreshed {
    let source = house.provider.aggregate_source("127-0-0-1").unwrap().unwrap();
    house
        .provider
        .refresh_source(&source, false, &mut |_| {})
        .unwrap()
}
