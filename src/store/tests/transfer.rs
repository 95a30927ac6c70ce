//! Rows that go from one database to another one arrive as they were.

use std::collections::{BTreeMap, BTreeSet};

use diesel::RunQueryDsl;
use serde_json::Value;

use super::{fresh_databases, fresh_sqlite};
use crate::store::{
    connection::{AnyConnection, Tx},
    database::Store,
    error::Error,
    migrate::Backup,
    transfer::{
        CopiedTable, TableContent,
        copy::{read_rows, select_statement},
        table::{ColumnKind, TABLES, columns},
    },
};

/// Tables that are not copied, and why is said at `TABLES`.
const LEFT_OUT: [&str; 5] = [
    "__diesel_schema_migrations",
    "configuration_changes",
    "heartbeat",
    "schema_epoch",
    "waiting_sign_ons",
];

/// Tables with one row, with the id 1.
const SINGLE_ROW: [&str; 2] = ["installation", "audit_chain"];

fn migrated(store: &Store) {
    store.migrate(Backup::Skip).unwrap();
}

/// A SQLite database with every table; the directory goes with it.
fn migrated_sqlite() -> (impl Sized, Store) {
    let database = fresh_sqlite();
    let store = Store::connect(&database.url, 2).unwrap();
    migrated(&store);
    (database, store)
}

/// For a copy that adds no row of its own.
#[expect(clippy::unnecessary_wraps, reason = "as `copy_to` takes it")]
fn nothing_else(_tx: &mut Tx, _copied: &[CopiedTable]) -> Result<(), Error> {
    Ok(())
}

/// Two rows in each table: in one every column has a value that is easily spoilt, in the other every column that may be
/// empty is.
fn fill(store: &Store) {
    store
        .write(|tx| {
            for table in TABLES {
                let columns = columns(&mut tx.0, table)?;
                let required = required_columns(&mut tx.0, table.name);
                let ids: &[&str] = if SINGLE_ROW.contains(&table.name) {
                    &["x"]
                } else {
                    &["x", "y"]
                };
                for (row, id) in ids.iter().enumerate() {
                    let values: Vec<String> = columns
                        .iter()
                        .enumerate()
                        .map(|(index, column)| {
                            let text = if column.name.starts_with("given") {
                                r#""\ü'' 𝄞 <>"#
                            } else {
                                id
                            };
                            let fraction =
                                ["", ".123", ".123456", ".100000"][index % 4].trim_end_matches("000");
                            match column.kind {
                                _ if row == 1 && !required.contains(&column.name) => "NULL".to_owned(),
                                ColumnKind::Text => {
                                    format!("'{}'", one_of_few(table.name, &column.name, row).unwrap_or(text))
                                }
                                ColumnKind::Number if column.name == "id" => "1".to_owned(),
                                ColumnKind::Number => {
                                    (9_007_199_254_740_993_i64 + i64::from(row == 1)).to_string()
                                }
                                ColumnKind::Boolean => (row == 0).to_string(),
                                ColumnKind::Bytes => format!("x'00ff1{row}'"),
                                ColumnKind::Time => format!("'2026-11-30 22:19:25{fraction}'"),
                            }
                        })
                        .collect();
                    let names: Vec<_> = columns
                        .iter()
                        .map(|column| format!("\"{}\"", column.name))
                        .collect();
                    diesel::sql_query(format!(
                        "INSERT INTO \"{}\" ({}) VALUES ({})",
                        table.name,
                        names.join(", "),
                        values.join(", ")
                    ))
                    .execute(&mut tx.0)?;
                }
            }
            Ok(())
        })
        .unwrap();
}

/// How many rows [`fill`] writes.
fn filled_rows() -> i64 {
    i64::try_from(2 * TABLES.len() - SINGLE_ROW.len()).unwrap()
}

/// The value of a column that may have few.
fn one_of_few(table: &str, column: &str, row: usize) -> Option<&'static str> {
    Some(match (table, column) {
        ("applications", "kind") => "saml",
        ("logout_hops", "state") => "waiting",
        ("metadata_sources", "kind") => "entity",
        ("metadata_sources", "rule") => "nothing",
        ("signing_keys", "state") => ["active", "retired"][row],
        ("application_key_follow", "how") => "fetched",
        _ => return None,
    })
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

fn required_columns(conn: &mut AnyConnection, table: &str) -> BTreeSet<String> {
    let query = format!("SELECT name FROM pragma_table_info('{table}') WHERE \"notnull\" OR pk");
    let names: Vec<Name> = diesel::sql_query(query).load(conn).unwrap();
    names.into_iter().map(|row| row.name).collect()
}

fn dump(store: &Store) -> BTreeMap<&'static str, BTreeSet<String>> {
    store
        .read(|tx| {
            TABLES
                .into_iter()
                .map(|table| {
                    let columns = columns(&mut tx.0, table)?;
                    let select = select_statement(&tx.0, table, &columns);
                    let mut rows = BTreeSet::new();
                    read_rows(&mut tx.0, &select, |row| {
                        // In one order of members, and without white space.
                        let row: Value = serde_json::from_str(&row).unwrap();
                        rows.insert(row.to_string());
                        Ok(())
                    })?;
                    Ok((table.name, rows))
                })
                .collect()
        })
        .unwrap()
}

#[test]
fn every_table_is_copied_or_left_out_on_purpose() {
    for database in fresh_databases() {
        let store = Store::connect(&database.url, 2).unwrap();
        migrated(&store);
        let names: Vec<Name> = store
            .read(|tx| {
                let query = match tx.0 {
                    AnyConnection::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table'",
                    AnyConnection::Postgres(_) => {
                        "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()"
                    }
                };
                Ok(diesel::sql_query(query).load(&mut tx.0)?)
            })
            .unwrap();
        let there: BTreeSet<&str> = names.iter().map(|row| row.name.as_str()).collect();
        let known: BTreeSet<&str> = TABLES.iter().map(|table| table.name).chain(LEFT_OUT).collect();
        assert_eq!(there, known);
    }
}

#[test]
fn rows_arrive_as_they_were_whichever_way_they_go() {
    let (_dir, source) = migrated_sqlite();
    fill(&source);
    let original = dump(&source);
    for database in fresh_databases() {
        let between = Store::connect(&database.url, 2).unwrap();
        migrated(&between);
        let copied = source
            .copy_to(&between, &TableContent::EVERYTHING, nothing_else)
            .unwrap();
        let rows: i64 = copied.iter().map(|table| table.rows).sum();
        assert_eq!(rows, filled_rows(), "{copied:?}");
        let (_last_dir, last) = migrated_sqlite();
        let copied_again = between
            .copy_to(&last, &TableContent::EVERYTHING, nothing_else)
            .unwrap();
        assert_eq!(copied_again, copied);
        assert_eq!(dump(&last), original);
    }
}

#[test]
fn a_copy_that_fails_leaves_nothing_behind() {
    let (_dir, source) = migrated_sqlite();
    fill(&source);
    for database in fresh_databases() {
        let target = Store::connect(&database.url, 2).unwrap();
        migrated(&target);
        target
            .write(|tx| {
                let of_another_version = "ALTER TABLE audit_events ADD COLUMN of_another_version TEXT";
                Ok(diesel::sql_query(of_another_version).execute(&mut tx.0)?)
            })
            .unwrap();
        let error = source
            .copy_to(&target, &TableContent::EVERYTHING, nothing_else)
            .unwrap_err();
        let Error::Copy { source, .. } = error else {
            panic!("{error}");
        };
        assert!(
            matches!(*source, Error::DifferentTables("audit_events")),
            "{source}"
        );
        let rows = target.count_rows(&TableContent::EVERYTHING).unwrap();
        assert!(rows.iter().all(|table| table.rows == 0), "{rows:?}");
    }
}

#[test]
fn what_passes_and_the_audit_log_can_be_left_out() {
    let (_dir, source) = migrated_sqlite();
    fill(&source);
    let (_target_dir, target) = migrated_sqlite();
    source
        .copy_to(&target, &[TableContent::Lasting], nothing_else)
        .unwrap();
    let rows = dump(&target);
    assert!(
        rows["sessions"].is_empty() && rows["audit_events"].is_empty() && rows["audit_chain"].is_empty(),
        "{rows:?}"
    );
    assert_eq!(rows["users"].len(), 2);
    target
        .write_manifest(&[("format".to_owned(), "1".to_owned())])
        .unwrap();
    assert_eq!(
        target.manifest().unwrap(),
        [("format".to_owned(), "1".to_owned())]
    );
    assert!(source.manifest().unwrap().is_empty(), "it is no backup");
}

#[test]
fn what_comes_last_can_still_undo_a_copy() {
    let (_dir, source) = migrated_sqlite();
    fill(&source);
    for database in fresh_databases() {
        let target = Store::connect(&database.url, 2).unwrap();
        migrated(&target);
        let error = source
            .copy_to(&target, &TableContent::EVERYTHING, |_tx, copied| {
                assert_eq!(copied.iter().map(|table| table.rows).sum::<i64>(), filled_rows());
                Err(Error::ChangedMeanwhile)
            })
            .unwrap_err();
        assert!(matches!(error, Error::ChangedMeanwhile), "{error}");
        let rows = target.count_rows(&TableContent::EVERYTHING).unwrap();
        assert!(rows.iter().all(|table| table.rows == 0), "{rows:?}");
    }
}

#[test]
fn a_value_of_great_length_is_found_without_being_read() {
    let (_dir, store) = migrated_sqlite();
    fill(&store);
    assert_eq!(store.value_longer_than(1000).unwrap(), None);
    store
        .write(|tx| {
            let long = "UPDATE users SET given_name = printf('%.*c', 1001, 'x') WHERE id = 'x'";
            Ok(diesel::sql_query(long).execute(&mut tx.0)?)
        })
        .unwrap();
    assert_eq!(
        store.value_longer_than(1000).unwrap(),
        Some(("users", "given_name".to_owned()))
    );
}

#[test]
fn people_who_cannot_be_read_are_found_whatever_is_wrong_with_them() {
    let (_dir, source) = migrated_sqlite();
    fill(&source);
    for database in fresh_databases() {
        let store = Store::connect(&database.url, 2).unwrap();
        migrated(&store);
        assert!(store.unreadable_users(10).unwrap().is_empty());
        source
            .copy_to(&store, &TableContent::EVERYTHING, nothing_else)
            .unwrap();
        let faults = store.unreadable_users(10).unwrap();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(
            faults.iter().all(|fault| fault.starts_with("users ")),
            "{faults:?}"
        );
        assert_eq!(store.unreadable_users(1).unwrap().len(), 1);
    }
}

#[test]
fn a_person_whose_row_is_of_another_type_hides_nobody_else() {
    let (_dir, store) = migrated_sqlite();
    fill(&store);
    store
        .write(|tx| {
            let spoil = "UPDATE users SET created_at = 'yesterday' WHERE id = 'x'";
            Ok(diesel::sql_query(spoil).execute(&mut tx.0)?)
        })
        .unwrap();
    assert_eq!(
        store.unreadable_users(10).unwrap(),
        ["users x cannot be read", "users y cannot be read"]
    );
}
