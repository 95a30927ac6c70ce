//! Direct access to a server's database, in SQL that both databases understand.

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use hallpass::config::Settings;

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    t: String,
}

/// The number that `SELECT … AS n` gives.
pub(crate) fn number(settings: &Settings, sql: &str) -> i64 {
    let rows: Vec<NumberRow> = match open(settings) {
        TestConnection::Sqlite(mut c) => sql_query(sql).load(&mut c).unwrap(),
        TestConnection::Postgres(mut c) => sql_query(sql).load(&mut c).unwrap(),
    };
    rows[0].n
}

/// The texts that `SELECT … AS t` gives.
pub(crate) fn texts(settings: &Settings, sql: &str) -> Vec<String> {
    let rows: Vec<TextRow> = match open(settings) {
        TestConnection::Sqlite(mut c) => sql_query(sql).load(&mut c).unwrap(),
        TestConnection::Postgres(mut c) => sql_query(sql).load(&mut c).unwrap(),
    };
    rows.into_iter().map(|row| row.t).collect()
}

/// Changes the database without the server's checks.
pub(crate) fn execute(settings: &Settings, sql: &str) {
    match open(settings) {
        TestConnection::Sqlite(mut c) => c.batch_execute(sql).unwrap(),
        TestConnection::Postgres(mut c) => c.batch_execute(sql).unwrap(),
    }
}

/// Nobody else can write until the returned guard is dropped.
pub(crate) fn block_writes(settings: &Settings) -> impl Sized {
    let mut blocking = open(settings);
    match &mut blocking {
        TestConnection::Sqlite(c) => c.batch_execute("BEGIN IMMEDIATE").unwrap(),
        TestConnection::Postgres(c) => c
            .batch_execute("BEGIN; LOCK TABLE heartbeat, audit_events")
            .unwrap(),
    }
    blocking
}

enum TestConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

fn open(settings: &Settings) -> TestConnection {
    if let Some(path) = settings.sqlite_path() {
        let mut c = SqliteConnection::establish(&path.display().to_string()).unwrap();
        c.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        TestConnection::Sqlite(c)
    } else {
        TestConnection::Postgres(PgConnection::establish(settings.database_url.expose()).unwrap())
    }
}

/// Asks a database how it would execute a statement.
pub(crate) struct QueryPlanner(TestConnection);

#[derive(QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

impl QueryPlanner {
    pub(crate) fn connect(settings: &Settings) -> Self {
        let mut database = open(settings);
        if let TestConnection::Postgres(c) = &mut database {
            // Test tables are small: this way only an index that cannot be used at all is passed over.
            c.batch_execute(
                "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; \
                 CREATE FUNCTION plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS \
                 'BEGIN RETURN QUERY EXECUTE statement; END'",
            )
            .unwrap();
        }
        Self(database)
    }

    /// Makes rows come in the order of an index rather than be sorted, wherever one has it.
    pub(crate) fn prefer_order(&mut self, is_preferred: bool) {
        if let TestConnection::Postgres(c) = &mut self.0 {
            let state = if is_preferred { "off" } else { "on" };
            c.batch_execute(&format!(
                "SET enable_sort = {state}; SET enable_bitmapscan = {state}"
            ))
            .unwrap();
        }
    }

    /// Whether `statement` is in the dialect of this database.
    pub(crate) fn understands(&self, statement: &str) -> bool {
        match &self.0 {
            TestConnection::Sqlite(_) => {
                !statement.contains('"')
                    && !statement.contains("SKIP LOCKED")
                    && !statement.contains("FOR SHARE")
            }
            TestConnection::Postgres(_) => !statement.contains('`') && !statement.contains("OR IGNORE"),
        }
    }

    /// The plan, one step per line.
    pub(crate) fn explain(&mut self, statement: &str) -> Vec<String> {
        match &mut self.0 {
            TestConnection::Sqlite(c) => {
                let steps: Vec<PlanStep> = sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
                    .load(c)
                    .unwrap_or_else(|why| panic!("{statement}: {why}"));
                steps.into_iter().map(|step| step.detail).collect()
            }
            TestConnection::Postgres(c) => {
                let count = (1..40)
                    .rev()
                    .find(|n| statement.contains(&format!("${n}")))
                    .unwrap_or(0);
                let nulls = vec!["NULL"; count].join(", ");
                let arguments = if count == 0 {
                    String::new()
                } else {
                    format!("({nulls})")
                };
                // The server knows no type for a parameter that is nothing but a CASE branch; ours are times there.
                let prepared = with_parameter_types(statement);
                c.batch_execute(&format!("DEALLOCATE ALL; PREPARE asked AS {prepared}"))
                    .unwrap_or_else(|why| panic!("{statement}: {why}"));
                let steps: Vec<TextRow> = sql_query(format!(
                    "SELECT plan_of AS t FROM plan_of('EXPLAIN (COSTS off) EXECUTE asked{arguments}')"
                ))
                .load(c)
                .unwrap_or_else(|why| panic!("{statement}: {why}"));
                steps.into_iter().map(|step| step.t).collect()
            }
        }
    }

    /// Whether `plan` reads rows of `table` by an index, and by more of it than the columns in `shared`; else the step
    /// that does not.
    pub(crate) fn uses_index(&self, plan: &[String], table: &str, shared: &[&str]) -> Result<(), String> {
        for (n, step) in plan.iter().enumerate() {
            let condition = match &self.0 {
                TestConnection::Sqlite(_) => {
                    let mut words = step.split_whitespace();
                    match (words.next(), words.next()) {
                        (Some("SCAN"), Some(name)) if name == table => return Err(step.clone()),
                        (Some("SEARCH"), Some(name)) if name == table => step.rsplit_once('(').unwrap().1,
                        (_, _) => continue,
                    }
                }
                TestConnection::Postgres(_) => {
                    let reads = step.trim_start().trim_start_matches("->  ");
                    let Some((how, what)) = reads.split_once(" on ") else {
                        continue;
                    };
                    if what.split_whitespace().next() != Some(table) || !how.contains("Scan") {
                        continue;
                    }
                    // Its own lines follow it, and those of a bitmap scan follow these.
                    let found = plan[n + 1..]
                        .iter()
                        .take_while(|line| how.contains("Bitmap") || !line.contains("->"))
                        .find_map(|line| line.trim_start().strip_prefix("Index Cond: "));
                    match found {
                        Some(condition) => condition,
                        None => return Err(step.clone()),
                    }
                }
            };
            let is_more = condition
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| word.len() > 1 && word.chars().any(char::is_lowercase))
                .filter(|word| {
                    !["text", "bytea", "timestamp", "without", "time", "zone", "bigint"].contains(word)
                })
                .any(|column| !shared.contains(&column) && column != table);
            if !is_more {
                return Err(step.clone());
            }
        }
        Ok(())
    }
}

fn with_parameter_types(statement: &str) -> String {
    let mut prepared = String::with_capacity(statement.len());
    let mut rest = statement;
    while let Some(at) = ["THEN $", "ELSE $"]
        .iter()
        .filter_map(|word| rest.find(word))
        .min()
    {
        let (before, from) = rest.split_at(at + "THEN $".len());
        let digits = from.chars().take_while(char::is_ascii_digit).count();
        prepared.push_str(before);
        prepared.push_str(&from[..digits]);
        prepared.push_str("::timestamp");
        rest = &from[digits..];
    }
    prepared + rest
}
