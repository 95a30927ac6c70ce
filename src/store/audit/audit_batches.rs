//! `audit_batches`: the closed batches of the hash chain.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{prelude::*, sql_types::BigInt};

use crate::{
    model::audit_chain::{AuditBatch, ChainDigest, SALT_LEN, Salt},
    store::{
        audit::audit_chain::to_digest,
        connection::{AnyConnection, Tx},
        error::{Error, RowContext},
        schema::{audit_batches, audit_chain, audit_events, audit_numbers},
    },
};

impl Tx {
    /// Adds a closed batch.
    pub fn add_audit_batch(&mut self, batch: &AuditBatch) -> Result<(), Error> {
        diesel::insert_into(audit_batches::table)
            .values(BatchRow {
                last_number: batch.last_number,
                first_number: batch.first_number,
                closed_at: batch.closed_at.naive_utc(),
                newest_at: batch.newest_at.naive_utc(),
                previous_digest: batch.previous_digest.to_vec(),
                digest: batch.digest.to_vec(),
                row_digests: batch.row_digests.concat(),
                salts: batch.salts.concat(),
            })
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The first batch that ends after `number`.
    pub fn audit_batch_after(&mut self, number: i64) -> Result<Option<AuditBatch>, Error> {
        let row = audit_batches::table
            .filter(audit_batches::last_number.gt(number))
            .order(audit_batches::last_number)
            .select(BatchRow::as_select())
            .first(&mut self.0)
            .optional()?;
        row.map(AuditBatch::try_from).transpose()
    }

    /// Replaces the salts of the batch that ends with `last_number`.
    pub fn set_audit_salts(&mut self, last_number: i64, salts: &[Salt]) -> Result<(), Error> {
        diesel::update(audit_batches::table.find(last_number))
            .set(audit_batches::salts.eq(salts.concat()))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Removes the oldest batch with its rows, if all of them are from before `before` or it was closed before, and
    /// keeps its digest as the anchor of the chain. Returns the number of its rows.
    pub fn remove_oldest_audit_batch(&mut self, before: DateTime<Utc>) -> Result<Option<usize>, Error> {
        // Who removes it at the same time waits here, and then finds the next one.
        diesel::update(audit_chain::table)
            .set(audit_chain::version.eq(audit_chain::version + 1))
            .execute(&mut self.0)?;
        let oldest: Option<Removable> = audit_batches::table
            .order(audit_batches::last_number)
            .select(Removable::as_select())
            .first(&mut self.0)
            .optional()?;
        let cutoff = before.naive_utc();
        let Some(oldest) = oldest.filter(|oldest| oldest.newest_at < cutoff || oldest.closed_at < cutoff)
        else {
            return Ok(None);
        };
        let numbers = audit_numbers::table.filter(audit_numbers::number.le(oldest.last_number));
        let ids = numbers.select(audit_numbers::event_id);
        let rows =
            diesel::delete(audit_events::table.filter(audit_events::id.eq_any(ids))).execute(&mut self.0)?;
        diesel::delete(numbers).execute(&mut self.0)?;
        diesel::delete(audit_batches::table.find(oldest.last_number)).execute(&mut self.0)?;
        diesel::update(audit_chain::table)
            .set((
                audit_chain::anchor_number.eq(oldest.last_number),
                audit_chain::anchor_digest.eq(oldest.digest),
            ))
            .execute(&mut self.0)?;
        Ok(Some(rows))
    }

    /// How many bytes the audit log takes with its indexes and its chain.
    pub fn audit_bytes(&mut self) -> Result<i64, Error> {
        #[derive(QueryableByName)]
        struct Size {
            #[diesel(sql_type = BigInt)]
            bytes: i64,
        }
        let tables = "'audit_events', 'audit_numbers', 'audit_batches', 'audit_chain'";
        let query = match &self.0 {
            AnyConnection::Sqlite(_) => format!(
                "SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat WHERE aggregate = 1 AND name IN \
                 (SELECT name FROM sqlite_master WHERE tbl_name IN ({tables}))"
            ),
            AnyConnection::Postgres(_) => format!(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes FROM pg_class c \
                 JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = current_schema() AND c.relname IN ({tables})"
            ),
        };
        Ok(diesel::sql_query(query).get_result::<Size>(&mut self.0)?.bytes)
    }

    /// How many rows the audit log has, and how many of them are unproven refusals. Reads the whole table.
    pub fn audit_counts(&mut self) -> Result<(i64, i64), Error> {
        #[derive(QueryableByName)]
        struct Counts {
            #[diesel(sql_type = BigInt)]
            rows: i64,
            #[diesel(sql_type = BigInt)]
            unproven: i64,
        }
        let counts: Counts = diesel::sql_query(
            "SELECT (SELECT count(*) FROM audit_events) AS rows, \
             (SELECT count(*) FROM audit_events WHERE unproven) AS unproven",
        )
        .get_result(&mut self.0)?;
        Ok((counts.rows, counts.unproven))
    }

    /// When the oldest row was written.
    pub fn oldest_audit_event_at(&mut self) -> Result<Option<DateTime<Utc>>, Error> {
        let oldest = audit_events::table
            .order(audit_events::id)
            .select(audit_events::at)
            .first::<NaiveDateTime>(&mut self.0)
            .optional()?;
        Ok(oldest.map(|at| at.and_utc()))
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_batches)]
struct BatchRow {
    last_number: i64,
    first_number: i64,
    closed_at: NaiveDateTime,
    newest_at: NaiveDateTime,
    previous_digest: Vec<u8>,
    digest: Vec<u8>,
    row_digests: Vec<u8>,
    salts: Vec<u8>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_batches)]
struct Removable {
    last_number: i64,
    closed_at: NaiveDateTime,
    newest_at: NaiveDateTime,
    digest: Vec<u8>,
}

impl TryFrom<BatchRow> for AuditBatch {
    type Error = Error;

    fn try_from(row: BatchRow) -> Result<Self, Error> {
        let number = row.last_number;
        let context = number.to_string();
        let context = RowContext::new("audit_batches", &context);
        let (digests, rest) = row.row_digests.as_chunks::<{ size_of::<ChainDigest>() }>();
        let (salts, rest_of_salts) = row.salts.as_chunks::<SALT_LEN>();
        let is_whole = rest.is_empty() && rest_of_salts.is_empty();
        context.valid(is_whole.then_some(()).ok_or("cut off"))?;
        Ok(Self {
            first_number: row.first_number,
            last_number: number,
            closed_at: row.closed_at.and_utc(),
            newest_at: row.newest_at.and_utc(),
            previous_digest: to_digest("audit_batches", number, row.previous_digest)?,
            digest: to_digest("audit_batches", number, row.digest)?,
            row_digests: digests.to_vec(),
            salts: salts.to_vec(),
        })
    }
}
