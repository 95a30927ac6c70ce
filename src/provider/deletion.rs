//! People who leave for good: switched off at once, erased a month later, and replaced by nobody.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        audit::AuditEvent,
        id::UserId,
        user::{Email, OwnAttributes, User},
    },
    provider::{Provider, changes, error::Error, tries::lift, users::Changed},
    store::Edited,
};

/// How long a person who was deleted can be had back, and their address is theirs.
pub const KEPT_DELETED: TimeDelta = TimeDelta::days(30);
/// How many are erased in one round of housekeeping.
const A_ROUND: i64 = 20;
/// How many audit rows lose their words in one write: short enough that no sign-on waits for it.
const STEP: usize = 500;

/// When a person who was deleted is erased; none where they were not.
pub fn erased_at(user: &User) -> Option<DateTime<Utc>> {
    user.deleted_at.map(|at| at + KEPT_DELETED)
}

impl Provider {
    /// Deletes a person: from now on as one who is switched off, and erased after [`KEPT_DELETED`]. Until then
    /// switching them on again undoes it.
    pub fn delete_user(&self, email: &Email) -> Result<Changed<User>, Error> {
        let Some(before) = self.user_by_email(email)? else {
            return Ok(Changed::Unknown);
        };
        if before.deleted_at.is_some() {
            return Ok(Changed::Same(before));
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
            changes: changes::of_user(&before, &own, &user, &own),
            ..self.about_user("user.delete", user.id)
        };
        let edited = self.store().write(|tx| {
            let edited = tx.edit_user(&user)?;
            if edited == Edited::Done {
                tx.end_sessions_of(user.id, now, "the person was deleted")?;
                tx.forget_devices(user.id)?;
                tx.add_audit(&event)?;
            }
            Ok(edited)
        })?;
        user.version += 1;
        Ok(match edited {
            Edited::Done => Changed::Done(user),
            Edited::Taken => Changed::Taken,
            Edited::Stale => Changed::Stale,
        })
    }

    /// Erases those whose time is over; how many.
    pub(super) fn erase_deleted(&self) -> Result<usize, Error> {
        let due = self.now() - KEPT_DELETED;
        let mut erased = 0;
        for (user, email) in self.store().read(|tx| tx.deleted_by(due, A_ROUND))? {
            erased += usize::from(self.erase(user, &email, due)?);
        }
        if erased > 0 && !self.store().purge_deleted()? {
            tracing::warn!(
                "the write-ahead log could not be emptied: people who were erased remain in it for a while"
            );
        }
        Ok(erased)
    }

    /// The words of the audit log first: what stops in between is found again by the person's own row.
    fn erase(&self, user: UserId, email: &Email, due: DateTime<Utc>) -> Result<bool, Error> {
        let rows = self.store().read(|tx| tx.audit_rows_naming(user, email))?;
        for rows in rows.chunks(STEP) {
            self.store().write(|tx| tx.erase_audit_words(rows))?;
        }
        let event = self.about_user("user.erase", user);
        Ok(self.store().write(|tx| {
            if !tx.erase_user(user, due)? {
                return Ok(false);
            }
            lift(tx, email)?;
            tx.add_audit(&event)?;
            Ok(true)
        })?)
    }
}
