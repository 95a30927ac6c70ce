//! One application whose metadata is fetched again from a URL.

use std::{process::Command, thread};

use chrono::TimeDelta;
use hallpass::{
    model::application::Slug,
    process::ProcessIdentity,
    provider::metadata_sources::{ChangeReviewOutcome, RefreshOutcome, SourceError},
};

use super::{
    advance, browser_signed_in, current_application, register_from_source, send_authn_request,
    server_with_ada, xs_date_time,
};
use crate::support::{
    assertions::{assert_contains, assert_empty, assert_matches},
    publisher::{Publisher, SpMetadata},
    sql,
    test_server::{Database, on_each_database},
    test_sp::{TestSp, posted_response},
};

const ENTITY: &str = "urn:test:followed";
const ACS: &str = "https://followed.example/acs";

fn sp_metadata(sp: &TestSp) -> SpMetadata {
    SpMetadata {
        certificates: vec![sp.certificate()],
        ..SpMetadata::new(ENTITY, ACS)
    }
}

fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

#[test]
fn an_application_is_updated_from_its_metadata() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let (sp, other) = (TestSp::new(ENTITY, ACS), TestSp::new(ENTITY, ACS));
        let publisher = Publisher::start(&sp_metadata(&sp).xml());
        let application = register_from_source(&server, &publisher);
        assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 0, "not yet");
        advance(&server, hours(25));
        // The same content in another spelling: nothing changes, and nothing is reported.
        publisher.publish(
            &sp_metadata(&sp)
                .xml()
                .replace("\"urn:test:followed\"", "\"urn:test:followed\" ID=\"_x\""),
        );
        let rows = sql::number(&server.settings, "SELECT count(*) AS n FROM audit_events");
        assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 1);
        assert_eq!(current_application(&server, "sp").version, application.version);
        assert_eq!(
            sql::number(&server.settings, "SELECT count(*) AS n FROM audit_events"),
            rows
        );
        let mut next = sp_metadata(&sp);
        next.certificates.push(other.certificate());
        next.acs.push("https://followed.example/second".to_owned());
        next.slo = Some("https://followed.example/slo".to_owned());
        publisher.publish_tagged(&next.xml(), "\"v2\"");
        advance(&server, hours(25));
        server.metadata_sources().refresh_sources().unwrap();
        let changed = current_application(&server, "sp");
        assert_eq!(
            (
                changed.saml().unwrap().signing_certificates.len(),
                changed.saml().unwrap().acs_endpoints.len(),
                changed.saml().unwrap().logout.is_some()
            ),
            (2, 2, true)
        );
        assert_eq!(changed.name, "SP");
        let details = "SELECT count(*) AS n FROM audit_events WHERE action = 'app.metadata' AND outcome = 'ok' \
                       AND detail LIKE '%+ ACS URL https://followed.example/second%'";
        assert_eq!(sql::number(&server.settings, details), 1);
        let mut browser = browser_signed_in(&server);
        let second = TestSp::new(ENTITY, "https://followed.example/second");
        let response = browser.get(&format!(
            "/saml/sso?{}",
            second.redirect_query(
                &second.authn_request(
                    "_s",
                    hallpass::clock::Clock::now(&server.clock),
                    "AssertionConsumerServiceURL=\"https://followed.example/second\"",
                    ""
                ),
                None,
                false
            )
        ));
        assert_eq!(posted_response(&response).1, "https://followed.example/second");
        // The server answers that it is unchanged.
        advance(&server, hours(25));
        let requests_before = publisher.request_count();
        server.metadata_sources().refresh_sources().unwrap();
        assert_eq!(
            (
                publisher.request_count(),
                current_application(&server, "sp").version
            ),
            (requests_before + 1, changed.version)
        );
        let (source, _) = server
            .metadata_sources()
            .source_of(application.id)
            .unwrap()
            .unwrap();
        assert_eq!(source.state.etag.as_deref(), Some("\"v2\""));
        assert_eq!(source.state.last_error, None);
        // The source is removed with its application.
        server
            .applications()
            .remove_application(&Slug::parse("sp").unwrap())
            .unwrap();
        assert_empty(&server.metadata_sources().sources(None, 100).unwrap());
    });
}

#[test]
fn while_fetching_fails_the_cached_metadata_stays_in_use() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let sp = TestSp::new(ENTITY, ACS);
        let publisher = Publisher::start(&sp_metadata(&sp).xml());
        let application = register_from_source(&server, &publisher);
        let state = || {
            server
                .metadata_sources()
                .source_of(application.id)
                .unwrap()
                .unwrap()
                .0
                .state
        };
        advance(&server, hours(25));
        let since = hallpass::clock::Clock::now(&server.clock);
        for (failures, (status, body)) in (1..).zip([
            (503, String::new()),
            (200, "<html>gone</html>".to_owned()),
            (200, sp_metadata(&sp).xml().replace(ACS, "javascript:alert(1)")),
            (200, "x".repeat(3 * 1024 * 1024)),
        ]) {
            publisher.publish(&body);
            publisher.fail(status);
            assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 1);
            let state = state();
            assert_eq!(
                (state.failures, state.failing_since),
                (failures, Some(since)),
                "{state:?}"
            );
            assert!(
                state.last_error.is_some() && state.next_fetch_at.is_some(),
                "{state:?}"
            );
            assert_eq!(current_application(&server, "sp").version, application.version);
            // A little early: the delay grows each time.
            assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 0);
            advance(&server, hours(1));
        }
        let failed =
            "SELECT count(*) AS n FROM audit_events WHERE action = 'metadata.source' AND outcome = 'failed'";
        assert_eq!(sql::number(&server.settings, failed), 1, "said once");
        posted_response(&send_authn_request(
            &server,
            &mut browser_signed_in(&server),
            &sp,
            "_r",
        ));
        publisher.publish(&sp_metadata(&sp).xml());
        assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 1);
        let state = state();
        assert_eq!(
            (state.failures, state.failing_since, state.last_error),
            (0, None, None)
        );
    });
}

#[test]
fn metadata_that_has_expired_is_not_used() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let sp = TestSp::new(ENTITY, ACS);
        let until = |hours: i64| {
            let end = hallpass::clock::Clock::now(&server.clock) + TimeDelta::hours(hours);
            SpMetadata {
                root_attributes: format!(" validUntil=\"{}\"", xs_date_time(end)),
                ..sp_metadata(&sp)
            }
            .xml()
        };
        let publisher = Publisher::start(&until(8));
        register_from_source(&server, &publisher);
        publisher.fail(404);
        advance(&server, hours(5));
        assert_eq!(
            server.metadata_sources().refresh_sources().unwrap(),
            1,
            "twice within its validity"
        );
        let mut browser = browser_signed_in(&server);
        posted_response(&send_authn_request(&server, &mut browser, &sp, "_a"));
        advance(&server, hours(4));
        let mut browser = browser_signed_in(&server);
        let refused = send_authn_request(&server, &mut browser, &sp, "_b");
        assert!(refused.body.contains("METADATA-EXPIRED"), "{}", refused.body);
        // Metadata that was never valid is not used either.
        publisher.publish(&until(-1));
        assert_eq!(server.metadata_sources().refresh_sources().unwrap(), 1);
        assert_contains(
            &send_authn_request(&server, &mut browser, &sp, "_c").body,
            "METADATA-EXPIRED",
        );
        publisher.publish(&until(8));
        advance(&server, hours(1));
        server.metadata_sources().refresh_sources().unwrap();
        posted_response(&send_authn_request(
            &server,
            &mut browser_signed_in(&server),
            &sp,
            "_d",
        ));
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "one flow, step after step")]
fn a_change_that_could_redirect_assertions_needs_confirmation() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let sp = TestSp::new(ENTITY, ACS);
        let publisher = Publisher::start(&sp_metadata(&sp).xml());
        let before = register_from_source(&server, &publisher);
        let slug = before.slug.clone();
        let mut moved = sp_metadata(&sp);
        moved.acs.insert(0, "https://elsewhere.example/acs".to_owned());
        publisher.publish(&moved.xml());
        advance(&server, hours(25));
        server.metadata_sources().refresh_sources().unwrap();
        assert_eq!(current_application(&server, "sp").saml(), before.saml());
        let waiting = server
            .metadata_sources()
            .proposed_change(&slug)
            .unwrap()
            .unwrap()
            .unwrap();
        assert_contains(&waiting.change.reason, "elsewhere.example");
        assert!(
            waiting
                .differences
                .contains(&"+ ACS URL https://elsewhere.example/acs".to_owned()),
            "{:?}",
            waiting.differences
        );
        let elsewhere = TestSp::new(ENTITY, "https://elsewhere.example/acs");
        let mut browser = browser_signed_in(&server);
        let request = elsewhere.authn_request(
            "_e",
            hallpass::clock::Clock::now(&server.clock),
            "AssertionConsumerServiceURL=\"https://elsewhere.example/acs\"",
            "",
        );
        let address = format!("/saml/sso?{}", elsewhere.redirect_query(&request, None, false));
        assert_contains(&browser.get(&address).body, "ACS-UNKNOWN");
        // A change other than the one that was shown is not confirmed.
        let shown = waiting.change.id.clone();
        // Digits of the hash name nothing: the publisher of the metadata chooses the hash. Part of an id names nothing
        // either.
        let hash = &waiting.change.sha256;
        assert!(!hash.starts_with(&shown), "random, and no part of a hash");
        for other in [
            hash.as_str(),
            &hash[..12],
            &hash[..16],
            &shown[..12],
            "deadbeef",
            "",
        ] {
            assert_matches!(
                server.metadata_sources().confirm_change(&slug, other).unwrap(),
                ChangeReviewOutcome::AnotherPending
            );
        }
        moved.acs.insert(0, "https://evil.example/acs".to_owned());
        publisher.publish(&moved.xml());
        advance(&server, hours(25));
        server.metadata_sources().refresh_sources().unwrap();
        assert_matches!(
            server.metadata_sources().confirm_change(&slug, &shown).unwrap(),
            ChangeReviewOutcome::AnotherPending
        );
        let evil = server
            .metadata_sources()
            .proposed_change(&slug)
            .unwrap()
            .unwrap()
            .unwrap()
            .change
            .id;
        assert_matches!(
            server.metadata_sources().reject_change(&slug, &evil).unwrap(),
            ChangeReviewOutcome::Rejected(_)
        );
        // A rejected change is not offered again.
        advance(&server, hours(25));
        server.metadata_sources().refresh_sources().unwrap();
        assert_matches!(server.metadata_sources().proposed_change(&slug).unwrap(), None);
        assert_eq!(current_application(&server, "sp").saml(), before.saml());
        moved.acs.remove(0);
        publisher.publish(&moved.xml());
        advance(&server, hours(25));
        server.metadata_sources().refresh_sources().unwrap();
        let waiting = server
            .metadata_sources()
            .proposed_change(&slug)
            .unwrap()
            .unwrap()
            .unwrap();
        assert_matches!(
            server
                .metadata_sources()
                .confirm_change(&slug, &waiting.change.id)
                .unwrap(),
            ChangeReviewOutcome::Applied(_)
        );
        assert_eq!(
            current_application(&server, "sp")
                .saml()
                .unwrap()
                .acs_endpoints
                .len(),
            2
        );
        let mut browser = browser_signed_in(&server);
        let request = elsewhere.authn_request(
            "_f",
            hallpass::clock::Clock::now(&server.clock),
            "AssertionConsumerServiceURL=\"https://elsewhere.example/acs\"",
            "",
        );
        let address = format!("/saml/sso?{}", elsewhere.redirect_query(&request, None, false));
        assert_eq!(
            posted_response(&browser.get(&address)).1,
            "https://elsewhere.example/acs"
        );
        assert_matches!(
            server
                .metadata_sources()
                .confirm_change(&slug, &waiting.change.id)
                .unwrap(),
            ChangeReviewOutcome::NothingPending
        );
    });
}

#[test]
fn a_signature_requirement_is_not_dropped_automatically() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let sp = TestSp::new(ENTITY, ACS);
        let signs = SpMetadata {
            authn_requests_signed: true,
            ..sp_metadata(&sp)
        };
        let publisher = Publisher::start(&signs.xml());
        let slug = register_from_source(&server, &publisher).slug;
        assert!(
            current_application(&server, "sp")
                .saml()
                .unwrap()
                .require_signed_requests
        );
        let without = SpMetadata {
            certificates: Vec::new(),
            ..signs.clone()
        };
        let unsigned = sp_metadata(&sp);
        let renamed = SpMetadata {
            entity_id: "urn:test:renamed".to_owned(),
            ..signs.clone()
        };
        for (weaker, why) in [
            (&unsigned, "signed"),
            (&without, "no certificate"),
            (&renamed, "urn:test:renamed"),
        ] {
            publisher.publish(&weaker.xml());
            advance(&server, hours(25));
            server.metadata_sources().refresh_sources().unwrap();
            let waiting = server
                .metadata_sources()
                .proposed_change(&slug)
                .unwrap()
                .unwrap()
                .unwrap();
            assert!(waiting.change.reason.contains(why), "{}", waiting.change.reason);
            let now = current_application(&server, "sp");
            assert!(now.saml().unwrap().require_signed_requests, "{now:?}");
            assert_eq!(now.saml().unwrap().signing_certificates.len(), 1);
            assert_eq!(now.saml().unwrap().entity_id.as_str(), ENTITY);
            // A change that was withdrawn no longer waits.
            publisher.publish(&signs.xml());
            advance(&server, hours(25));
            server.metadata_sources().refresh_sources().unwrap();
            assert_matches!(server.metadata_sources().proposed_change(&slug).unwrap(), None);
        }
        publisher.publish(&unsigned.xml());
        advance(&server, hours(25));
        server.metadata_sources().refresh_sources().unwrap();
        let id = server
            .metadata_sources()
            .proposed_change(&slug)
            .unwrap()
            .unwrap()
            .unwrap()
            .change
            .id;
        assert_matches!(
            server.metadata_sources().confirm_change(&slug, &id).unwrap(),
            ChangeReviewOutcome::Applied(_)
        );
        assert!(
            !current_application(&server, "sp")
                .saml()
                .unwrap()
                .require_signed_requests
        );
    });
}

#[test]
fn a_source_claimed_by_a_killed_process_is_released() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let sp = TestSp::new(ENTITY, ACS);
        let publisher = Publisher::start(&sp_metadata(&sp).xml());
        let application = register_from_source(&server, &publisher);
        let (source, _) = server
            .metadata_sources()
            .source_of(application.id)
            .unwrap()
            .unwrap();
        let refreshed = || {
            server
                .metadata_sources()
                .refresh_source(&source, false, &mut |_| {})
                .unwrap()
        };
        let mut killed = Command::new("sleep").arg("600").spawn().unwrap();
        let mut mark = ProcessIdentity::current().to_bytes();
        mark[4..].copy_from_slice(&killed.id().to_be_bytes());
        let lease: Vec<String> = mark
            .iter()
            .chain(&[7; 8])
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let literal = match database {
            Database::Sqlite => format!("x'{}'", lease.concat()),
            Database::Postgres(_) => format!("'\\x{}'", lease.concat()),
        };
        sql::execute(
            &server.settings,
            &format!("UPDATE metadata_sources SET lease = {literal}, leased_until = '2100-01-01 00:00:00'"),
        );
        assert!(
            matches!(refreshed(), RefreshOutcome::Failed(SourceError::Busy)),
            "it still runs"
        );
        killed.kill().unwrap();
        killed.wait().unwrap();
        let refreshed = refreshed();
        assert!(!matches!(refreshed, RefreshOutcome::Failed(_)), "{refreshed:?}");
    });
}

#[test]
fn only_one_replica_fetches_a_source() {
    on_each_database(|database| {
        let server = server_with_ada(database);
        let sp = TestSp::new(ENTITY, ACS);
        let publisher = Publisher::start(&sp_metadata(&sp).xml());
        register_from_source(&server, &publisher);
        let requests_before = publisher.request_count();
        advance(&server, hours(25));
        let fetched: usize = thread::scope(|scope| {
            let all: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| server.metadata_sources().refresh_sources().unwrap()))
                .collect();
            all.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((fetched, publisher.request_count() - requests_before), (1, 1));
    });
}
