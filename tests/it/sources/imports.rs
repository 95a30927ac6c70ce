//! Aggregates: known, enabled, gone.

use chrono::TimeDelta;
use hallpass::{
    model::{application::EntityId, key::Certificate},
    provider::sources::{
        EnableRule, Enabled, ImportWish, Imports, Place, Refreshed, SourceUrl, Taken, Trouble,
    },
};

use super::{after, ask, house, instant, now_of, signed_in};
use crate::support::{
    house::{House, on_each_database},
    publisher::{Described, Publisher, aggregate},
    rows,
    sp::{TestSp, posted},
};

const AUTHORITY: &str = "https://registrar.example";

pub(super) fn described(number: usize) -> Described {
    Described {
        name: Some(format!("Service {number}")),
        authority: Some(AUTHORITY.to_owned()),
        ..Described::new(
            &format!("https://sp{number}.example.org/shibboleth"),
            &format!("https://sp{number}.example.org/acs"),
        )
    }
}

pub(super) fn until(house: &House, days: i64) -> String {
    let end = hallpass::clock::Clock::now(&house.clock) + TimeDelta::days(days);
    format!(" validUntil=\"{}\"", instant(end))
}

fn import(house: &House, place: Place<'_>, signed_by: Certificate, rule: EnableRule) -> Imports {
    let wish = ImportWish {
        name: None,
        place,
        signed_by: vec![signed_by],
        rule,
        longest_validity: Some(TimeDelta::days(35)),
        force: false,
    };
    house
        .provider
        .import_aggregate(wish, &mut |_progress| {})
        .unwrap()
}

pub(super) fn import_url(house: &House, publisher: &Publisher, signer: &TestSp, rule: EnableRule) -> Taken {
    let place = Place::Url(SourceUrl::parse(&publisher.url).unwrap());
    match import(house, place, signer.certificate(), rule) {
        Imports::Done { report, .. } => *report,
        Imports::Failed(trouble) => panic!("{trouble}"),
    }
}

pub(super) fn signer() -> TestSp {
    TestSp::new("urn:test:federation", "https://unused.example/")
}

pub(super) fn refreshed(house: &House, force: bool) -> Refreshed {
    let source = house.provider.sources().unwrap().remove(0).source;
    house
        .provider
        .refresh_source(&source, force, &mut |_| {})
        .unwrap()
}

#[test]
fn entities_of_an_aggregate_are_known_and_become_applications_one_by_one() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let sp = TestSp::new(
            "https://sp1.example.org/shibboleth",
            "https://sp1.example.org/acs",
        );
        let mut all: Vec<_> = (1..=3).map(described).collect();
        all[0].certificates.push(sp.certificate());
        let xml = aggregate(&all, &signer.key, &until(&house, 10));
        let done = import(
            &house,
            Place::Reader(&mut xml.as_bytes()),
            signer.certificate(),
            EnableRule::Nothing,
        );
        let Imports::Done { source, report } = done else {
            panic!("{done:?}");
        };
        assert_eq!(
            (report.listed, report.new, report.skipped),
            (3, 3, 0),
            "{report:?}"
        );
        assert!(source.url.is_none() && house.provider.applications().unwrap().is_empty());
        let mut browser = signed_in(&house);
        assert!(!browser.get("/").body.contains("Service 1"), "no tile");
        let refused = ask(&house, &mut browser, &sp, "_a");
        assert!(
            refused.status == 403 || refused.status == 400,
            "{} {}",
            refused.status,
            refused.body
        );
        assert!(
            refused.body.contains("APPLICATION-KNOWN")
                && refused.body.contains("hallpass app enable --known"),
            "{}",
            refused.body
        );
        let stranger = TestSp::new(
            "https://sp9.example.org/shibboleth",
            "https://sp9.example.org/acs",
        );
        assert!(
            ask(&house, &mut browser, &stranger, "_b")
                .body
                .contains("ISSUER-UNKNOWN")
        );
        let id = EntityId::parse(&sp.entity_id).unwrap();
        let lines = house.provider.known("SERVICE 1", 10).unwrap();
        assert_eq!(
            (
                lines.len(),
                lines[0].entity_id.as_str(),
                lines[0].authority.as_deref(),
                &lines[0].application
            ),
            (1, id.as_str(), Some(AUTHORITY), &None)
        );
        assert!(house.provider.known("%", 10).unwrap().is_empty(), "no pattern");
        assert_eq!(house.provider.known("", 2).unwrap().len(), 2);
        let enabled = house.provider.enable_known(&id, None, None).unwrap();
        let Enabled::Done(application) = enabled else {
            panic!("{enabled:?}");
        };
        assert_eq!(
            (application.slug.as_str(), application.name.as_str()),
            ("service-1", "Service 1")
        );
        assert_eq!(application.saml.certificates.len(), 1);
        posted(&ask(&house, &mut browser, &sp, "_c"));
        assert!(matches!(
            house.provider.enable_known(&id, None, None).unwrap(),
            Enabled::Already(_)
        ));
        let unknown = EntityId::parse("urn:nobody").unwrap();
        assert!(matches!(
            house.provider.enable_known(&unknown, None, None).unwrap(),
            Enabled::Unknown
        ));
        assert_eq!(
            house.provider.known("Service 1", 10).unwrap()[0]
                .application
                .as_deref(),
            Some("service-1")
        );
    });
}

#[test]
fn a_file_imported_anew_takes_the_place_of_the_one_before() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let sp = TestSp::new(
            "https://sp1.example.org/shibboleth",
            "https://sp1.example.org/acs",
        );
        let all: Vec<_> = (1..=3).map(described).collect();
        let name = hallpass::model::application::Slug::parse("federation").unwrap();
        let import = |xml: &str| {
            let wish = ImportWish {
                name: Some(name.clone()),
                place: Place::Reader(&mut xml.as_bytes()),
                signed_by: vec![signer.certificate()],
                rule: EnableRule::All,
                longest_validity: Some(TimeDelta::days(35)),
                force: false,
            };
            house.provider.import_aggregate(wish, &mut |_| {}).unwrap()
        };
        let first = import(&aggregate(&all, &signer.key, &until(&house, 5)));
        assert!(
            matches!(&first, Imports::Done { report, .. } if report.new == 3),
            "{first:?}"
        );
        let xml = aggregate(&all, &signer.key, &until(&house, 9));
        let Imports::Done { report, .. } = import(&xml) else {
            panic!("not taken again");
        };
        assert_eq!((report.listed, report.new, report.updated), (3, 0, 0));
        assert_eq!(house.provider.sources().unwrap().len(), 1);
        after(&house, TimeDelta::days(6));
        posted(&ask(&house, &mut signed_in(&house), &sp, "_a"));
        after(&house, TimeDelta::days(4));
        let refused = ask(&house, &mut signed_in(&house), &sp, "_b");
        assert!(refused.body.contains("METADATA-EXPIRED"));
        assert!(matches!(import(&xml), Imports::Failed(Trouble::Metadata(_))));
        assert_eq!(
            house.provider.sources().unwrap().len(),
            1,
            "it is not forgotten over that"
        );
    });
}

#[test]
fn an_aggregate_counts_only_with_the_signature_that_was_named() {
    on_each_database(|database| {
        let house = house(database);
        let (signer, other) = (signer(), signer());
        let all = [described(1)];
        let whole = aggregate(&all, &signer.key, &until(&house, 10));
        let unsigned = {
            let (front, rest) = whole.split_once("<ds:Signature").unwrap();
            format!("{front}{}", rest.split_once("</ds:Signature>").unwrap().1)
        };
        for (bad, certificate) in [
            (unsigned, signer.certificate()),
            (whole.clone(), other.certificate()),
            (
                whole.replace("sp1.example.org/acs", "sp1.evil.example/acs"),
                signer.certificate(),
            ),
            (
                whole.replace("</md:EntitiesDescriptor>", ""),
                signer.certificate(),
            ),
            (aggregate(&all, &signer.key, ""), signer.certificate()),
            (
                aggregate(&all, &signer.key, &until(&house, 60)),
                signer.certificate(),
            ),
            (
                aggregate(&all, &signer.key, &until(&house, -1)),
                signer.certificate(),
            ),
        ] {
            let done = import(
                &house,
                Place::Reader(&mut bad.as_bytes()),
                certificate,
                EnableRule::All,
            );
            assert!(matches!(done, Imports::Failed(_)), "{bad}");
        }
        assert!(
            house.provider.sources().unwrap().is_empty(),
            "nothing stays of it"
        );
        assert!(house.provider.known("", 10).unwrap().is_empty());
        assert!(house.provider.applications().unwrap().is_empty());
        let known = "SELECT count(*) AS n FROM known_entities";
        assert_eq!(rows::number(&house.settings, known), 0);
    });
}

#[test]
fn a_rule_enables_what_it_names() {
    on_each_database(|database| {
        for (rule, enabled) in [
            (EnableRule::All, 3),
            (EnableRule::host("example.org").unwrap(), 2),
            (EnableRule::authority(AUTHORITY).unwrap(), 2),
            (EnableRule::authority("https://nobody.example").unwrap(), 0),
        ] {
            let house = house(&crate::support::house::another(database));
            let signer = signer();
            let foreign = Described {
                authority: None,
                ..Described::new("https://sp.example.net/", "https://sp.example.net/acs")
            };
            // Two of one name become applications of two short names.
            let mut second = described(2);
            second.name = Some("Service 1".to_owned());
            let all = [described(1), second, foreign];
            let publisher = Publisher::start(&aggregate(&all, &signer.key, &until(&house, 10)));
            let report = import_url(&house, &publisher, &signer, rule.clone());
            assert_eq!(report.enabled.len(), enabled, "{rule:?}: {report:?}");
            assert_eq!(house.provider.applications().unwrap().len(), enabled);
            // What comes later is held to the same rule.
            let all = [all.as_slice(), &[described(4)]].concat();
            publisher.publish(&aggregate(&all, &signer.key, &until(&house, 10)));
            let Refreshed::Taken(report) = refreshed(&house, false) else {
                panic!("not taken");
            };
            assert_eq!((report.new, report.enabled.len()), (1, usize::from(enabled > 0)));
        }
    });
}

#[test]
fn applications_of_an_aggregate_follow_it() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let mut all: Vec<_> = (1..=3).map(described).collect();
        let publish = |all: &[Described]| aggregate(all, &signer.key, &until(&house, 10));
        let publisher = Publisher::start(&publish(&all));
        assert_eq!(
            import_url(&house, &publisher, &signer, EnableRule::All)
                .enabled
                .len(),
            3
        );
        let key = TestSp::new("x", "https://x.example/");
        all[0].certificates.push(key.certificate());
        all[1].acs = vec!["https://elsewhere.example/acs".to_owned()];
        let gone = all.remove(2);
        publisher.publish(&publish(&all));
        // By the timer, when it is due.
        after(&house, TimeDelta::hours(25));
        assert_eq!(house.provider.refresh_sources().unwrap(), 1);
        assert_eq!(now_of(&house, "service-1").saml.certificates.len(), 1);
        assert_eq!(
            now_of(&house, "service-2").saml.consumers[0].location.host(),
            "sp2.example.org"
        );
        let second = now_of(&house, "service-2").slug;
        assert!(house.provider.waiting_change(&second).unwrap().is_some());
        assert!(!now_of(&house, "service-3").enabled);
        let audited =
            "SELECT count(*) AS n FROM audit_events WHERE action = 'app.disable' AND outcome = 'gone'";
        assert_eq!(rows::number(&house.settings, audited), 1);
        assert!(house.provider.known("Service 3", 1).unwrap()[0].gone_at.is_some());
        let third = EntityId::parse(&gone.entity_id).unwrap();
        house
            .provider
            .remove_application(&now_of(&house, "service-3").slug)
            .unwrap();
        assert!(matches!(
            house.provider.enable_known(&third, None, None).unwrap(),
            Enabled::Unknown
        ));
        // Back, it is known again; who removed its application has said no, and the rule does not make another.
        all.push(gone);
        publisher.publish(&publish(&all));
        let Refreshed::Taken(report) = refreshed(&house, false) else {
            panic!("not taken");
        };
        assert_eq!((report.new, report.enabled.len()), (1, 0), "{report:?}");
        assert!(matches!(
            house.provider.enable_known(&third, None, None).unwrap(),
            Enabled::Done(_)
        ));
        // Gone and back while it is an application: off and on.
        let gone = all.remove(0);
        publisher.publish(&publish(&all));
        refreshed(&house, false);
        assert!(!now_of(&house, "service-1").enabled);
        all.push(gone);
        publisher.publish(&publish(&all));
        let Refreshed::Taken(report) = refreshed(&house, false) else {
            panic!("not taken");
        };
        assert_eq!(report.returned, ["service-1"]);
        assert!(now_of(&house, "service-1").enabled);
    });
}

#[test]
fn most_entities_do_not_go_at_once_unless_that_is_meant() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let all: Vec<_> = (1..=40).map(described).collect();
        let publish = |all: &[Described]| aggregate(all, &signer.key, &until(&house, 10));
        let publisher = Publisher::start(&publish(&all));
        let host = EnableRule::host("sp40.example.org").unwrap();
        assert_eq!(import_url(&house, &publisher, &signer, host).enabled.len(), 1);
        publisher.publish(&publish(&all[..2]));
        assert!(matches!(
            refreshed(&house, false),
            Refreshed::Failed(Trouble::TooManyGone {
                gone: 38,
                listed: 40,
                ..
            })
        ));
        assert!(now_of(&house, "service-40").enabled);
        let Refreshed::Taken(report) = refreshed(&house, true) else {
            panic!("not taken");
        };
        assert_eq!((report.gone, report.disabled.len()), (38, 1));
    });
}

#[test]
fn what_is_forgotten_leaves_its_applications() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let publisher = Publisher::start(&aggregate(&[described(1)], &signer.key, &until(&house, 10)));
        import_url(&house, &publisher, &signer, EnableRule::All);
        let name = house.provider.sources().unwrap()[0].source.called().to_owned();
        assert_eq!(name, "127-0-0-1");
        assert!(house.provider.forget_aggregate(&name).unwrap());
        assert!(!house.provider.forget_aggregate(&name).unwrap());
        let left = now_of(&house, "service-1");
        assert!(left.enabled && left.metadata_until.is_none());
        after(&house, TimeDelta::days(20));
        let sp = TestSp::new(
            "https://sp1.example.org/shibboleth",
            "https://sp1.example.org/acs",
        );
        posted(&ask(&house, &mut signed_in(&house), &sp, "_a"));
    });
}

#[test]
#[ignore = "a measurement: cargo test --test it --release ten_thousand -- --ignored --nocapture"]
fn ten_thousand_entities_are_made_known() {
    on_each_database(|database| {
        let house = house(database);
        let signer = signer();
        let all: Vec<_> = (1..=10_000)
            .map(|number| Described {
                certificates: vec![signer.certificate(), signer.certificate()],
                slo: Some(format!("https://sp{number}.example.org/slo")),
                ..described(number)
            })
            .collect();
        let xml = aggregate(&all, &signer.key, &until(&house, 10));
        let file = house.dir.path().join("aggregate.xml");
        std::fs::write(&file, &xml).unwrap();
        let length = xml.len();
        drop((xml, all));
        // The peak begins anew: what the test itself needed is no matter.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let resident = memory("VmRSS");
        let began = std::time::Instant::now();
        let done = import(
            &house,
            Place::Reader(&mut std::fs::File::open(&file).unwrap()),
            signer.certificate(),
            EnableRule::Nothing,
        );
        let (first, peak) = (began.elapsed(), memory("VmHWM"));
        assert!(
            matches!(&done, Imports::Done { report, .. } if report.new == 10_000),
            "{done:?}"
        );
        let sp = TestSp::new(
            "https://sp77.example.org/shibboleth",
            "https://sp77.example.org/acs",
        );
        let mut browser = signed_in(&house);
        let began = std::time::Instant::now();
        let page = ask(&house, &mut browser, &sp, "_a");
        assert!(page.body.contains("APPLICATION-KNOWN"));
        eprintln!(
            "{database:?}: {} MB in {first:?}, with {peak} kB at most where {resident} kB were there before; \
             a sign-on of one that is known is refused in {:?}",
            length / 1_000_000,
            began.elapsed()
        );
    });
}

/// A figure of this process in kB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
