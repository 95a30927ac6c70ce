//! `login_throttle`: counts of sign-in attempts.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    query_builder::BoxedSqlQuery,
    sql_types::{Text, Timestamp},
};

use crate::{
    model::throttle::{RateLimit, ThrottlePolicy},
    store::{
        connection::{AnyConnection, Tx},
        error::Error,
        schema::login_throttle,
    },
};

impl Tx {
    /// Counts an attempt before the password is checked, so that concurrent attempts cannot pass
    /// together. It is one statement, which changes nothing while the bucket is blocked.
    pub fn count_attempt(
        &mut self,
        bucket: &str,
        limit: &ThrottlePolicy,
        now: DateTime<Utc>,
    ) -> Result<RateLimit, Error> {
        let (sql, times) = counting_statement(limit, now);
        let counted = match &mut self.0 {
            AnyConnection::Postgres(c) => {
                let query = diesel::sql_query(sql).into_boxed().bind::<Text, _>(bucket);
                times
                    .into_iter()
                    .fold(query, BoxedSqlQuery::bind::<Timestamp, _>)
                    .execute(c)?
            }
            AnyConnection::Sqlite(c) => {
                let query = diesel::sql_query(sql).into_boxed().bind::<Text, _>(bucket);
                times
                    .into_iter()
                    .fold(query, BoxedSqlQuery::bind::<Timestamp, _>)
                    .execute(c)?
            }
        };
        if counted == 1 {
            return Ok(RateLimit::Allowed);
        }
        let blocked = login_throttle::table
            .find(bucket)
            .select(login_throttle::blocked_until)
            .first::<NaiveDateTime>(&mut self.0)
            .optional()?;
        // If the pause was lifted just now, the next attempt passes at once.
        Ok(RateLimit::RetryAfter(
            blocked.map_or(now, |until| until.and_utc().max(now)),
        ))
    }

    /// Until when a bucket is blocked, if it is blocked now; counts nothing.
    pub fn blocked_until(
        &mut self,
        bucket: &str,
        limit: &ThrottlePolicy,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let until = login_throttle::table
            .find(bucket)
            .filter(login_throttle::blocked_until.gt(now.naive_utc()))
            // A pause longer than the longest one was set by a clock that has since been set back.
            .filter(login_throttle::blocked_until.le((now + limit.max_pause()).naive_utc()))
            .select(login_throttle::blocked_until)
            .first::<NaiveDateTime>(&mut self.0)
            .optional()?;
        Ok(until.map(|until| until.and_utc()))
    }

    /// Takes back the attempt counted at `counted_at` under the same limit, and lifts the pause if
    /// that attempt began it. A pause that another attempt began stays: otherwise anyone who can
    /// sign in to some account could free the bucket for the next guess.
    pub fn refund_attempt(
        &mut self,
        bucket: &str,
        limit: &ThrottlePolicy,
        counted_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        // `forget_at` was set by the last attempt that was counted.
        diesel::sql_query(
            "UPDATE login_throttle SET \
             blocked_until = CASE WHEN forget_at = $1 THEN $2 ELSE blocked_until END, \
             failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END WHERE bucket = $3",
        )
        .bind::<Timestamp, _>((counted_at + limit.forget_after).naive_utc())
        .bind::<Timestamp, _>(NOT_BLOCKED)
        .bind::<Text, _>(bucket)
        .execute(&mut self.0)?;
        Ok(())
    }

    pub fn clear_attempts(&mut self, bucket: &str) -> Result<(), Error> {
        diesel::delete(login_throttle::table.find(bucket)).execute(&mut self.0)?;
        Ok(())
    }

    /// Clears every bucket whose name begins with `prefix`, which must contain no `%` and no `_`.
    pub fn clear_attempts_with_prefix(&mut self, prefix: &str) -> Result<(), Error> {
        let all = login_throttle::table.filter(login_throttle::bucket.like(format!("{prefix}%")));
        diesel::delete(all).execute(&mut self.0)?;
        Ok(())
    }

    /// Whether a bucket holds an attempt that is not yet forgotten.
    pub fn has_attempts(&mut self, bucket: &str, now: DateTime<Utc>) -> Result<bool, Error> {
        let held = login_throttle::table
            .find(bucket)
            .filter(login_throttle::failures.gt(0))
            .filter(login_throttle::forget_at.gt(now.naive_utc()));
        Ok(diesel::select(diesel::dsl::exists(held)).get_result(&mut self.0)?)
    }

    pub fn attempts(&mut self, bucket: &str) -> Result<i64, Error> {
        let failures = login_throttle::table
            .find(bucket)
            .select(login_throttle::failures);
        Ok(failures.first(&mut self.0).optional()?.unwrap_or(0))
    }
}

/// Means no pause. Not `now`, because the clock of another replica may be slightly behind.
const NOT_BLOCKED: NaiveDateTime = DateTime::UNIX_EPOCH.naive_utc();

/// The statement that counts, and its times from `$2` on. SQLite numbers `$n` by first appearance,
/// so they must appear in order.
fn counting_statement(limit: &ThrottlePolicy, now: DateTime<Utc>) -> (String, Vec<NaiveDateTime>) {
    let until = |count: u32| match limit.pause(count) {
        pause if pause.is_zero() => NOT_BLOCKED,
        pause => (now + pause).naive_utc(),
    };
    let mut times = vec![
        until(1),
        (now + limit.forget_after).naive_utc(),
        now.naive_utc(),
        NOT_BLOCKED,
    ];
    let count = "CASE WHEN login_throttle.forget_at <= $4 THEN 1 ELSE login_throttle.failures + 1 END";
    let free = limit.free.max(1);
    let mut arms = vec![format!("CASE WHEN {count} < {free} THEN $5")];
    for step in free..=limit.attempts_until_longest_pause() {
        times.push(until(step));
        let place = times.len() + 1;
        arms.push(if step < limit.attempts_until_longest_pause() {
            format!(" WHEN {count} = {step} THEN ${place}")
        } else {
            format!(" ELSE ${place} END")
        });
    }
    // A pause longer than the longest one was set by a clock that has since been set back; it
    // blocks nobody.
    times.push((now + limit.max_pause()).naive_utc());
    let longest = times.len() + 1;
    let sql = format!(
        "INSERT INTO login_throttle (bucket, failures, blocked_until, forget_at) VALUES ($1, 1, $2, $3) \
         ON CONFLICT (bucket) DO UPDATE SET forget_at = $3, failures = {count}, blocked_until = {} \
         WHERE login_throttle.blocked_until <= $4 OR login_throttle.blocked_until > ${longest}",
        arms.concat()
    );
    (sql, times)
}
