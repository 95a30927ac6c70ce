//! A row that this version cannot read is set aside: everything else still works, and commands repair or remove it.

use hallpass::{
    model::{
        actor::Actor,
        application::{Binding, LogoutEndpoint, Slug, SpUrl},
        response_options::ContentCipher,
    },
    provider::{applications::ApplicationEdit, repair::Repaired},
    server,
};

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        sql,
        sso_setup::SsoSetup,
        test_server::{Database, TestServer, on_each_database},
    },
};

/// A change that the next version makes to an application, so that this version cannot read it.
struct Next {
    /// Changes the rows of one application; `$1` is its ID, `$2` an empty blob.
    sql: &'static str,
    /// Whether `hallpass app repair` can make the application readable again.
    is_repairable: bool,
    /// Whether only SQLite accepts the value: PostgreSQL checks the type of a column.
    sqlite_only: bool,
}

const fn next(sql: &'static str) -> Next {
    Next {
        sql,
        is_repairable: true,
        sqlite_only: false,
    }
}

const fn beyond(sql: &'static str) -> Next {
    Next {
        is_repairable: false,
        ..next(sql)
    }
}

const fn of_sqlite(sql: &'static str) -> Next {
    Next {
        sqlite_only: true,
        ..beyond(sql)
    }
}

const EACH: [Next; 21] = [
    next("UPDATE applications SET kind = 'next' WHERE id = $1"),
    next("UPDATE applications SET tile_url = 'next:tile' WHERE id = $1"),
    beyond("UPDATE applications SET slug = 'Of_The_Next' WHERE id = $1"),
    of_sqlite("UPDATE applications SET created_at = 'next' WHERE id = $1"),
    beyond("DELETE FROM saml_service_providers WHERE application_id = $1"),
    beyond("UPDATE saml_service_providers SET entity_id = 'of the next' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET audience = 'of the next' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET slo_location = 'next:slo' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET slo_response_location = 'next:slo' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET slo_binding = 'next' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET name_id_format = 'next' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET signs = 'next' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET signature_algorithm = 'next' WHERE application_id = $1"),
    next("UPDATE saml_service_providers SET encryption = 'next' WHERE application_id = $1"),
    beyond("UPDATE saml_consumers SET location = 'next:acs' WHERE application_id = $1"),
    next(
        "INSERT INTO saml_consumers (application_id, position, location, idx) VALUES ($1, 9, 'https://next.example/', 70000)",
    ),
    next(
        "INSERT INTO saml_certificates (application_id, position, der, sha256, subject, not_before, not_after, purpose) \
         VALUES ($1, 9, $2, 'ab', 'next', '2026-01-01 00:00:00', '2027-01-01 00:00:00', 'next')",
    ),
    next("UPDATE saml_attributes SET source = 'next' WHERE application_id = $1 AND position = 0"),
    next("UPDATE saml_attributes SET name_format = 'next' WHERE application_id = $1 AND position = 0"),
    of_sqlite(
        "INSERT INTO metadata_sources (id, kind, rule, failures, round, created_at, valid_until) VALUES \
         ($1, 'entity', 'nothing', 0, 0, '2026-01-01 00:00:00', 'next'); \
         INSERT INTO application_sources (application_id, source_id, entity_id, applied, signs_requests) VALUES \
         ($1, $1, 'urn:next', 'ab', 0)",
    ),
    of_sqlite(
        "INSERT INTO metadata_sources (id, kind, rule, failures, round, created_at) VALUES \
         ($1, 'entity', 'nothing', 0, 0, '2026-01-01 00:00:00'); \
         INSERT INTO application_sources (application_id, source_id, entity_id, applied, signs_requests, valid_until) \
         VALUES ($1, $1, 'urn:next', 'ab', 0, 'next')",
    ),
];

/// Writes as the next version does, which allows more values, and raises the generation.
fn as_the_next_version(server: &TestServer, sql: &str) {
    let before = if server.settings.sqlite_path().is_some() {
        "PRAGMA ignore_check_constraints = ON"
    } else {
        "ALTER TABLE applications DROP CONSTRAINT IF EXISTS applications_kind_check; \
         ALTER TABLE signing_keys DROP CONSTRAINT IF EXISTS signing_keys_state_check"
    };
    let raise = "UPDATE installation SET generation = generation + 1";
    sql::execute(&server.settings, &format!("{before}; {sql}; {raise}"));
}

fn add(server: &TestServer, number: usize) -> String {
    let url = |path: &str| SpUrl::parse(&format!("https://next-{number}.example/{path}")).unwrap();
    let application = server.add_application(
        &format!("Next {number}"),
        &format!("urn:test:next:{number}"),
        &format!("https://next-{number}.example/acs"),
        |new| {
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: url("slo"),
                response_location: Some(url("slo/done")),
            });
            new.tile_url = Some(url("tile"));
            new.saml.response_options.encryption = None::<ContentCipher>;
        },
    );
    application.id.to_string()
}

/// A user can still sign in to the application that is readable.
fn goes_on(setup: &SsoSetup, id: &str) {
    let answer = setup.signed_in_browser().get(&setup.sso_url(id));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("SAMLResponse"), "{}", answer.body);
}

#[test]
fn whatever_row_cannot_be_read_is_set_aside_and_can_be_repaired_or_removed() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (server, provider) = (&setup.server, &setup.server.provider);
        let is_sqlite = matches!(database, Database::Sqlite);
        let cases: Vec<&Next> = EACH
            .iter()
            .filter(|test_case| is_sqlite || !test_case.sqlite_only)
            .collect();
        let empty = if is_sqlite { "x''" } else { "''" };
        let mut ids = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            let id = add(server, number);
            let sql = case.sql.replace("$1", &format!("'{id}'")).replace("$2", empty);
            as_the_next_version(server, &sql);
            ids.push(id);
        }
        // Everything is read again, and then only what changed.
        goes_on(&setup, "_1");
        assert_eq!(
            provider.repair(&Actor::Itself).unreadable().unwrap().len(),
            cases.len()
        );
        let renamed = ApplicationEdit {
            name: Some("Wiki of all".to_owned()),
            ..ApplicationEdit::default()
        };
        provider
            .applications(&Actor::Itself)
            .edit_application(&setup.wiki.slug, renamed)
            .unwrap()
            .unwrap();
        goes_on(&setup, "_2");
        assert_eq!(
            provider.repair(&Actor::Itself).unreadable().unwrap().len(),
            cases.len()
        );
        let health = server.browser().get("/health/ready");
        assert_eq!(health.status, 200);
        assert!(
            health
                .body
                .contains(&format!("{} of the applications", cases.len())),
            "{}",
            health.body
        );
        // A start reads everything, too.
        drop(server.replica());

        let cli = Cli::new(&server.settings.data_dir, database);
        let listed = cli.json(&["app", "list", "--json"]);
        let listed = listed.as_array().unwrap();
        for (id, case) in ids.iter().zip(&cases) {
            let line = listed
                .iter()
                .find(|line| line["kind"] == "unreadable" && line["id"] == id.as_str())
                .unwrap_or_else(|| panic!("{}", case.sql));
            let handle = line["slug"].as_str().unwrap();
            assert_contains(&cli.expect_success(&["app", "list"]), handle);
            if Slug::parse(handle).is_ok() {
                for refused in [
                    &["app", "show", handle][..],
                    &["app", "enable", handle],
                    &["app", "edit", handle, "--name", "Other"],
                ] {
                    let message = cli.expect_failure(refused);
                    assert!(message.contains("hallpass app repair"), "{}: {message}", case.sql);
                }
            }
            if case.is_repairable {
                cli.expect_success(&["app", "repair", handle]);
                let shown = cli.json(&["app", "show", handle, "--json"]);
                assert_eq!(shown["enabled"], false, "{}", case.sql);
                assert_contains(
                    &cli.expect_success(&["app", "repair", handle]),
                    "nothing was changed",
                );
                cli.expect_success(&["app", "enable", handle]);
            } else {
                cli.expect_failure(&["app", "repair", handle]);
                cli.expect_success(&["app", "remove", handle]);
            }
        }
        assert_eq!(provider.repair(&Actor::Itself).unreadable().unwrap().len(), 0);
        let left = cases.iter().filter(|test_case| test_case.is_repairable).count();
        assert_eq!(
            provider
                .applications(&Actor::Itself)
                .all_applications()
                .unwrap()
                .len(),
            1 + left
        );
        assert_lacks(&server.browser().get("/health/ready").body, "of the applications");
        goes_on(&setup, "_3");
        assert_eq!(
            provider
                .repair(&Actor::Itself)
                .repair_application("no-such")
                .unwrap(),
            Repaired::Unknown
        );
    });
}

#[test]
fn a_draft_and_a_key_that_does_not_sign_are_set_aside() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (server, provider) = (&setup.server, &setup.server.provider);
        provider
            .applications(&Actor::Itself)
            .add_draft("Payroll", None)
            .unwrap();
        as_the_next_version(
            server,
            "INSERT INTO application_drafts (slug, name, created_at) VALUES ('Of_The_Next', 'Next', '2026-01-01 00:00:00'); \
             INSERT INTO signing_keys (id, state, sealed, certificate, created_at, since) \
             SELECT 'of-the-next', 'standby', sealed, certificate, created_at, since FROM signing_keys; \
             INSERT INTO signing_keys (id, state, sealed, certificate, created_at, since) \
             SELECT '019b7ca9-8d03-7101-8101-010101010101', 'retired', NULL, substr(certificate, 9), created_at, since \
             FROM signing_keys WHERE state = 'active'",
        );
        goes_on(&setup, "_1");
        assert_eq!(provider.repair(&Actor::Itself).unreadable().unwrap().len(), 3);
        assert_eq!(provider.applications(&Actor::Itself).drafts().unwrap().len(), 1);
        drop(server.replica());

        let cli = Cli::new(&server.settings.data_dir, database);
        cli.expect_success(&["key", "roll", "status"]);
        let all = cli.expect_success(&["app", "list"]);
        for handle in [
            "Of_The_Next",
            "of-the-next",
            "019b7ca9-8d03-7101-8101-010101010101",
        ] {
            assert!(all.contains(handle), "{all}");
        }
        cli.expect_success(&["app", "remove", "Of_The_Next"]);
        cli.expect_success(&["key", "remove", "of-the-next"]);
        cli.expect_success(&["key", "remove", "019b7ca9-8d03-7101-8101-010101010101"]);
        cli.expect_failure(&["key", "remove", "of-the-next"]);
        assert_eq!(provider.repair(&Actor::Itself).unreadable().unwrap().len(), 0);
        cli.expect_success(&["key", "roll", "prepare"]);
        goes_on(&setup, "_2");
    });
}

#[test]
fn without_the_key_that_signs_or_its_name_nothing_is_signed_and_it_says_what_to_do() {
    for sql in [
        "UPDATE signing_keys SET id = 'of-the-next' WHERE state = 'active'",
        "UPDATE installation SET entity_id = 'of the next'",
    ] {
        on_each_database(|database| {
            let setup = SsoSetup::new(database);
            let server = &setup.server;
            as_the_next_version(server, sql);
            assert!(server.provider.refresh_snapshot().is_err(), "{sql}");
            let health = server.browser().get("/health/ready");
            assert_eq!(health.status, 503, "{}", health.body);
            let answer = server.browser().get(&setup.sso_url("_1"));
            assert_eq!(answer.status, 500, "{}", answer.body);
            let refused = server::prepare(&server.settings).unwrap_err();
            let message = format!("{refused:#}");
            assert!(message.contains("Run the version that wrote it"), "{message}");
        });
    }
}
