//! Whether the database accepts writes, judged by recent writes; the heartbeat ensures that there
//! always is one.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};

use crate::store::{
    connection::Tx,
    error::Error,
    schema::{audit_events, heartbeat},
};

/// While the database is healthy, the last write is at most this old.
pub(super) const MAX_WRITE_AGE: Duration = Duration::from_secs(5);

/// When a write last succeeded, and when one last failed.
#[derive(Debug, Default)]
pub(super) struct WriteHealth(Mutex<LastWrites>);

#[derive(Debug, Default)]
struct LastWrites {
    succeeded: Option<Instant>,
    failed: Option<Instant>,
}

impl WriteHealth {
    pub(super) fn record<T>(&self, result: &Result<T, Error>, now: Instant) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => last.succeeded = Some(now),
            Err(error) if is_database_failure(error) => last.failed = Some(now),
            Err(_) => {}
        }
    }

    /// How long ago the last write succeeded.
    pub(super) fn last_write_age(&self, now: Instant) -> Option<Duration> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.succeeded.map(|made| now.duration_since(made))
    }

    /// Whether a write succeeded recently and none failed recently: on a full disk, small writes
    /// may still succeed.
    pub(super) fn is_healthy(&self, now: Instant) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: Option<Instant>| at.is_some_and(|at| now.duration_since(at) <= MAX_WRITE_AGE);
        recent(last.succeeded) && !recent(last.failed)
    }
}

/// Whether a write failed because of the database, and not because of the data.
fn is_database_failure(error: &Error) -> bool {
    match error {
        Error::Database(DieselError::DatabaseError(kind, _)) => !matches!(
            kind,
            DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::ForeignKeyViolation
                | DatabaseErrorKind::NotNullViolation
                | DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::SerializationFailure
        ),
        Error::Pool(_) | Error::Connect(_) | Error::Unresponsive | Error::FileMissing { .. } => true,
        Error::Database(_)
        | Error::Url(_)
        | Error::CreateFile { .. }
        | Error::TooNew { .. }
        | Error::Migration(_)
        | Error::Backup { .. }
        | Error::Corrupt { .. }
        | Error::UnknownColumnType(_)
        | Error::DifferentTables(_)
        | Error::RowsMissing { .. }
        | Error::ChangedMeanwhile
        | Error::NoOwnerLeft
        | Error::PeopleChanged
        | Error::Copy { .. } => false,
    }
}

impl Tx {
    /// When the database was last written to, as far as its rows tell: a daemon writes its heartbeat unless it has just
    /// written something else, and that has an audit event.
    pub fn last_write(&mut self) -> Result<Option<DateTime<Utc>>, Error> {
        let beat = heartbeat::table.find(1).select(heartbeat::at);
        let beat = beat.first::<NaiveDateTime>(&mut self.0).optional()?;
        let event = audit_events::table.select(diesel::dsl::max(audit_events::at));
        let event = event.first::<Option<NaiveDateTime>>(&mut self.0)?;
        Ok(beat.max(event).map(|at| at.and_utc()))
    }

    /// Updates the heartbeat row, so that there is always a recent write.
    pub fn write_heartbeat(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        diesel::update(heartbeat::table.find(1))
            .set(heartbeat::at.eq(now.naive_utc()))
            .execute(&mut self.0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_and_a_failure_count_for_five_seconds() {
        let health = WriteHealth::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let full = || {
            let why = Box::new("database or disk is full".to_owned());
            Err::<(), _>(Error::Database(DieselError::DatabaseError(
                DatabaseErrorKind::Unknown,
                why,
            )))
        };
        assert!(!health.is_healthy(begin), "nothing was written yet");
        health.record(&Ok(()), begin);
        assert!(health.is_healthy(at(5)));
        assert!(!health.is_healthy(at(6)));
        health.record(&full(), at(6));
        health.record(&Ok(()), at(7));
        assert!(
            !health.is_healthy(at(8)),
            "a small write found room beside one that did not"
        );
        health.record(&Ok(()), at(12));
        assert!(health.is_healthy(at(12)));
        let twice = Box::new("twice".to_owned());
        let refused = Error::Database(DieselError::DatabaseError(
            DatabaseErrorKind::UniqueViolation,
            twice,
        ));
        health.record(&Err::<(), _>(refused), at(12));
        assert!(
            health.is_healthy(at(13)),
            "what was written was wrong, not the database"
        );
    }
}
