//! Migrations: up, down, concurrent, equal on both databases, and refused by epoch.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use diesel::{prelude::*, sql_types::Text};
use diesel_migrations::MigrationHarness;

use super::*;
use crate::store::{
    connection::AnyConnection,
    migrate::{MigrationReport, POSTGRES, SCHEMA_EPOCH, SQLITE, SchemaState},
    schema,
};

fn sql(store: &Store, text: &str) {
    write(store, |tx| Ok(tx.0.batch_execute(text)?));
}

fn file(store: &Store) -> Option<PathBuf> {
    store.url.file().map(Path::to_owned)
}

#[test]
fn a_fresh_database_is_brought_up_to_date_once() {
    for fresh in fresh_databases() {
        let store = Store::connect(&fresh.url, 2).unwrap();
        assert_eq!(store.schema_state().unwrap(), SchemaState::Empty);
        let done = store.migrate(Backup::Create).unwrap();
        assert_eq!(done.applied.first().map(String::as_str), Some("0001_initial"));
        assert_eq!(done.backup, None);
        assert_eq!(store.schema_state().unwrap(), SchemaState::Current);
        assert_eq!(store.migrate(Backup::Create).unwrap(), MigrationReport::default());
    }
}

#[test]
fn any_number_of_replicas_may_start_on_an_empty_database() {
    for round in 0..5 {
        for fresh in fresh_databases() {
            let done = at_once(8, |_| {
                let store = Store::connect(&fresh.url, 2).unwrap();
                let done = store.migrate(Backup::Create).unwrap();
                assert_eq!(
                    store.schema_state().unwrap(),
                    SchemaState::Current,
                    "round {round}"
                );
                done.applied.len()
            });
            assert_eq!(done.iter().filter(|count| **count > 0).count(), 1, "{done:?}");
        }
    }
}

#[test]
fn migrations_go_down_and_up_again() {
    on_each_database(|store| {
        write(store, |tx| {
            let reverted = match &mut tx.0 {
                AnyConnection::Postgres(c) => c.revert_all_migrations(POSTGRES).map(|all| all.len()),
                AnyConnection::Sqlite(c) => c.revert_all_migrations(SQLITE).map(|all| all.len()),
            };
            assert_ne!(reverted.map_err(Error::Migration)?, 0);
            Ok(())
        });
        assert_eq!(store.schema_state().unwrap(), SchemaState::Empty);
        assert!(!store.migrate(Backup::Create).unwrap().applied.is_empty());
        assert!(write(store, |tx| tx.add_user(&user(1))));
    });
}

#[test]
fn users_survive_the_migrations_of_their_table() {
    on_each_database(|store| {
        let named_user = User {
            names: names(Some("Sukarno"), None),
            ..user(2)
        };
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_user(&named_user)
        });
        write(store, |tx| {
            loop {
                let reverted = match &mut tx.0 {
                    AnyConnection::Postgres(c) => c.revert_last_migration(POSTGRES),
                    AnyConnection::Sqlite(c) => c.revert_last_migration(SQLITE),
                };
                if reverted.map_err(Error::Migration)?.to_string() == "0021" {
                    return Ok(());
                }
            }
        });
        assert!(!store.migrate(Backup::Skip).unwrap().applied.is_empty());
        let twice = User {
            names: names(Some("Sukarno"), Some("Sukarno")),
            ..named_user
        };
        assert_eq!(read(store, all_users), [user(1), twice]);
    });
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| {
        let mut names: Vec<String> = fs::read_dir(Path::new("migrations").join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn every_column_of_every_table_is_there_on_both() {
    macro_rules! select_all {
        ($store:expr, $($table:ident)+) => {$(
            read($store, |tx| Ok(schema::$table::table.select(schema::$table::all_columns).execute(&mut tx.0)?));
        )+};
    }
    on_each_database(|store| {
        select_all!(store, schema_epoch installation users spent_stable_ids user_passwords applications saml_service_providers
            saml_consumers saml_certificates sessions session_participants app_identities waiting_sign_ons
            user_attributes saml_attributes persistent_name_ids logouts logout_hops
            application_drafts application_key_follow
            answered_requests seen_ids signing_keys login_throttle known_devices audit_events audit_numbers audit_batches audit_chain
            metadata_sources metadata_source_certificates known_entities application_sources metadata_source_copies metadata_addresses metadata_fetches
            network_people jobs);
    });
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    described: String,
}

#[test]
fn both_databases_have_the_same_columns() {
    let sqlite = "SELECT m.name || '.' || c.name || ' ' || CASE c.type WHEN 'BLOB' THEN 'BYTEA' ELSE c.type END \
         || CASE WHEN c.\"notnull\" THEN ' NOT NULL' ELSE '' END AS described \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' \
         AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'";
    let postgres = "SELECT table_name || '.' || column_name || ' ' || \
         CASE data_type WHEN 'timestamp without time zone' THEN 'TIMESTAMP' ELSE upper(data_type) END || \
         CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END AS described \
         FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_%'";
    let mut seen: Vec<Vec<String>> = Vec::new();
    for fresh in fresh_databases() {
        let store = Store::connect(&fresh.url, 2).unwrap();
        store.migrate(Backup::Skip).unwrap();
        let query = if store.is_sqlite() { sqlite } else { postgres };
        let columns = read(&store, |tx| {
            Ok(diesel::sql_query(query).load::<Column>(&mut tx.0)?)
        });
        let mut columns: Vec<String> = columns.into_iter().map(|column| column.described).collect();
        columns.sort_unstable();
        assert!(columns.len() > 100, "{}", columns.len());
        seen.push(columns);
    }
    assert!(
        seen.iter().all(|of_database| Some(of_database) == seen.first()),
        "{seen:#?}"
    );
}

#[test]
fn the_recorded_epoch_alone_decides_whether_this_program_may_run() {
    on_each_database(|store| {
        sql(
            store,
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
        );
        assert_eq!(store.schema_state().unwrap(), SchemaState::AheadButUsable);
        assert_eq!(store.migrate(Backup::Create).unwrap(), MigrationReport::default());

        sql(
            store,
            &format!(
                "UPDATE schema_epoch SET oldest_epoch = {}, oldest_binary = '7.0.0'",
                SCHEMA_EPOCH + 1
            ),
        );
        assert_eq!(
            store.schema_state().unwrap(),
            SchemaState::TooNew {
                oldest_binary: "7.0.0".to_owned()
            }
        );
        let error = store.migrate(Backup::Create).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the database was changed by a newer version; run 7.0.0 or later"
        );

        sql(
            store,
            "DELETE FROM __diesel_schema_migrations WHERE version = '9999'",
        );
        let state = store.schema_state().unwrap();
        assert!(matches!(state, SchemaState::TooNew { .. }), "{state:?}");
        sql(
            store,
            &format!("UPDATE schema_epoch SET oldest_epoch = {}", SCHEMA_EPOCH - 1),
        );
        assert_eq!(store.schema_state().unwrap(), SchemaState::Current);
    });
}

#[test]
fn the_database_file_and_its_wal_are_readable_by_the_owner_alone() {
    let fresh = fresh_sqlite();
    let store = Store::connect(&fresh.url, 2).unwrap();
    store.migrate(Backup::Skip).unwrap();
    write(&store, |tx| tx.add_user(&user(1)));
    read(&store, all_users);
    let folder = file(&store).unwrap().parent().unwrap().to_owned();
    let mut modes: Vec<(String, u32)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                entry.metadata().unwrap().permissions().mode() & 0o777,
            )
        })
        .collect();
    modes.sort_unstable();
    let wanted = ["hallpass.db", "hallpass.db-shm", "hallpass.db-wal"].map(|name| (name.to_owned(), 0o600));
    assert_eq!(modes, wanted);
}

/// Makes the first migration look pending; running it will fail.
fn pretend_behind(store: &Store) {
    write(store, |tx| tx.add_user(&user(1)));
    sql(
        store,
        "UPDATE __diesel_schema_migrations SET version = '0000' WHERE version = '0001'",
    );
}

#[test]
fn a_file_is_copied_before_its_tables_change_and_is_as_it_was_when_that_fails() {
    let fresh = fresh_sqlite();
    let store = Store::connect(&fresh.url, 2).unwrap();
    store.migrate(Backup::Create).unwrap();
    pretend_behind(&store);
    let pending = SchemaState::Behind {
        pending: vec!["0001_initial".to_owned()],
    };
    assert_eq!(store.schema_state().unwrap(), pending);
    for _ in 0..2 {
        let error = store.migrate(Backup::Create).unwrap_err();
        assert!(matches!(error, Error::Migration(_)), "{error:?}");
    }
    assert_eq!(store.schema_state().unwrap(), pending);
    assert_eq!(read(&store, all_users), [user(1)]);

    let copy = format!("{}.before-0001", file(&store).unwrap().display());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let beside = file(&store).unwrap().parent().unwrap().read_dir().unwrap();
    let names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().contains("before-0001.")),
        "{names:?}"
    );
    let copied = Store::connect(&Secret::new(format!("sqlite:{copy}")), 1).unwrap();
    assert_eq!(copied.schema_state().unwrap(), pending);
    assert_eq!(read(&copied, all_users), [user(1)]);
}

#[derive(QueryableByName)]
struct Synchronous {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    synchronous: i64,
}

#[test]
fn a_relaxed_write_does_not_wait_for_the_disk_and_every_other_write_does() {
    let fresh = fresh_sqlite();
    let store = Store::connect(&fresh.url, 2).unwrap();
    let mode = |tx: &mut Tx| {
        let mode = diesel::sql_query("PRAGMA synchronous").get_result::<Synchronous>(&mut tx.0)?;
        Ok(mode.synchronous)
    };
    for _ in 0..2 {
        assert_eq!(store.write(mode).unwrap(), 2);
        assert_eq!(store.write_relaxed(mode).unwrap(), 1);
        assert_eq!(store.write_relaxed(mode).unwrap(), 1);
    }
}

#[test]
fn a_reader_cannot_write_on_sqlite() {
    let fresh = fresh_sqlite();
    let store = Store::connect(&fresh.url, 2).unwrap();
    store.migrate(Backup::Skip).unwrap();
    let written = store.read(|tx| tx.add_user(&user(1)));
    assert!(written.is_err(), "{written:?}");
}

#[test]
fn a_database_that_cannot_be_opened_says_why_and_not_the_password() {
    for url in [
        "sqlite:/nowhere/at/all/hallpass.db",
        "postgres://hallpass:swordfish@127.0.0.1:1/hallpass",
        "postgres://hallpass:swordfish@127.0.0.1:1/hallpass?nonsense=1",
    ] {
        let error = Store::connect(&Secret::new(url.to_owned()), 2).unwrap_err();
        assert!(
            matches!(error, Error::Connect(_) | Error::CreateFile { .. }),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
    }
}

#[test]
fn connections_that_the_server_closed_are_replaced_transparently() {
    let Some(fresh) = fresh_postgres() else { return };
    let name = format!("cut-{}", std::process::id());
    let named = Secret::new(format!("{}&application_name={name}", fresh.url.expose()));
    let store = Store::connect(&named, 4).unwrap();
    store.migrate(Backup::Skip).unwrap();
    for round in 0..2 {
        at_once(4, |_| {
            read(&store, |tx| {
                Ok(diesel::sql_query("SELECT pg_sleep(0.05)").execute(&mut tx.0)?)
            })
        });
        let admin = Store::connect(&fresh.url, 1).unwrap();
        write(&admin, |tx| {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
            let cut = diesel::sql_query(cut).bind::<Text, _>(&name).execute(&mut tx.0)?;
            assert!(cut > 1, "{cut}");
            Ok(())
        });
        if round == 0 {
            assert_eq!(read(&store, all_users), []);
        } else {
            assert!(write(&store, |tx| tx.add_user(&user(1))), "{round}");
        }
    }
}
