//! Removes expired rows, a batch at a time.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text, Timestamp},
};

use crate::{
    model::id::AuditId,
    store::{
        connection::{AnyConnection, Tx},
        error::Error,
    },
};

/// Tables whose rows expire: name, key, and the column with the expiry time.
const EXPIRING: [(&str, &str, &str); 10] = [
    ("waiting_sign_ons", "id", "expires_at"),
    ("answered_requests", "application_id, request_id", "expires_at"),
    ("seen_ids", "kind, issuer, value", "expires_at"),
    ("login_throttle", "bucket", "forget_at"),
    ("known_devices", "token_hash", "expires_at"),
    ("network_people", "network, user_id", "expires_at"),
    ("one_time_links", "token_hash", "expires_at"),
    ("email_changes", "confirm_hash", "expires_at"),
    ("access_tokens", "sha256", "expires_at"),
    ("refresh_tokens", "sha256", "expires_at"),
];

/// Any of these columns can say that a session is over: it was ended, or it expired.
const SESSION_END_COLUMNS: [&str; 3] = ["ended_at", "expires_at", "idle_expires_at"];

/// How long a logout stays readable after its expiry.
const LOGOUT_RETENTION: TimeDelta = TimeDelta::hours(1);
/// How long a grant of OpenID Connect stays readable after its expiry.
const GRANT_RETENTION: TimeDelta = TimeDelta::days(1);
/// How long a job stays readable, without its payload, after the time at which it is given up. One of a kind that no
/// version here knows is never done, and goes too.
const JOB_RETENTION: TimeDelta = TimeDelta::days(7);

impl Tx {
    /// Removes at most `batch_size` expired rows, including unproven refusals before `unproven_before`;
    /// returns how many. The caller repeats this while a batch is full, and sign-ins can write
    /// between batches. The rest of the audit log goes by whole batches
    /// ([`Self::remove_oldest_audit_batch`]).
    pub fn remove_expired(
        &mut self,
        now: DateTime<Utc>,
        unproven_before: DateTime<Utc>,
        batch_size: i64,
    ) -> Result<usize, Error> {
        let mut removed = 0;
        for (table, key, column) in EXPIRING {
            removed += self.remove_due(table, key, column, now.naive_utc(), batch_size - removed)?;
        }
        // A session that is over is kept for a while: an application may still ask about it, and
        // its participants may still have to receive a LogoutRequest.
        let cutoff = (now - TimeDelta::days(1)).naive_utc();
        for column in SESSION_END_COLUMNS {
            removed += self.remove_due("sessions", "id", column, cutoff, batch_size - removed)?;
        }
        // By then the end of an expired logout has been recorded; it may still be looked at.
        let cutoff = (now - LOGOUT_RETENTION).naive_utc();
        removed += self.remove_due("logouts", "id", "expires_at", cutoff, batch_size - removed)?;
        // What belongs to it goes with it. Until then a code or a token that comes again is recognized.
        let cutoff = (now - GRANT_RETENTION).naive_utc();
        for column in ["expires_at", "ended_at"] {
            removed += self.remove_due("oidc_grants", "id", column, cutoff, batch_size - removed)?;
        }
        let cutoff = (now - JOB_RETENTION).naive_utc();
        removed += self.remove_due("jobs", "id", "expires_at", cutoff, batch_size - removed)?;
        removed += self.remove_unproven(unproven_before, batch_size - removed)?;
        Ok(usize::try_from(removed).unwrap_or(0))
    }

    fn remove_due(
        &mut self,
        table: &str,
        key: &str,
        column: &str,
        due: NaiveDateTime,
        limit: i64,
    ) -> Result<i64, Error> {
        if limit <= 0 {
            return Ok(0);
        }
        let skip = self.skip_locked();
        let rows = diesel::sql_query(format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE {column} <= $1 LIMIT $2{skip})"
        ))
        .bind::<Timestamp, _>(due)
        .bind::<BigInt, _>(limit)
        .execute(&mut self.0)?;
        Ok(i64::try_from(rows).unwrap_or(limit))
    }

    /// Ids sort by creation time, so the primary key finds the oldest. The table has no index on
    /// time, which every sign-in would have to update.
    fn remove_unproven(&mut self, before: DateTime<Utc>, limit: i64) -> Result<i64, Error> {
        if limit <= 0 {
            return Ok(0);
        }
        let skip = self.skip_locked();
        let rows = diesel::sql_query(format!(
            "DELETE FROM audit_events WHERE id IN \
             (SELECT id FROM audit_events WHERE id < $1 AND unproven ORDER BY id LIMIT $2{skip})"
        ))
        .bind::<Text, _>(AuditId::new(before, [0; 10]).to_string())
        .bind::<BigInt, _>(limit)
        .execute(&mut self.0)?;
        Ok(i64::try_from(rows).unwrap_or(limit))
    }

    /// Two replicas that clean up at the same time skip each other's rows.
    pub(super) fn skip_locked(&self) -> &'static str {
        match &self.0 {
            AnyConnection::Postgres(_) => " FOR UPDATE SKIP LOCKED",
            AnyConnection::Sqlite(_) => "",
        }
    }
}
