//! `audit_chain` and `audit_numbers`: the audit log in the order in which its rows were found committed.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};

use crate::{
    model::{
        audit_chain::{AuditChain, ChainDigest, ChainEnd, ChainedEvent, ChainedRow},
        id::{AuditId, UserId},
    },
    store::{
        connection::{AnyConnection, Tx, with_backend},
        error::{Error, RowContext},
        schema::{audit_batches, audit_chain, audit_events, audit_numbers},
    },
};

impl Tx {
    /// The chain; `None` before housekeeping has begun it.
    pub fn audit_chain(&mut self) -> Result<Option<AuditChain>, Error> {
        let row = audit_chain::table
            .find(1)
            .select(ChainRow::as_select())
            .first(&mut self.0)
            .optional()?;
        row.map(AuditChain::try_from).transpose()
    }

    /// Begins the chain, unless it has begun.
    pub fn begin_audit_chain(&mut self) -> Result<(), Error> {
        with_backend!(&mut self.0, |c| diesel::insert_into(audit_chain::table)
            .values((
                audit_chain::id.eq(1),
                audit_chain::version.eq(0),
                audit_chain::last_number.eq(0),
                audit_chain::numbered_from.eq(""),
                audit_chain::swept_at.eq(DateTime::UNIX_EPOCH.naive_utc()),
                audit_chain::anchor_number.eq(0),
                audit_chain::anchor_digest.eq(ChainDigest::default().to_vec()),
            ))
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }

    /// Locks the chain until the transaction ends: whoever else changes it waits. Returns `false` if somebody has
    /// changed it since it had this version.
    pub fn lock_audit_chain_at(&mut self, version: i64) -> Result<bool, Error> {
        let unchanged = audit_chain::table.filter(audit_chain::version.eq(version));
        let rows = diesel::update(unchanged)
            .set(audit_chain::version.eq(audit_chain::version + 1))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// At most `limit` ids, in order and from `from` on, of committed rows without a number. Unproven refusals never
    /// have one, and a row that counts repeated events may still change if it is not older than `settled`.
    pub fn unnumbered_audit_events(
        &mut self,
        from: &str,
        settled: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        let number = audit_numbers::table.filter(audit_numbers::event_id.eq(audit_events::id));
        Ok(audit_events::table
            .filter(audit_events::id.ge(from))
            .filter(audit_events::unproven.eq(false))
            .filter(
                audit_events::fold_key
                    .is_null()
                    .or(audit_events::id.lt(first_id_at(settled))),
            )
            .filter(diesel::dsl::not(diesel::dsl::exists(number)))
            .order(audit_events::id)
            .limit(limit)
            .select(audit_events::id)
            .load(&mut self.0)?)
    }

    /// Gives the rows with these ids the next numbers, unless they have one already; returns how many got one. The chain
    /// is locked, so that two replicas give no number twice.
    pub fn number_audit_events(&mut self, ids: &[String]) -> Result<usize, Error> {
        diesel::update(audit_chain::table)
            .set(audit_chain::version.eq(audit_chain::version + 1))
            .execute(&mut self.0)?;
        let values = match &self.0 {
            AnyConnection::Sqlite(_) => "SELECT value FROM json_each($1)",
            AnyConnection::Postgres(_) => "SELECT json_array_elements_text($1::json)",
        };
        // Serializing plain strings cannot fail.
        let ids = serde_json::to_string(ids).unwrap_or_default();
        let numbered = diesel::sql_query(format!(
            "INSERT INTO audit_numbers (number, event_id) \
             SELECT (SELECT last_number FROM audit_chain) + row_number() OVER (ORDER BY e.id), e.id \
             FROM audit_events e WHERE e.id IN ({values}) \
             AND NOT EXISTS (SELECT 1 FROM audit_numbers n WHERE n.event_id = e.id)"
        ))
        .bind::<Text, _>(ids)
        .execute(&mut self.0)?;
        let count = i64::try_from(numbered).unwrap_or_default();
        diesel::update(audit_chain::table)
            .set(audit_chain::last_number.eq(audit_chain::last_number + count))
            .execute(&mut self.0)?;
        Ok(numbered)
    }

    /// Saves from which ids on rows are looked for that have no number.
    pub fn save_audit_progress(&mut self, chain: &AuditChain) -> Result<(), Error> {
        diesel::update(audit_chain::table)
            .set((
                audit_chain::numbered_from.eq(&chain.numbered_from),
                audit_chain::sweep_from.eq(&chain.sweep_from),
                audit_chain::swept_at.eq(chain.swept_at.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The rows with numbers from `first` to `last`, in order. A row that is not there any more has a number all the same.
    pub fn chained_rows_between(&mut self, first: i64, last: i64) -> Result<Vec<ChainedRow>, Error> {
        let rows: Vec<(NumberRow, Option<EventRow>)> = audit_numbers::table
            .left_join(audit_events::table.on(audit_events::id.eq(audit_numbers::event_id)))
            .filter(audit_numbers::number.between(first, last))
            .order(audit_numbers::number)
            .select((NumberRow::as_select(), Option::<EventRow>::as_select()))
            .load(&mut self.0)?;
        rows.into_iter()
            .map(|(number, event)| chained_row(Some(number), event))
            .collect()
    }

    /// The rows with these ids.
    pub fn chained_rows(&mut self, ids: &[String]) -> Result<Vec<ChainedRow>, Error> {
        let rows: Vec<(EventRow, Option<NumberRow>)> = audit_events::table
            .left_join(audit_numbers::table.on(audit_numbers::event_id.eq(audit_events::id)))
            .filter(audit_events::id.eq_any(ids))
            .order(audit_events::id)
            .select((EventRow::as_select(), Option::<NumberRow>::as_select()))
            .load(&mut self.0)?;
        rows.into_iter()
            .map(|(event, number)| chained_row(number, Some(event)))
            .collect()
    }

    /// Erases the personal fields of these rows, each with the hash that is kept of them, if it is in a closed batch. The
    /// ids must be those of [`Self::audit_events_about`].
    pub fn erase_personal_fields(&mut self, rows: &[(String, Option<ChainDigest>)]) -> Result<(), Error> {
        let ids = rows.iter().map(|(id, _hash)| id);
        diesel::update(audit_events::table.filter(audit_events::id.eq_any(ids)))
            .set((
                audit_events::detail.eq(None::<String>),
                audit_events::changes.eq(None::<String>),
                audit_events::address.eq(None::<String>),
            ))
            .execute(&mut self.0)?;
        for (id, hash) in rows {
            let Some(hash) = hash else { continue };
            diesel::update(audit_numbers::table.filter(audit_numbers::event_id.eq(id)))
                .set(audit_numbers::personal_hash.eq(hash.to_vec()))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// Ids of the rows about `user` that have personal fields.
    pub fn audit_events_about(&mut self, user: UserId) -> Result<Vec<String>, Error> {
        let personal = audit_events::detail
            .is_not_null()
            .or(audit_events::changes.is_not_null())
            .or(audit_events::address.is_not_null());
        Ok(audit_events::table
            .filter(audit_events::user_id.eq(user.to_string()))
            .filter(personal)
            .select(audit_events::id)
            .load(&mut self.0)?)
    }

    /// How many rows have a number and are in no closed batch yet, and how many have no number yet. Reads the whole
    /// table.
    pub fn unchained_audit_events(&mut self) -> Result<(i64, i64), Error> {
        #[derive(QueryableByName)]
        struct Counts {
            #[diesel(sql_type = BigInt)]
            open: i64,
            #[diesel(sql_type = BigInt)]
            unnumbered: i64,
        }
        let counts: Counts = diesel::sql_query(
            "SELECT (SELECT count(*) FROM audit_numbers WHERE number > \
               (SELECT coalesce(max(last_number), coalesce((SELECT anchor_number FROM audit_chain), 0)) \
                FROM audit_batches)) AS open, \
             (SELECT count(*) FROM audit_events e WHERE NOT e.unproven AND NOT EXISTS \
               (SELECT 1 FROM audit_numbers n WHERE n.event_id = e.id)) AS unnumbered",
        )
        .get_result(&mut self.0)?;
        Ok((counts.open, counts.unnumbered))
    }

    /// The end of the last closed batch, or the anchor if there is none.
    pub fn audit_chain_end(&mut self) -> Result<ChainEnd, Error> {
        let last: Option<(i64, Vec<u8>)> = audit_batches::table
            .order(audit_batches::last_number.desc())
            .select((audit_batches::last_number, audit_batches::digest))
            .first(&mut self.0)
            .optional()?;
        match last {
            Some((number, digest)) => Ok(ChainEnd {
                number,
                digest: to_digest("audit_batches", number, digest)?,
            }),
            None => Ok(self.audit_chain()?.map(|chain| chain.anchor).unwrap_or_default()),
        }
    }
}

/// The smallest id that a row of this moment may have.
fn first_id_at(at: DateTime<Utc>) -> String {
    AuditId::new(at, [0; 10]).to_string()
}

pub(super) fn to_digest(table: &'static str, number: i64, bytes: Vec<u8>) -> Result<ChainDigest, Error> {
    RowContext::new(table, &number.to_string()).valid(ChainDigest::try_from(bytes))
}

fn chained_row(number: Option<NumberRow>, event: Option<EventRow>) -> Result<ChainedRow, Error> {
    let id = match (&event, &number) {
        (Some(event), _) => event.id.clone(),
        (None, Some(number)) => number.event_id.clone(),
        (None, None) => String::new(),
    };
    let personal_hash = match &number {
        Some(NumberRow {
            number,
            personal_hash: Some(hash),
            ..
        }) => Some(to_digest("audit_numbers", *number, hash.clone())?),
        Some(_) | None => None,
    };
    Ok(ChainedRow {
        number: number.map(|number| number.number),
        id,
        personal_hash,
        event: event.map(Into::into),
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_chain)]
struct ChainRow {
    version: i64,
    last_number: i64,
    numbered_from: String,
    sweep_from: Option<String>,
    swept_at: NaiveDateTime,
    anchor_number: i64,
    anchor_digest: Vec<u8>,
}

impl TryFrom<ChainRow> for AuditChain {
    type Error = Error;

    fn try_from(row: ChainRow) -> Result<Self, Error> {
        Ok(Self {
            version: row.version,
            last_number: row.last_number,
            numbered_from: row.numbered_from,
            sweep_from: row.sweep_from,
            swept_at: row.swept_at.and_utc(),
            anchor: ChainEnd {
                number: row.anchor_number,
                digest: to_digest("audit_chain", 1, row.anchor_digest)?,
            },
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_numbers)]
struct NumberRow {
    number: i64,
    event_id: String,
    personal_hash: Option<Vec<u8>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events)]
struct EventRow {
    id: String,
    at: NaiveDateTime,
    action: String,
    outcome: String,
    detail: Option<String>,
    user_id: Option<String>,
    application_id: Option<String>,
    session_id: Option<String>,
    address: Option<String>,
    request_id: Option<String>,
    occurrences: i64,
    unproven: bool,
    actor: Option<String>,
    changes: Option<String>,
}

impl From<EventRow> for ChainedEvent {
    fn from(row: EventRow) -> Self {
        Self {
            at: row.at.and_utc(),
            action: row.action,
            outcome: row.outcome,
            detail: row.detail,
            user: row.user_id,
            application: row.application_id,
            session: row.session_id,
            address: row.address,
            request_id: row.request_id,
            occurrences: row.occurrences,
            unproven: row.unproven,
            actor: row.actor,
            changes: row.changes,
        }
    }
}
