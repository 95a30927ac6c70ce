//! Rows on their way from one database to another one, as JSON, which both write and read.

use diesel::{
    connection::{DefaultLoadingMode, SimpleConnection},
    pg::PgRowByRowLoadingMode,
    prelude::*,
    sql_types::{BigInt, Text},
};

use crate::store::{
    connection::{AnyConnection, Tx},
    database::Store,
    error::Error,
    transfer::table::{Column, ColumnKind, TABLES, Table, TableContent, columns},
};

/// How many bytes of rows are on their way at once. One row may be larger.
const MAX_BATCH_BYTES: usize = 1024 * 1024;
const MAX_BATCH_ROWS: usize = 1000;

/// A table that was copied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CopiedTable {
    pub name: &'static str,
    /// How many rows it has.
    pub rows: i64,
}

impl Store {
    /// Copies the rows of every table with one of these contents to `to`, where these tables are empty: all of them, as
    /// they are at one moment, or none. Fails if `to` then has another number of rows, or if `before_commit` does, which
    /// may add rows of its own.
    pub fn copy_to(
        &self,
        to: &Self,
        contents: &[TableContent],
        before_commit: impl FnOnce(&mut Tx, &[CopiedTable]) -> Result<(), Error>,
    ) -> Result<Vec<CopiedTable>, Error> {
        let tables: Vec<Table> = TABLES
            .into_iter()
            .filter(|table| contents.contains(&table.content))
            .collect();
        self.in_snapshot(|from| {
            to.write(|into| {
                without_time_limits(&mut into.0)?;
                let copied = tables
                    .iter()
                    .map(|table| {
                        copy_table(*table, &mut from.0, &mut into.0).map_err(|source| Error::Copy {
                            table: table.name,
                            source: Box::new(source),
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                before_commit(into, &copied)?;
                Ok(copied)
            })
        })
    }

    /// The number of rows in each table with one of these contents. A database of an older version may lack some tables.
    pub fn count_rows(&self, contents: &[TableContent]) -> Result<Vec<CopiedTable>, Error> {
        self.read(|tx| {
            let tables = TABLES
                .into_iter()
                .filter(|table| contents.contains(&table.content));
            let mut counted = Vec::new();
            for table in tables {
                if !columns(&mut tx.0, table)?.is_empty() {
                    counted.push(CopiedTable {
                        name: table.name,
                        rows: count(&mut tx.0, table)?,
                    });
                }
            }
            Ok(counted)
        })
    }

    /// A value that is longer than `limit` bytes, as the table and the column that hold it. Reads no value.
    pub fn value_longer_than(&self, limit: i64) -> Result<Option<(&'static str, String)>, Error> {
        self.read(|tx| {
            for table in TABLES {
                for column in columns(&mut tx.0, table)? {
                    let query = format!(
                        "SELECT count(*) AS rows FROM \"{}\" WHERE octet_length(\"{}\") > {limit}",
                        table.name, column.name
                    );
                    let may_be_long = matches!(column.kind, ColumnKind::Text | ColumnKind::Bytes);
                    if may_be_long && diesel::sql_query(query).get_result::<RowCount>(&mut tx.0)?.rows > 0 {
                        return Ok(Some((table.name, column.name)));
                    }
                }
            }
            Ok(None)
        })
    }

    /// Runs `work` on the database as it is at one moment, however long it takes.
    pub fn in_snapshot<T>(&self, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
        let mut work = Some(work);
        self.read(|tx| {
            tx.repeatable_read(|tx| {
                without_time_limits(&mut tx.0)?;
                match work.take() {
                    Some(work) => work(tx),
                    // A connection that was lost cannot go on where it was.
                    None => Err(Error::Unresponsive),
                }
            })
        })
    }
}

/// A whole table is one statement, however long an administrator lets others take.
fn without_time_limits(conn: &mut AnyConnection) -> Result<(), Error> {
    if let AnyConnection::Postgres(c) = conn {
        c.batch_execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
        )?;
    }
    Ok(())
}

fn copy_table(
    table: Table,
    from: &mut AnyConnection,
    into: &mut AnyConnection,
) -> Result<CopiedTable, Error> {
    let described = columns(from, table)?;
    let names = |columns: &[Column]| {
        columns
            .iter()
            .map(|column| column.name.clone())
            .collect::<Vec<_>>()
    };
    let target = columns(into, table)?;
    if names(&described) != names(&target) || described.is_empty() {
        return Err(Error::DifferentTables(table.name));
    }
    let insert = insert_statement(into, table, &target);
    let mut copied = 0;
    let mut batch = Batch::default();
    read_rows(from, &select_statement(from, table, &described), |row| {
        batch.push(&row);
        copied += 1;
        if batch.is_full() {
            batch.write(&insert, into)
        } else {
            Ok(())
        }
    })?;
    batch.write(&insert, into)?;
    let rows = count(into, table)?;
    if rows != copied {
        return Err(Error::RowsMissing {
            table: table.name,
            expected: copied,
            found: rows,
        });
    }
    Ok(CopiedTable {
        name: table.name,
        rows,
    })
}

/// A JSON array of rows.
#[derive(Default)]
struct Batch {
    text: String,
    rows: usize,
}

impl Batch {
    fn push(&mut self, row: &str) {
        self.text.push(if self.rows == 0 { '[' } else { ',' });
        self.text.push_str(row);
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.rows >= MAX_BATCH_ROWS || self.text.len() >= MAX_BATCH_BYTES
    }

    fn write(&mut self, insert: &str, into: &mut AnyConnection) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        self.text.push(']');
        let written = diesel::sql_query(insert)
            .bind::<Text, _>(&self.text)
            .execute(into)?;
        if written != self.rows {
            return Err(Error::Database(diesel::result::Error::NotFound));
        }
        self.text.clear();
        self.rows = 0;
        Ok(())
    }
}

/// Inserts rows into one of [`TABLES`]. A column that a row lacks is NULL; times are as SQLite stores them.
pub(in crate::store) fn insert_json(
    into: &mut AnyConnection,
    table: &str,
    rows: &[serde_json::Value],
) -> Result<(), Error> {
    let table = TABLES
        .into_iter()
        .find(|known| known.name == table)
        .ok_or_else(|| Error::UnknownColumnType(table.to_owned()))?;
    let columns = columns(into, table)?;
    let mut batch = Batch::default();
    for row in rows {
        batch.push(&row.to_string());
    }
    batch.write(&insert_statement(into, table, &columns), into)
}

pub(in crate::store) fn read_rows(
    from: &mut AnyConnection,
    select: &str,
    mut each: impl FnMut(String) -> Result<(), Error>,
) -> Result<(), Error> {
    let query = diesel::sql_query(select);
    match from {
        AnyConnection::Sqlite(c) => {
            for row in query.load_iter::<JsonRow, DefaultLoadingMode>(c)? {
                each(row?.json)?;
            }
        }
        AnyConnection::Postgres(c) => {
            for row in query.load_iter::<JsonRow, PgRowByRowLoadingMode>(c)? {
                each(row?.json)?;
            }
        }
    }
    Ok(())
}

fn count(conn: &mut AnyConnection, table: Table) -> Result<i64, Error> {
    let query = format!("SELECT count(*) AS rows FROM \"{}\"", table.name);
    Ok(diesel::sql_query(query).get_result::<RowCount>(conn)?.rows)
}

/// Selects each row as one JSON object.
pub(in crate::store) fn select_statement(from: &AnyConnection, table: Table, columns: &[Column]) -> String {
    let (function, value): (_, fn(&Column) -> String) = match from {
        AnyConnection::Sqlite(_) => ("json_object", sqlite_value),
        AnyConnection::Postgres(_) => ("json_build_object", postgres_value),
    };
    let pairs: Vec<String> = columns
        .iter()
        .map(|column| format!("'{}', {}", column.name, value(column)))
        .collect();
    let cast = if matches!(from, AnyConnection::Postgres(_)) {
        "::text"
    } else {
        ""
    };
    format!(
        "SELECT {function}({}){cast} AS json FROM \"{}\"",
        pairs.join(", "),
        table.name
    )
}

fn sqlite_value(column: &Column) -> String {
    let name = format!("\"{}\"", column.name);
    match column.kind {
        ColumnKind::Text | ColumnKind::Number | ColumnKind::Time => name,
        ColumnKind::Boolean => format!("json(CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
        ColumnKind::Bytes => {
            format!("CASE WHEN {name} IS NULL THEN NULL ELSE '\\x' || lower(hex({name})) END")
        }
    }
}

fn postgres_value(column: &Column) -> String {
    let name = format!("\"{}\"", column.name);
    match column.kind {
        ColumnKind::Text | ColumnKind::Number | ColumnKind::Boolean => name,
        ColumnKind::Bytes => format!("'\\x' || encode({name}, 'hex')"),
        ColumnKind::Time => {
            format!("regexp_replace(to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US'), '(\\.000000|000)$', '')")
        }
    }
}

/// Inserts the rows of a JSON array, which is its one argument.
fn insert_statement(into: &AnyConnection, table: Table, columns: &[Column]) -> String {
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let names = names.join(", ");
    match into {
        AnyConnection::Sqlite(_) => {
            let values: Vec<String> = columns
                .iter()
                .map(|column| {
                    let value = format!("json_extract(value, '$.\"{}\"')", column.name);
                    match column.kind {
                        ColumnKind::Bytes => format!("unhex(substr({value}, 3))"),
                        ColumnKind::Text | ColumnKind::Number | ColumnKind::Boolean | ColumnKind::Time => {
                            value
                        }
                    }
                })
                .collect();
            format!(
                "INSERT INTO \"{}\" ({names}) SELECT {} FROM json_each(?)",
                table.name,
                values.join(", ")
            )
        }
        AnyConnection::Postgres(_) => format!(
            "INSERT INTO \"{table}\" ({names}) SELECT {names} FROM json_populate_recordset(NULL::\"{table}\", $1::json)",
            table = table.name
        ),
    }
}

#[derive(QueryableByName)]
struct JsonRow {
    #[diesel(sql_type = Text)]
    json: String,
}

#[derive(QueryableByName)]
struct RowCount {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}
