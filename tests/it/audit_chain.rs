//! The hash chain over the audit log, and what `hallpass audit verify` says of it.

use std::thread;

use chrono::TimeDelta;
use hallpass::{
    model::{actor::Actor, audit_chain::ChainFaultKind, user::UserName},
    provider::{
        audit::verify::ChainReport,
        people::{deletion::DELETION_GRACE_PERIOD, user_edit::UserEdit},
    },
};
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        assertions::assert_contains,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, on_each_database},
    },
};

/// How many rows [`write_rows`] writes.
const ROWS: i64 = 1100;

/// Rows of one person who came from an address, written as if two replicas had.
fn write_rows(setup: &SsoSetup) {
    let now = setup.now();
    let rows: Vec<String> = (0..ROWS)
        .map(|n| {
            let at = now + TimeDelta::milliseconds(n);
            let millis = format!("{:012x}", at.timestamp_millis());
            format!(
                "('{}-{}-7000-8000-{n:012}', '{}', 'login', 'LOGIN-WRONG', 'words {n}', '{}', '192.0.2.{}', 1)",
                &millis[..8],
                &millis[8..],
                at.format("%Y-%m-%d %H:%M:%S%.3f"),
                setup.ada.id,
                n % 250
            )
        })
        .collect();
    sql::execute(
        &setup.server.settings,
        &format!(
            "INSERT INTO audit_events (id, at, action, outcome, detail, user_id, address, occurrences) VALUES {}",
            rows.join(", ")
        ),
    );
}

fn verify(setup: &SsoSetup) -> ChainReport {
    setup
        .server
        .provider
        .audit(&Actor::Itself)
        .verify_chain(None)
        .unwrap()
}

fn housekeeping_after(setup: &SsoSetup, time: TimeDelta) {
    setup.server.clock.advance(time);
    setup.server.provider.run_housekeeping().unwrap();
}

/// With several closed batches.
fn chained_setup(database: &Database) -> SsoSetup {
    let setup = SsoSetup::new(database);
    write_rows(&setup);
    housekeeping_after(&setup, TimeDelta::minutes(11));
    setup
}

fn fault(setup: &SsoSetup) -> (i64, ChainFaultKind) {
    let fault = verify(setup).fault.unwrap();
    (fault.number, fault.kind)
}

fn count(setup: &SsoSetup, of: &str) -> i64 {
    sql::number(&setup.server.settings, &format!("SELECT count(*) AS n FROM {of}"))
}

#[test]
fn committed_rows_are_numbered_and_their_batches_closed() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        write_rows(&setup);
        setup.server.provider.run_housekeeping().unwrap();
        let report = verify(&setup);
        assert_eq!(
            (report.batches, report.rows, report.unnumbered_rows),
            (2, 1000, 0)
        );
        let all = count(&setup, "audit_events WHERE NOT unproven");
        assert_eq!(i64::try_from(report.rows + report.open_rows).unwrap(), all);
        // A row that commits late, with an id before others that have their numbers.
        sql::execute(
            &setup.server.settings,
            "INSERT INTO audit_events (id, at, action, outcome, occurrences) \
             SELECT '00000000' || substr(min(id), 9), min(at), 'login', 'ok', 1 FROM audit_events",
        );
        housekeeping_after(&setup, TimeDelta::minutes(11));
        let report = verify(&setup);
        assert_eq!(
            (report.fault, report.open_rows, report.unnumbered_rows),
            (None, 0, 1)
        );
        housekeeping_after(&setup, TimeDelta::days(1));
        let report = verify(&setup);
        assert_eq!(
            (report.fault, report.open_rows, report.unnumbered_rows),
            (None, 0, 0)
        );
        assert_eq!(i64::try_from(report.rows).unwrap(), all + 1);
        let longest = "SELECT max(last_number - first_number + 1) AS n FROM audit_batches";
        assert_eq!(sql::number(&setup.server.settings, longest), 500);
    });
}

#[test]
fn replicas_that_number_at_the_same_time_give_each_number_once() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        write_rows(&setup);
        setup.server.clock.advance(TimeDelta::minutes(11));
        thread::scope(|scope| {
            for _replica in 0..4 {
                scope.spawn(|| setup.server.provider.run_housekeeping().unwrap());
            }
        });
        setup.server.provider.run_housekeeping().unwrap();
        let report = verify(&setup);
        assert_eq!(
            (report.fault, report.open_rows, report.unnumbered_rows),
            (None, 0, 0)
        );
        let all = count(&setup, "audit_events WHERE NOT unproven");
        let highest = "SELECT max(number) AS n FROM audit_numbers";
        assert_eq!(sql::number(&setup.server.settings, highest), all);
        assert_eq!(i64::try_from(report.rows).unwrap(), all);
    });
}

/// A change of the row with a number, and what takes it back.
fn row_changes(number: i64) -> Vec<(String, String)> {
    let id = format!("(SELECT event_id FROM audit_numbers WHERE number = {number})");
    let update = |set: &str| format!("UPDATE audit_events SET {set} WHERE id = {id}");
    let columns = [
        ("action", "action || '!'", "'login'"),
        ("outcome", "'ok'", "'LOGIN-WRONG'"),
        ("detail", "detail || '!'", "substr(detail, 1, length(detail) - 1)"),
        (
            "user_id",
            "user_id || '!'",
            "substr(user_id, 1, length(user_id) - 1)",
        ),
        ("application_id", "'x'", "NULL"),
        ("session_id", "'x'", "NULL"),
        (
            "address",
            "address || '1'",
            "substr(address, 1, length(address) - 1)",
        ),
        ("request_id", "'x'", "NULL"),
        ("occurrences", "2", "1"),
        ("actor", "'root'", "NULL"),
        ("changes", "'[]'", "NULL"),
        ("unproven", "true", "false"),
    ];
    columns
        .iter()
        .map(|(column, new, old)| {
            (
                update(&format!("{column} = {new}")),
                update(&format!("{column} = {old}")),
            )
        })
        .collect()
}

#[test]
fn whichever_row_is_changed_removed_or_swapped_is_named() {
    on_each_database(|database| {
        let setup = chained_setup(database);
        let settings = &setup.server.settings;
        assert_eq!(verify(&setup).fault, None);
        // The first rows are of the set-up. Steps that are prime to one another meet every place of a batch.
        let last = verify(&setup).end.number;
        for (step, number) in (10..last).step_by(271).enumerate() {
            let changes = row_changes(number);
            for (change, undo) in changes.iter().skip(step % 3).step_by(3) {
                sql::execute(settings, change);
                assert_eq!(fault(&setup), (number, ChainFaultKind::RowChanged), "{change}");
                sql::execute(settings, undo);
            }
            let row = format!(
                "audit_events WHERE id = (SELECT event_id FROM audit_numbers WHERE number = {number})"
            );
            sql::execute(
                settings,
                &format!("CREATE TABLE aside AS SELECT * FROM {row}; DELETE FROM {row}"),
            );
            assert_eq!(fault(&setup), (number, ChainFaultKind::RowMissing));
            sql::execute(
                settings,
                "INSERT INTO audit_events SELECT * FROM aside; DROP TABLE aside",
            );
            let other = number + 1;
            let swap = format!(
                "UPDATE audit_numbers SET number = -1 WHERE number = {number}; \
                 UPDATE audit_numbers SET number = {number} WHERE number = {other}; \
                 UPDATE audit_numbers SET number = {other} WHERE number = -1"
            );
            sql::execute(settings, &swap);
            assert_eq!(fault(&setup), (number, ChainFaultKind::RowChanged));
            sql::execute(settings, &swap);
            let gone = format!("audit_numbers WHERE number = {number}");
            sql::execute(
                settings,
                &format!("CREATE TABLE aside AS SELECT * FROM {gone}; DELETE FROM {gone}"),
            );
            assert_eq!(fault(&setup), (number, ChainFaultKind::NumberMissing));
            sql::execute(
                settings,
                "INSERT INTO audit_numbers SELECT * FROM aside; DROP TABLE aside",
            );
            assert_eq!(verify(&setup).fault, None);
        }
        sql::execute(settings, "DELETE FROM audit_batches WHERE first_number = 501");
        assert_eq!(fault(&setup), (1001, ChainFaultKind::BatchDoesNotFollow));
    });
}

#[test]
fn rows_that_go_before_their_batch_is_closed_are_named() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.provider.run_housekeeping().unwrap();
        assert_eq!(verify(&setup).rows, 0, "nothing is old enough");
        sql::execute(
            &setup.server.settings,
            "DELETE FROM audit_events WHERE id = (SELECT event_id FROM audit_numbers WHERE number = 1); \
             DELETE FROM audit_numbers WHERE number = 2",
        );
        housekeeping_after(&setup, TimeDelta::minutes(11));
        assert_eq!(fault(&setup), (1, ChainFaultKind::RowMissing));
    });
}

#[test]
fn after_a_person_is_erased_their_rows_still_fit() {
    on_each_database(|database| {
        let setup = chained_setup(database);
        let settings = &setup.server.settings;
        let edit = UserEdit {
            user_name: Some(Some(UserName::parse("quittengelee").unwrap())),
            ..UserEdit::default()
        };
        let people = setup.server.provider.people(&Actor::Itself);
        people.edit_user(&setup.ada.email, &edit).unwrap().unwrap();
        let before = count(&setup, "audit_events");
        people.delete_user(&setup.ada.email).unwrap();
        housekeeping_after(&setup, DELETION_GRACE_PERIOD);
        let of_ada = format!("audit_events WHERE user_id = '{}'", setup.ada.id);
        assert!(count(&setup, &of_ada) > ROWS, "the rows stay");
        assert_eq!(
            count(
                &setup,
                &format!("{of_ada} AND (detail IS NOT NULL OR changes IS NOT NULL OR address IS NOT NULL)")
            ),
            0
        );
        assert!(count(&setup, "audit_events") > before);
        assert!(count(&setup, "audit_numbers WHERE personal_hash IS NOT NULL") >= ROWS);
        housekeeping_after(&setup, TimeDelta::minutes(11));
        let report = verify(&setup);
        assert_eq!((report.fault, report.open_rows), (None, 0));
        let number = "SELECT max(number) AS n FROM audit_numbers WHERE personal_hash IS NOT NULL";
        let number = sql::number(settings, number);
        sql::execute(
            settings,
            &format!(
                "UPDATE audit_events SET detail = 'other words' WHERE id = \
                 (SELECT event_id FROM audit_numbers WHERE number = {number})"
            ),
        );
        assert_eq!(fault(&setup), (number, ChainFaultKind::RowFilledAgain));
    });
}

#[test]
fn retention_removes_whole_batches_and_keeps_an_anchor() {
    on_each_database(|database| {
        let setup = chained_setup(database);
        let first = verify(&setup);
        // Rows are kept for 400 days by default.
        housekeeping_after(&setup, TimeDelta::days(399));
        assert_eq!(verify(&setup).anchor.number, 0);
        housekeeping_after(&setup, TimeDelta::days(2));
        let report = verify(&setup);
        assert_eq!(
            (report.fault.clone(), report.anchor, report.rows),
            (None, first.end, 0)
        );
        assert_eq!(count(&setup, "audit_batches"), 0);
        assert_eq!(
            count(&setup, "audit_numbers"),
            i64::try_from(report.open_rows).unwrap()
        );
        setup.signed_in_browser();
        housekeeping_after(&setup, TimeDelta::minutes(11));
        let report = verify(&setup);
        assert_eq!(report.fault, None);
        assert!(report.rows > 0, "{report:?}");
        let digest = setup
            .server
            .provider
            .audit(&Actor::Itself)
            .verify_chain(Some(&first.end.digest))
            .unwrap();
        assert_eq!(digest.is_expected_found, Some(true), "the anchor");
    });
}

#[test]
fn the_command_names_what_does_not_fit_and_finds_a_digest_again() {
    on_each_database(|database| {
        let setup = chained_setup(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let output = cli.expect_success(&["audit", "verify"]);
        assert_contains(&output, "closed batches fit");
        let digest = output.trim().rsplit(' ').next().unwrap().to_owned();
        setup.signed_in_browser();
        assert_contains(
            &cli.expect_success(&["audit", "verify", "--expect", &digest]),
            "newer rows yet",
        );
        housekeeping_after(&setup, TimeDelta::minutes(11));
        let report = cli.json(&["audit", "verify", "--json", "--expect", &digest]);
        assert_eq!(
            (&report["fits"], &report["expected_found"]),
            (&Value::Bool(true), &Value::Bool(true))
        );
        assert_ne!(report["last"]["digest"], digest);
        assert_contains(
            &cli.expect_failure(&["audit", "verify", "--expect", &"0a".repeat(32)]),
            "not in the chain",
        );
        assert_contains(
            &cli.expect_failure(&["audit", "verify", "--expect", "a7"]),
            "64 hex digits",
        );
        sql::execute(
            &setup.server.settings,
            "UPDATE audit_events SET outcome = 'ok' WHERE id = (SELECT event_id FROM audit_numbers WHERE number = 600)",
        );
        assert_contains(&cli.expect_failure(&["audit", "verify"]), "row 600 (");
    });
}

#[test]
fn rows_are_exported_one_a_line_and_the_size_is_told() {
    on_each_database(|database| {
        let setup = chained_setup(database);
        setup.signed_in_browser();
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let export = |arguments: &[&str]| -> Vec<Value> {
            let output = cli.expect_success(&[&["audit", "export"], arguments].concat());
            output
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        let all = export(&[]);
        assert_eq!(
            i64::try_from(all.len()).unwrap(),
            count(&setup, "audit_events"),
            "pages neither repeat nor leave out a row"
        );
        let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
        assert!(all.is_sorted_by(|a, b| id(a) < id(b)), "oldest first");
        let of_ada = export(&["--user", ADA, "--action", "login", "--outcome", "ok"]);
        assert_eq!(of_ada.len(), 1, "{of_ada:?}");
        assert_eq!(of_ada[0]["person"]["email"], ADA);
        let add = [
            "user",
            "add",
            "eve@fernweh.example",
            "--given-name",
            "Eve",
            "--password-stdin",
        ];
        cli.expect_success_with_input(&add, PASSWORD);
        let added = export(&["--action", "user"]);
        let by = added.last().unwrap()["by"].as_str().unwrap();
        let of_actor = export(&["--actor", by]);
        assert_eq!(of_actor.last().unwrap()["action"], "user.add");
        assert!(of_actor.iter().all(|row| row["by"] == by), "{of_actor:?}");
        assert!(export(&["--actor", "nobody"]).is_empty());

        assert_contains(
            &cli.expect_success(&["audit", "--size"]),
            "kept for 400 days (audit.retention)",
        );
        let size = cli.json(&["audit", "--size", "--json"]);
        assert_eq!(size["rows"].as_i64().unwrap(), count(&setup, "audit_events"));
        assert!(size["bytes"].as_u64().unwrap() > 100_000, "{size}");
    });
}
