//! Who may administer what.

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        role::Role,
        use_case::UseCase,
        user::{Email, OwnAttributes, User},
    },
    provider::{audit::changes, error::Error, handle::People, people::users::ChangeOutcome},
    store::{EditOutcome, Tx},
};

impl People<'_> {
    /// Gives somebody a role, or takes theirs away. It holds from their next request on.
    ///
    /// # Errors
    ///
    /// `NoOwnerLeft` of the store, if they are the last owner who can sign in.
    pub fn set_role(&self, email: &Email, role: Option<Role>) -> Result<ChangeOutcome<User>, Error> {
        let change = UseCase::Change(AuditAction::UserRole);
        self.may(change)?;
        let Some(before) = self.user_by_email(email)? else {
            return Ok(ChangeOutcome::Unknown);
        };
        self.may_change(change, before.role)?;
        if before.role == role {
            return Ok(ChangeOutcome::Unchanged(before));
        }
        let mut user = User {
            role,
            updated_at: self.now(),
            ..before.clone()
        };
        let own = OwnAttributes::new();
        let event = AuditEvent {
            changes: changes::user_changes(&before, &own, &user, &own),
            ..self.user_event(AuditAction::UserRole, user.id)
        };
        let edited = self.store().write(|tx| {
            tx.keeps_an_owner(|tx| {
                let edited = tx.edit_user(&user)?;
                if edited == EditOutcome::Done {
                    // A link that was made for somebody who could do less, or more.
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

    /// Whether there is an owner who can sign in.
    pub fn has_owner(&self) -> Result<bool, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(Tx::has_owner)?)
    }
}
