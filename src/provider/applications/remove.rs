//! Removing applications.

use crate::{
    model::{application::Slug, audit_action::AuditAction, use_case::UseCase},
    provider::{error::Error, handle::Applications, people::users::ChangeOutcome},
};

impl Applications<'_> {
    /// Removes an application and everything stored about it. Accounts at the application remain.
    pub fn remove_application(&self, slug: &Slug) -> Result<ChangeOutcome<()>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationRemove))?;
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(ChangeOutcome::Unknown);
        };
        let event = self.application_event(AuditAction::ApplicationRemove, found.id);
        let removed = self.store().write_config(|tx| {
            tx.decline_entity(found.id, event.at)?;
            let removed = tx.remove_application(found.id)?;
            if removed {
                tx.remove_unused_metadata_sources()?;
                tx.add_audit_event(&event)?;
            }
            Ok(removed)
        })?;
        Ok(if removed {
            ChangeOutcome::Done(())
        } else {
            ChangeOutcome::Unknown
        })
    }
}
