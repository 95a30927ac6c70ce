//! `answered_requests` and `seen_ids`: what happens once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::id::{ApplicationId, SessionId},
    store::{
        connection::{Tx, with_backend},
        error::Error,
        schema::{answered_requests, seen_ids},
    },
};

impl Tx {
    /// Notes that a request is answered for `session`. `false` if it was answered for another one; the
    /// same one may have it again, as after a reload.
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
        // The insert decides; a row is never changed after it, so reading it afterwards is safe. (An
        // upsert would do both, but diesel prepares it anew each time.)
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(answered_requests::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 1 {
            return Ok(true);
        }
        let before = answered_requests::table
            .find((application.to_string(), request_id))
            .filter(answered_requests::session_id.eq(session.to_string()));
        Ok(diesel::select(diesel::dsl::exists(before)).get_result(&mut self.0)?)
    }

    /// Notes that a message was seen; `false` if it was seen before.
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
