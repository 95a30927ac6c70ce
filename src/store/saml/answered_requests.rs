//! `answered_requests` and `seen_ids`: what may happen only once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::id::{ApplicationId, SessionId},
    store::{
        connection::{AnyConnection, Tx, with_backend},
        error::Error,
        schema::{answered_requests, seen_ids},
    },
};

impl Tx {
    /// Records that a request was answered in `session`. Returns `false` if it was answered in
    /// another session; the same session may get the Response again, for example after a reload.
    pub fn mark_request_answered(
        &mut self,
        application: ApplicationId,
        request_id: &str,
        session: SessionId,
        until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = (
            answered_requests::application_id.eq(application.to_string()),
            answered_requests::request_id.eq(request_id),
            answered_requests::session_id.eq(session.to_string()),
            answered_requests::expires_at.eq(until.naive_utc()),
        );
        // The insert decides. A row never changes after it, so reading it afterwards is safe. (An
        // upsert would do both, but diesel does not cache its prepared statement.)
        let rows = match &mut self.0 {
            // Unlike ON CONFLICT, diesel knows this statement by its type.
            AnyConnection::Sqlite(c) => diesel::insert_or_ignore_into(answered_requests::table)
                .values(row)
                .execute(c)?,
            AnyConnection::Postgres(c) => diesel::insert_into(answered_requests::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(c)?,
        };
        if rows == 1 {
            return Ok(true);
        }
        let before = answered_requests::table
            .find((application.to_string(), request_id))
            .filter(answered_requests::session_id.eq(session.to_string()));
        Ok(diesel::select(diesel::dsl::exists(before)).get_result(&mut self.0)?)
    }

    /// Records that a message was seen; returns `false` if it was seen before.
    pub fn mark_message_seen(
        &mut self,
        kind: &str,
        issuer: &str,
        value: &str,
        until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = (
            seen_ids::kind.eq(kind),
            seen_ids::issuer.eq(issuer),
            seen_ids::value.eq(value),
            seen_ids::expires_at.eq(until.naive_utc()),
        );
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(seen_ids::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(rows == 1)
    }
}
