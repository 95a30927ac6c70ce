//! A look into a house's database behind its back, in plain SQL that both databases speak.

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use hallpass::config::Settings;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    t: String,
}

/// The number that `SELECT … AS n` gives.
pub(crate) fn number(settings: &Settings, sql: &str) -> i64 {
    let rows: Vec<Count> = match open(settings) {
        Either::Sqlite(mut c) => sql_query(sql).load(&mut c).unwrap(),
        Either::Postgres(mut c) => sql_query(sql).load(&mut c).unwrap(),
    };
    rows[0].n
}

/// The texts that `SELECT … AS t` gives.
pub(crate) fn texts(settings: &Settings, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = match open(settings) {
        Either::Sqlite(mut c) => sql_query(sql).load(&mut c).unwrap(),
        Either::Postgres(mut c) => sql_query(sql).load(&mut c).unwrap(),
    };
    rows.into_iter().map(|row| row.t).collect()
}

/// Changes the database behind the house's back.
pub(crate) fn execute(settings: &Settings, sql: &str) {
    match open(settings) {
        Either::Sqlite(mut c) => c.batch_execute(sql).unwrap(),
        Either::Postgres(mut c) => c.batch_execute(sql).unwrap(),
    }
}

/// Nobody else writes until what is handed back is dropped.
pub(crate) fn block_writes(settings: &Settings) -> impl Sized {
    let mut blocking = open(settings);
    match &mut blocking {
        Either::Sqlite(c) => c.batch_execute("BEGIN IMMEDIATE").unwrap(),
        Either::Postgres(c) => c
            .batch_execute("BEGIN; LOCK TABLE heartbeat, audit_events")
            .unwrap(),
    }
    blocking
}

enum Either {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

fn open(settings: &Settings) -> Either {
    if let Some(path) = settings.sqlite_path() {
        let mut c = SqliteConnection::establish(&path.display().to_string()).unwrap();
        c.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        Either::Sqlite(c)
    } else {
        Either::Postgres(PgConnection::establish(settings.database_url.expose()).unwrap())
    }
}
