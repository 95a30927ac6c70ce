//! People who leave for good: switched off at once, erased a month later, and replaced by nobody.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        audit::AuditEvent,
        id::UserId,
        user::{Email, OwnAttributes, User},
    },
    provider::{
        Provider, audit::changes, error::Error, people::users::ChangeOutcome,
        sign_in::throttle::clear_throttle,
    },
    store::EditOutcome,
};

/// How long a person who was deleted can be had back, and their address is theirs.
pub const DELETION_GRACE_PERIOD: TimeDelta = TimeDelta::days(30);
/// How many are erased in one round of housekeeping.
const MAX_ERASED_PER_ROUND: i64 = 20;
/// How many audit rows lose their words in one write: short enough that no sign-on waits for it.
const AUDIT_ROWS_PER_WRITE: usize = 500;

/// When a person who was deleted is erased; none where they were not.
pub fn erasure_time(user: &User) -> Option<DateTime<Utc>> {
    user.deleted_at.map(|at| at + DELETION_GRACE_PERIOD)
}

impl Provider {
    /// Deletes a person: from now on as one who is switched off, and erased after [`KEPT_DELETED`]. Until then
    /// switching them on again undoes it.
    pub fn delete_user(&self, email: &Email) -> Result<ChangeOutcome<User>, Error> {
        let Some(before) = self.user_by_email(email)? else {
            return Ok(ChangeOutcome::Unknown);
        };
        if before.deleted_at.is_some() {
            return Ok(ChangeOutcome::Unchanged(before));
        }
        let now = self.now();
        let mut user = User {
            enabled: false,
            deleted_at: Some(now),
            updated_at: now,
            ..before.clone()
        };
        let own = OwnAttributes::new();
        let event = AuditEvent {
            changes: changes::user_changes(&before, &own, &user, &own),
            ..self.user_event("user.delete", user.id)
        };
        let edited = self.store().write(|tx| {
            let edited = tx.edit_user(&user)?;
            if edited == EditOutcome::Done {
                tx.end_sessions_of(user.id, now, "the person was deleted")?;
                tx.remove_known_devices(user.id)?;
                tx.add_audit_event(&event)?;
            }
            Ok(edited)
        })?;
        user.version += 1;
        Ok(match edited {
            EditOutcome::Done => ChangeOutcome::Done(user),
            EditOutcome::Taken => ChangeOutcome::Taken,
            EditOutcome::Stale => ChangeOutcome::Stale,
        })
    }

    /// Erases those whose time is over; how many.
    pub(in crate::provider) fn erase_deleted(&self) -> Result<usize, Error> {
        let deleted_before = self.now() - DELETION_GRACE_PERIOD;
        let mut erased = 0;
        for (user, email) in self
            .store()
            .read(|tx| tx.users_due_for_erasure(deleted_before, MAX_ERASED_PER_ROUND))?
        {
            erased += usize::from(self.erase_user(user, &email, deleted_before)?);
        }
        if erased > 0 && !self.store().purge_deleted()? {
            tracing::warn!(
                "the write-ahead log could not be emptied: people who were erased remain in it for a while"
            );
        }
        Ok(erased)
    }

    /// The words of the audit log first: what stops in between is found again by the person's own row.
    fn erase_user(&self, user: UserId, email: &Email, deleted_before: DateTime<Utc>) -> Result<bool, Error> {
        let rows = self.store().read(|tx| tx.audit_events_mentioning(user, email))?;
        for rows in rows.chunks(AUDIT_ROWS_PER_WRITE) {
            self.store().write(|tx| tx.erase_audit_text(rows))?;
        }
        let event = self.user_event("user.erase", user);
        Ok(self.store().write(|tx| {
            if !tx.erase_user(user, deleted_before)? {
                return Ok(false);
            }
            clear_throttle(tx, email)?;
            tx.add_audit_event(&event)?;
            Ok(true)
        })?)
    }
}
