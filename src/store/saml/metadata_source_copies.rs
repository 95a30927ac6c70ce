//! `metadata_source_copies`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{id::MetadataSourceId, metadata_source::AcceptedAggregate},
    store::{
        connection::{Tx, with_backend},
        error::Error,
        schema::metadata_source_copies,
    },
};

impl Tx {
    /// The accepted aggregates of `source`, the one in use first.
    pub fn accepted_aggregates(&mut self, source: MetadataSourceId) -> Result<Vec<AcceptedAggregate>, Error> {
        Ok(metadata_source_copies::table
            .filter(metadata_source_copies::source_id.eq(source.to_string()))
            .order(metadata_source_copies::round.desc())
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(AcceptedAggregate::from)
            .collect())
    }

    /// Records that `copy` of `source` is in use now, and removes older ones that have expired:
    /// they cannot be accepted again.
    pub fn record_accepted_aggregate(
        &mut self,
        source: MetadataSourceId,
        copy: &AcceptedAggregate,
    ) -> Result<(), Error> {
        let row = Row::new(source, copy);
        with_backend!(&mut self.0, |c| diesel::insert_into(
            metadata_source_copies::table
        )
        .values(&row)
        .on_conflict((metadata_source_copies::source_id, metadata_source_copies::digest))
        .do_update()
        .set((
            metadata_source_copies::taken_at.eq(row.taken_at),
            metadata_source_copies::round.eq(row.round)
        ))
        .execute(c))?;
        diesel::delete(
            metadata_source_copies::table
                .filter(metadata_source_copies::source_id.eq(&row.source_id))
                .filter(metadata_source_copies::digest.ne(&row.digest))
                .filter(metadata_source_copies::valid_until.le(row.taken_at)),
        )
        .execute(&mut self.0)?;
        Ok(())
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = metadata_source_copies)]
struct Row {
    source_id: String,
    digest: String,
    published_at: Option<NaiveDateTime>,
    valid_until: Option<NaiveDateTime>,
    taken_at: NaiveDateTime,
    round: i64,
}

impl Row {
    fn new(source: MetadataSourceId, copy: &AcceptedAggregate) -> Self {
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.naive_utc());
        Self {
            source_id: source.to_string(),
            digest: copy.digest.clone(),
            published_at: time(copy.published_at),
            valid_until: time(copy.valid_until),
            taken_at: copy.accepted_at.naive_utc(),
            round: copy.round,
        }
    }
}

impl From<Row> for AcceptedAggregate {
    fn from(row: Row) -> Self {
        let time = |time: Option<NaiveDateTime>| time.map(|time| time.and_utc());
        Self {
            digest: row.digest,
            published_at: time(row.published_at),
            valid_until: time(row.valid_until),
            accepted_at: row.taken_at.and_utc(),
            round: row.round,
        }
    }
}
