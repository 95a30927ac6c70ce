//! Deleting users: they are disabled at once and erased a month later, and until then nobody else can have their e-mail
//! address.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        actor::Actor,
        audit::AuditEvent,
        audit_action::AuditAction,
        id::UserId,
        use_case::UseCase,
        user::{Email, OwnAttributes, User},
    },
    provider::{
        audit::changes, error::Error, handle::People, people::users::ChangeOutcome,
        sign_in::throttle::clear_throttle,
    },
    store::EditOutcome,
};

/// How long a deleted user can be restored, and their e-mail address stays theirs.
pub const DELETION_GRACE_PERIOD: TimeDelta = TimeDelta::days(30);
/// How many users one housekeeping run erases.
const MAX_ERASED_PER_ROUND: i64 = 20;

/// When a deleted user will be erased; `None` if the user is not deleted.
pub fn erasure_time(user: &User) -> Option<DateTime<Utc>> {
    user.deleted_at.map(|at| at + DELETION_GRACE_PERIOD)
}

impl People<'_> {
    /// Deletes a user: disabled from now on, and erased after [`DELETION_GRACE_PERIOD`]. Until then, enabling the user
    /// undoes it.
    pub fn delete_user(&self, email: &Email) -> Result<ChangeOutcome<User>, Error> {
        let change = UseCase::Change(AuditAction::UserDelete);
        self.may(change)?;
        let Some(before) = self.user_by_email(email)? else {
            return Ok(ChangeOutcome::Unknown);
        };
        self.may_change(change, before.role)?;
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
            ..self.user_event(AuditAction::UserDelete, user.id)
        };
        let edited = self.store().write(|tx| {
            tx.keeps_an_owner(|tx| {
                let edited = tx.edit_user(&user)?;
                if edited == EditOutcome::Done {
                    tx.end_sessions_of(user.id, now, "the person was deleted")?;
                    tx.end_grants_of_user(user.id, None, now)?;
                    tx.remove_known_devices(user.id)?;
                    tx.remove_one_time_links(user.id)?;
                    tx.add_audit_event(&event)?;
                }
                Ok(edited)
            })
        })?;
        user.version += 1;
        Ok(match edited {
            EditOutcome::Done => ChangeOutcome::Done(user),
            EditOutcome::Taken => ChangeOutcome::Taken,
            EditOutcome::Stale => ChangeOutcome::Stale,
        })
    }

    /// Erases the deleted users whose grace period is over; returns how many.
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

    /// Erases the personal fields in the audit log first: if that is interrupted, the user's row is still there, and the
    /// next run starts again.
    fn erase_user(&self, user: UserId, email: &Email, deleted_before: DateTime<Utc>) -> Result<bool, Error> {
        self.audit(&Actor::Itself).erase_personal_fields(user, email)?;
        let event = self.user_event(AuditAction::UserErase, user);
        Ok(self.store().write(|tx| {
            if !tx.erase_user(user, deleted_before)? {
                return Ok(false);
            }
            clear_throttle(tx, user, email)?;
            tx.add_audit_event(&event)?;
            Ok(true)
        })?)
    }
}
