//! Aggregates: imported entities, enabled ones, and delisted ones.

use chrono::TimeDelta;
use hallpass::{
    model::{application::EntityId, key::Certificate},
    provider::metadata_sources::{
        EnableOutcome, EnableRule, ImportOutcome, ImportRequest, MetadataInput, MetadataUrl, RefreshOutcome,
        SourceError, UpdateReport,
    },
};

use super::{
    advance, browser_signed_in, current_application, send_authn_request, server_with_ada, xs_date_time,
};
use crate::support::{
    assertions::{assert_contains, assert_empty, assert_matches},
    publisher::{Publisher, SpMetadata, aggregate},
    sql,
    test_server::{TestServer, on_each_database},
    test_sp::{TestSp, posted_response},
};

const AUTHORITY: &str = "https://registrar.example";

pub(super) fn sp_metadata(number: usize) -> SpMetadata {
    SpMetadata {
        name: Some(format!("Service {number}")),
        registration_authority: Some(AUTHORITY.to_owned()),
        ..SpMetadata::new(
            &format!("https://sp{number}.example.org/shibboleth"),
            &format!("https://sp{number}.example.org/acs"),
        )
    }
}

pub(super) fn valid_until(server: &TestServer, days: i64) -> String {
    let end = hallpass::clock::Clock::now(&server.clock) + TimeDelta::days(days);
    format!(" validUntil=\"{}\"", xs_date_time(end))
}

fn import(
    server: &TestServer,
    input: MetadataInput<'_>,
    signed_by: Certificate,
    rule: EnableRule,
) -> ImportOutcome {
    let request = ImportRequest {
        name: None,
        input,
        signed_by: vec![signed_by],
        rule,
        longest_validity: Some(TimeDelta::days(35)),
        force: false,
    };
    server
        .metadata_sources()
        .import_aggregate(request, &mut |_progress| {})
        .unwrap()
}

pub(super) fn import_url(
    server: &TestServer,
    publisher: &Publisher,
    signer: &TestSp,
    rule: EnableRule,
) -> UpdateReport {
    let input = MetadataInput::Url(MetadataUrl::parse(&publisher.url).unwrap());
    match import(server, input, signer.certificate(), rule) {
        ImportOutcome::Done { report, .. } => *report,
        ImportOutcome::Failed(trouble) => panic!("{trouble}"),
    }
}

pub(super) fn aggregate_signer() -> TestSp {
    TestSp::new("urn:test:federation", "https://unused.example/")
}

pub(super) fn refresh_source(server: &TestServer, force: bool) -> RefreshOutcome {
    let source = server
        .metadata_sources()
        .sources(None, 100)
        .unwrap()
        .remove(0)
        .source;
    server
        .metadata_sources()
        .refresh_source(&source, force, &mut |_| {})
        .unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one flow, step after step")]
fn entities_of_an_aggregate_are_imported_and_enabled_one_by_one() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let sp = TestSp::new(
            "https://sp1.example.org/shibboleth",
            "https://sp1.example.org/acs",
        );
        let mut all: Vec<_> = (1..=3).map(sp_metadata).collect();
        all[0].certificates.push(sp.certificate());
        let xml = aggregate(&all, &signer.key, &valid_until(&server, 10));
        let done = import(
            &server,
            MetadataInput::Reader(&mut xml.as_bytes()),
            signer.certificate(),
            EnableRule::Nothing,
        );
        let ImportOutcome::Done { source, report } = done else {
            panic!("{done:?}");
        };
        assert_eq!(
            (report.listed, report.new, report.skipped),
            (3, 3, 0),
            "{report:?}"
        );
        assert_matches!(source.url, None);
        assert_empty(&server.applications().all_applications().unwrap());
        let mut browser = browser_signed_in(&server);
        assert!(!browser.get("/").body.contains("Service 1"), "no tile");
        let refused = send_authn_request(&server, &mut browser, &sp, "_a");
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
        assert_contains(
            &send_authn_request(&server, &mut browser, &stranger, "_b").body,
            "ISSUER-UNKNOWN",
        );
        let id = EntityId::parse(&sp.entity_id).unwrap();
        let lines = server
            .metadata_sources()
            .imported_entities("SERVICE 1", 10)
            .unwrap();
        assert_eq!(
            (
                lines.len(),
                lines[0].entity_id.as_str(),
                lines[0].authority.as_deref(),
                &lines[0].application
            ),
            (1, id.as_str(), Some(AUTHORITY), &None)
        );
        assert!(
            server
                .metadata_sources()
                .imported_entities("%", 10)
                .unwrap()
                .is_empty(),
            "no pattern"
        );
        assert_eq!(
            server.metadata_sources().imported_entities("", 2).unwrap().len(),
            2
        );
        let enabled = server
            .metadata_sources()
            .enable_imported(&id, None, None)
            .unwrap();
        let EnableOutcome::Done(application) = enabled else {
            panic!("{enabled:?}");
        };
        assert_eq!(
            (application.slug.as_str(), application.name.as_str()),
            ("service-1", "Service 1")
        );
        assert_eq!(application.saml().unwrap().signing_certificates.len(), 1);
        posted_response(&send_authn_request(&server, &mut browser, &sp, "_c"));
        assert_matches!(
            server
                .metadata_sources()
                .enable_imported(&id, None, None)
                .unwrap(),
            EnableOutcome::AlreadyRegistered(_)
        );
        let unknown = EntityId::parse("urn:nobody").unwrap();
        assert_matches!(
            server
                .metadata_sources()
                .enable_imported(&unknown, None, None)
                .unwrap(),
            EnableOutcome::Unknown
        );
        assert_eq!(
            server
                .metadata_sources()
                .imported_entities("Service 1", 10)
                .unwrap()[0]
                .application
                .as_deref(),
            Some("service-1")
        );
    });
}

#[test]
fn a_file_imported_again_replaces_the_previous_one() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let sp = TestSp::new(
            "https://sp1.example.org/shibboleth",
            "https://sp1.example.org/acs",
        );
        let all: Vec<_> = (1..=3).map(sp_metadata).collect();
        let name = hallpass::model::application::Slug::parse("federation").unwrap();
        let import = |xml: &str| {
            let request = ImportRequest {
                name: Some(name.clone()),
                input: MetadataInput::Reader(&mut xml.as_bytes()),
                signed_by: vec![signer.certificate()],
                rule: EnableRule::All,
                longest_validity: Some(TimeDelta::days(35)),
                force: false,
            };
            server
                .metadata_sources()
                .import_aggregate(request, &mut |_| {})
                .unwrap()
        };
        let first = import(&aggregate(&all, &signer.key, &valid_until(&server, 5)));
        assert!(
            matches!(&first, ImportOutcome::Done { report, .. } if report.new == 3),
            "{first:?}"
        );
        let xml = aggregate(&all, &signer.key, &valid_until(&server, 9));
        let ImportOutcome::Done { report, .. } = import(&xml) else {
            panic!("not taken again");
        };
        assert_eq!((report.listed, report.new, report.updated), (3, 0, 0));
        assert_eq!(server.metadata_sources().sources(None, 100).unwrap().len(), 1);
        advance(&server, TimeDelta::days(6));
        posted_response(&send_authn_request(
            &server,
            &mut browser_signed_in(&server),
            &sp,
            "_a",
        ));
        advance(&server, TimeDelta::days(4));
        let refused = send_authn_request(&server, &mut browser_signed_in(&server), &sp, "_b");
        assert_contains(&refused.body, "METADATA-EXPIRED");
        assert_matches!(import(&xml), ImportOutcome::Failed(SourceError::Metadata(_)));
        assert_eq!(
            server.metadata_sources().sources(None, 100).unwrap().len(),
            1,
            "it is not forgotten over that"
        );
    });
}

#[test]
fn an_aggregate_is_accepted_only_with_the_configured_signature() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let (signer, other) = (aggregate_signer(), aggregate_signer());
        let all = [sp_metadata(1)];
        let whole = aggregate(&all, &signer.key, &valid_until(&server, 10));
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
                aggregate(&all, &signer.key, &valid_until(&server, 60)),
                signer.certificate(),
            ),
            (
                aggregate(&all, &signer.key, &valid_until(&server, -1)),
                signer.certificate(),
            ),
        ] {
            let done = import(
                &server,
                MetadataInput::Reader(&mut bad.as_bytes()),
                certificate,
                EnableRule::All,
            );
            assert!(matches!(done, ImportOutcome::Failed(_)), "{bad}");
        }
        // Nothing stays of it.
        assert_empty(&server.metadata_sources().sources(None, 100).unwrap());
        assert_empty(&server.metadata_sources().imported_entities("", 10).unwrap());
        assert_empty(&server.applications().all_applications().unwrap());
        let known = "SELECT count(*) AS n FROM known_entities";
        assert_eq!(sql::number(&server.settings, known), 0);
    });
}

#[test]
fn an_enable_rule_enables_what_it_names() {
    on_each_database(|database| {
        for (rule, enabled) in [
            (EnableRule::All, 3),
            (EnableRule::host("example.org").unwrap(), 2),
            (EnableRule::authority(AUTHORITY).unwrap(), 2),
            (EnableRule::authority("https://nobody.example").unwrap(), 0),
        ] {
            let server = server_with_ada(&crate::support::test_server::fresh_database_like(database));
            let signer = aggregate_signer();
            let foreign = SpMetadata {
                registration_authority: None,
                ..SpMetadata::new("https://sp.example.net/", "https://sp.example.net/acs")
            };
            // Two entities of one name become applications with two short names.
            let mut second = sp_metadata(2);
            second.name = Some("Service 1".to_owned());
            let all = [sp_metadata(1), second, foreign];
            let publisher = Publisher::start(&aggregate(&all, &signer.key, &valid_until(&server, 10)));
            let report = import_url(&server, &publisher, &signer, rule.clone());
            assert_eq!(report.enabled.len(), enabled, "{rule:?}: {report:?}");
            assert_eq!(server.applications().all_applications().unwrap().len(), enabled);
            // The same rule applies to entities that are added later.
            let all = [all.as_slice(), &[sp_metadata(4)]].concat();
            publisher.publish(&aggregate(&all, &signer.key, &valid_until(&server, 10)));
            let RefreshOutcome::Updated(report) = refresh_source(&server, false) else {
                panic!("not taken");
            };
            assert_eq!((report.new, report.enabled.len()), (1, usize::from(enabled > 0)));
        }
    });
}

#[test]
fn applications_of_an_aggregate_are_updated_from_it() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let mut all: Vec<_> = (1..=3).map(sp_metadata).collect();
        let publish = |all: &[SpMetadata]| aggregate(all, &signer.key, &valid_until(&server, 10));
        let publisher = Publisher::start(&publish(&all));
        assert_eq!(
            import_url(&server, &publisher, &signer, EnableRule::All)
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
        advance(&server, TimeDelta::hours(25));
        assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 1);
        assert_eq!(
            current_application(&server, "service-1")
                .saml()
                .unwrap()
                .signing_certificates
                .len(),
            1
        );
        assert_eq!(
            current_application(&server, "service-2")
                .saml()
                .unwrap()
                .acs_endpoints[0]
                .location
                .host(),
            "sp2.example.org"
        );
        let second = current_application(&server, "service-2").slug;
        assert_matches!(
            server.metadata_sources().proposed_change(&second).unwrap(),
            Some(_)
        );
        assert!(!current_application(&server, "service-3").enabled);
        let audited =
            "SELECT count(*) AS n FROM audit_events WHERE action = 'app.disable' AND outcome = 'gone'";
        assert_eq!(sql::number(&server.settings, audited), 1);
        let line = &server
            .metadata_sources()
            .imported_entities("Service 3", 1)
            .unwrap()[0];
        assert!(line.delisted_at.is_some(), "{line:?}");
        let third = EntityId::parse(&gone.entity_id).unwrap();
        server
            .applications()
            .remove_application(&current_application(&server, "service-3").slug)
            .unwrap();
        assert_matches!(
            server
                .metadata_sources()
                .enable_imported(&third, None, None)
                .unwrap(),
            EnableOutcome::Unknown
        );
        // When it returns, it can be enabled again; whoever removed its application decided against it, so the rule
        // does not enable it.
        all.push(gone);
        publisher.publish(&publish(&all));
        let RefreshOutcome::Updated(report) = refresh_source(&server, false) else {
            panic!("not taken");
        };
        assert_eq!((report.new, report.enabled.len()), (1, 0), "{report:?}");
        assert_matches!(
            server
                .metadata_sources()
                .enable_imported(&third, None, None)
                .unwrap(),
            EnableOutcome::Done(_)
        );
        // Delisted and listed again while it is an application: disabled and enabled again.
        let gone = all.remove(0);
        publisher.publish(&publish(&all));
        refresh_source(&server, false);
        assert!(!current_application(&server, "service-1").enabled);
        all.push(gone);
        publisher.publish(&publish(&all));
        let RefreshOutcome::Updated(report) = refresh_source(&server, false) else {
            panic!("not taken");
        };
        assert_eq!(report.re_enabled, ["service-1"]);
        assert!(current_application(&server, "service-1").enabled);
    });
}

#[test]
fn removing_most_entities_at_once_needs_force() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let all: Vec<_> = (1..=40).map(sp_metadata).collect();
        let publish = |all: &[SpMetadata]| aggregate(all, &signer.key, &valid_until(&server, 10));
        let publisher = Publisher::start(&publish(&all));
        let host = EnableRule::host("sp40.example.org").unwrap();
        assert_eq!(import_url(&server, &publisher, &signer, host).enabled.len(), 1);
        publisher.publish(&publish(&all[..2]));
        assert_matches!(
            refresh_source(&server, false),
            RefreshOutcome::Failed(SourceError::TooManyDelisted {
                delisted: 38,
                listed: 40,
                ..
            })
        );
        assert!(current_application(&server, "service-40").enabled);
        let RefreshOutcome::Updated(report) = refresh_source(&server, true) else {
            panic!("not taken");
        };
        assert_eq!((report.delisted, report.disabled.len()), (38, 1));
    });
}

#[test]
fn forgetting_a_source_keeps_its_applications() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let publisher = Publisher::start(&aggregate(
            &[sp_metadata(1)],
            &signer.key,
            &valid_until(&server, 10),
        ));
        import_url(&server, &publisher, &signer, EnableRule::All);
        let name = server.metadata_sources().sources(None, 100).unwrap()[0]
            .source
            .label()
            .to_owned();
        assert_eq!(name, "127-0-0-1");
        assert!(server.metadata_sources().remove_aggregate(&name).unwrap());
        assert!(!server.metadata_sources().remove_aggregate(&name).unwrap());
        let left = current_application(&server, "service-1");
        assert!(left.enabled, "{left:?}");
        assert_eq!(left.saml().unwrap().metadata_valid_until, None);
        advance(&server, TimeDelta::days(20));
        let sp = TestSp::new(
            "https://sp1.example.org/shibboleth",
            "https://sp1.example.org/acs",
        );
        posted_response(&send_authn_request(
            &server,
            &mut browser_signed_in(&server),
            &sp,
            "_a",
        ));
    });
}

#[test]
#[ignore = "a measurement: cargo test --test it --release ten_thousand -- --ignored --nocapture"]
fn ten_thousand_entities_are_imported() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let signer = aggregate_signer();
        let all: Vec<_> = (1..=10_000)
            .map(|number| SpMetadata {
                certificates: vec![signer.certificate(), signer.certificate()],
                slo: Some(format!("https://sp{number}.example.org/slo")),
                ..sp_metadata(number)
            })
            .collect();
        let xml = aggregate(&all, &signer.key, &valid_until(&server, 10));
        let file = server.dir.path().join("aggregate.xml");
        std::fs::write(&file, &xml).unwrap();
        let length = xml.len();
        drop((xml, all));
        // Resets the peak: what the test itself needed does not count.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let resident = process_memory_kb("VmRSS");
        let began = std::time::Instant::now();
        let done = import(
            &server,
            MetadataInput::Reader(&mut std::fs::File::open(&file).unwrap()),
            signer.certificate(),
            EnableRule::Nothing,
        );
        let (first, peak) = (began.elapsed(), process_memory_kb("VmHWM"));
        assert!(
            matches!(&done, ImportOutcome::Done { report, .. } if report.new == 10_000),
            "{done:?}"
        );
        let sp = TestSp::new(
            "https://sp77.example.org/shibboleth",
            "https://sp77.example.org/acs",
        );
        let mut browser = browser_signed_in(&server);
        let began = std::time::Instant::now();
        let page = send_authn_request(&server, &mut browser, &sp, "_a");
        assert_contains(&page.body, "APPLICATION-KNOWN");
        eprintln!(
            "{database:?}: {} MB in {first:?}, with {peak} kB at most where {resident} kB were there before; \
             a sign-on of one that is known is refused in {:?}",
            length / 1_000_000,
            began.elapsed()
        );
    });
}

/// A value of /proc/self/status in kB.
fn process_memory_kb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
