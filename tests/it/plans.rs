//! Every query of the message path and every filter of a listing uses an index, on both databases: other tests run again in a process that logs every
//! statement of their requests, and each of these is explained.

use std::{collections::BTreeSet, fs, process::Command};

use crate::support::{
    assertions::assert_matches,
    sql::QueryPlanner,
    sql_log,
    test_server::{TestServer, on_each_database},
};

/// The tests that make the requests.
const TEST_FILTERS: [&str; 3] = ["sso::", "single_logout::senders", "idp_initiated::"];

/// Tables that grow with users, sessions and messages. Others are read whole into memory when they change.
const GROWING_TABLES: [&str; 18] = [
    "group_members",
    "application_users",
    "audit_events",
    "users",
    "user_attributes",
    "user_passwords",
    "sessions",
    "session_participants",
    "app_identities",
    "persistent_name_ids",
    "waiting_sign_ons",
    "answered_requests",
    "seen_ids",
    "login_throttle",
    "known_devices",
    "known_entities",
    "logouts",
    "logout_hops",
];

/// Columns that many rows share: an index on these alone is no help.
const LOW_SELECTIVITY_COLUMNS: [&str; 6] = [
    "application_id",
    "source_id",
    "kind",
    "state",
    "ended_at",
    "issuer",
];

#[test]
fn every_statement_of_a_request_is_served_by_an_index() {
    let logged = logged_statements(&TEST_FILTERS);
    let logged: BTreeSet<&str> = logged.lines().filter(|line| reads_or_writes(line)).collect();
    assert!(logged.len() > 40, "{} statements", logged.len());
    let has = |part: &str| {
        assert!(
            logged
                .iter()
                .any(|logged_statement| logged_statement.contains(part)),
            "{part}"
        );
    };
    for needed in [
        "session_participants",
        "app_identities",
        "login_throttle",
        "logout_hops",
    ] {
        has(needed);
    }
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let mut explainer = QueryPlanner::connect(&server.settings);
        let mut wrong = Vec::new();
        for statement in &logged {
            if !explainer.understands(statement) {
                continue;
            }
            let plan = explainer.explain(statement);
            for table in GROWING_TABLES {
                if let Err(why) = explainer.uses_index(&plan, table, &LOW_SELECTIVITY_COLUMNS)
                    && !is_bounded(statement)
                {
                    wrong.push(format!("{table}: {why}\n  {statement}\n  {}", plan.join("\n  ")));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}

#[test]
fn control_a_table_scan_is_detected() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let mut explainer = QueryPlanner::connect(&server.settings);
        let mut judge = |statement: &str, table| {
            let plan = explainer.explain(statement);
            explainer.uses_index(&plan, table, &LOW_SELECTIVITY_COLUMNS)
        };
        assert_eq!(
            judge("SELECT id FROM sessions WHERE token_hash = $1", "sessions"),
            Ok(())
        );
        assert_matches!(
            judge("SELECT id FROM sessions WHERE seed = $1", "sessions"),
            Err(_)
        );
        let participants = "SELECT session_id FROM session_participants WHERE application_id = $1 AND";
        assert_eq!(
            judge(&format!("{participants} name_id = $2"), "session_participants"),
            Ok(())
        );
        assert!(
            judge(
                &format!("{participants} name_id_format = $2"),
                "session_participants"
            )
            .is_err(),
            "all who took part in an application would be looked through"
        );
    });
}

/// Parts of a statement, and the indexes that find its rows in their order. The first that fits counts.
const LISTING_INDEXES: [(&[&str], &[&str]); 11] = [
    (
        &["lower(given_name"],
        &[
            "users_email",
            "users_user_name",
            "users_given_name",
            "users_family_name",
        ],
    ),
    (&["ORDER BY email"], &["users_email"]),
    (&["user_id = ?"], &["audit_events_user_id"]),
    (&["actor = ?"], &["audit_events_actor"]),
    (
        &["outcome = 'ok' AND detail IS NOT NULL"],
        &["audit_events_noted_sign_ons"],
    ),
    (
        &["application_id = ?", "outcome <> 'ok'"],
        &["audit_events_application_refusals"],
    ),
    (&["outcome = ?"], &["audit_events_outcome"]),
    (&["action <> 'sign_on'"], &["audit_events_action"]),
    (&["outcome <> 'ok'"], &["audit_events_refusals"]),
    (&["application_id = ?"], &["audit_events_application_id"]),
    // By time alone, or by what most rows have in common.
    (
        &["audit_events"],
        &["PRIMARY KEY", "audit_events_pkey", "SCAN audit_events"],
    ),
];

#[test]
fn every_filter_of_a_listing_is_served_by_its_index() {
    let logged = logged_statements(&["listings::each_filter_is_used"]);
    let logged: BTreeSet<&str> = logged.lines().filter(|line| line.contains("LIMIT")).collect();
    assert!(logged.len() > 60, "{} statements", logged.len());
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let mut explainer = QueryPlanner::connect(&server.settings);
        let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
        for statement in &logged {
            if !explainer.understands(statement) {
                continue;
            }
            let normal = statement
                .replace(['"', '`'], "")
                .replace("audit_events.", "")
                .replace("users.", "")
                .replace('$', "?");
            let (_filter, indexes) = LISTING_INDEXES
                .iter()
                .find(|(parts, _)| parts.iter().all(|part| normal.contains(part)))
                .unwrap_or_else(|| panic!("{statement}"));
            used.insert(*indexes);
            // A search finds few, and sorts them.
            let is_search = indexes.len() > 3;
            explainer.prefer_order(!is_search);
            let plan = explainer.explain(statement).join("\n  ");
            let found = indexes.iter().any(|index| plan.contains(index))
                // A server that has no statistics yet takes the refusals of a span of time to be as few.
                || (indexes == &["audit_events_outcome"]
                    && normal.contains("id >= ?")
                    && normal.contains("id < ?")
                    && plan.contains("using audit_events_refusals"));
            let sorts = plan.contains("TEMP B-TREE FOR ORDER BY") || plan.contains("Sort Key");
            if !found || (sorts && !is_search) {
                wrong.push(format!("{indexes:?}\n  {statement}\n  {plan}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        assert_eq!(used.len(), LISTING_INDEXES.len(), "{used:?}");
    });
}

/// The statements of the tests that `filters` select, one per line.
fn logged_statements(filters: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("statements");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(filters)
        .env(sql_log::LOG_FILE_VARIABLE, &file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    fs::read_to_string(&file).unwrap()
}

fn reads_or_writes(statement: &str) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE"]
        .iter()
        .any(|verb| statement.starts_with(verb))
}

/// Whether it reads only the first rows that it finds; what its joins and subqueries read is in brackets.
fn is_bounded(statement: &str) -> bool {
    let mut depth = 0_usize;
    let outside: String = statement
        .chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
        .collect();
    outside.contains("LIMIT") && !outside.contains("WHERE")
}
