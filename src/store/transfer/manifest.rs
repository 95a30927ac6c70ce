//! What a backup says of itself, in a table that no other database has.

use diesel::{prelude::*, sql_types::Text};

use crate::store::{connection::AnyConnection, database::Store, error::Error};

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

impl Store {
    /// Makes a SQLite file of its own a backup that says `entries` of itself, and moves everything from its log into the
    /// file.
    pub fn write_manifest(&self, entries: &[(String, String)]) -> Result<(), Error> {
        self.write(|tx| {
            diesel::sql_query("CREATE TABLE backup (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)")
                .execute(&mut tx.0)?;
            for (name, value) in entries {
                diesel::sql_query("INSERT INTO backup (name, value) VALUES (?, ?)")
                    .bind::<Text, _>(name)
                    .bind::<Text, _>(value)
                    .execute(&mut tx.0)?;
            }
            Ok(())
        })?;
        self.purge_deleted().map(drop)
    }

    /// What a backup says of itself; empty if this database is none.
    pub fn manifest(&self) -> Result<Vec<(String, String)>, Error> {
        self.read(|tx| {
            if !matches!(tx.0, AnyConnection::Sqlite(_)) {
                return Ok(Vec::new());
            }
            let tables = diesel::sql_query(
                "SELECT name, type AS value FROM sqlite_master WHERE type = 'table' AND name = 'backup'",
            );
            if tables.load::<Entry>(&mut tx.0)?.is_empty() {
                return Ok(Vec::new());
            }
            // Nothing that runs by itself is in a backup of ours.
            let other = "SELECT name, type AS value FROM sqlite_master WHERE type IN ('view', 'trigger') OR sql LIKE 'CREATE VIRTUAL%'";
            if !diesel::sql_query(other).load::<Entry>(&mut tx.0)?.is_empty() {
                return Ok(Vec::new());
            }
            let entries = diesel::sql_query("SELECT name, value FROM backup").load::<Entry>(&mut tx.0)?;
            Ok(entries
                .into_iter()
                .map(|entry| (entry.name, entry.value))
                .collect())
        })
    }
}
