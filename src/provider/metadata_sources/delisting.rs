//! Disables applications that their source no longer lists, and enables them again when it does.

use crate::{
    model::{
        application::Application, audit_action::AuditAction, metadata_source::ApplicationMetadataSource,
    },
    provider::{error::Error, handle::MetadataSources},
    store::EditOutcome,
};

impl MetadataSources<'_> {
    /// Disables an application that its source no longer lists: what left a federation is no longer trusted. Returns
    /// its slug if this changed anything.
    pub(super) fn disable_delisted(&self, from: &ApplicationMetadataSource) -> Result<Option<String>, Error> {
        let now = self.now();
        let Some(found) = self
            .store()
            .read(|tx| tx.readable_application(from.application))?
        else {
            return Ok(None);
        };
        let changed = Application {
            enabled: false,
            updated_at: now,
            ..found.clone()
        };
        let detail = "its source no longer lists it";
        let event = self.metadata_event(AuditAction::ApplicationDisable, "gone", found.id, detail);
        let is_done = self.store().write_config(|tx| {
            if !tx.set_delisted_at(found.id, Some(now))? {
                return Ok(false);
            }
            if found.enabled && tx.edit_application(&changed)? != EditOutcome::Done {
                // An administrator edited it at the same time: the next fetch tries again.
                tx.set_delisted_at(found.id, None)?;
                return Ok(false);
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        if is_done {
            tracing::warn!(app.id = %found.id, "its source no longer lists the application: it is switched off");
        }
        Ok(is_done.then(|| found.slug.as_str().to_owned()))
    }

    /// Records that its source lists it again; enables it if nobody edited it since it was disabled.
    pub(super) fn re_enable(&self, from: &ApplicationMetadataSource) -> Result<Option<String>, Error> {
        let Some(found) = self
            .store()
            .read(|tx| tx.readable_application(from.application))?
        else {
            return Ok(None);
        };
        let is_untouched = !found.enabled && Some(found.updated_at) == from.delisted_at;
        let changed = Application {
            enabled: true,
            updated_at: self.now(),
            ..found.clone()
        };
        let detail = "its source lists it again";
        let event = self.metadata_event(AuditAction::ApplicationEnable, "back", found.id, detail);
        let is_on = self.store().write_config(|tx| {
            if !tx.set_delisted_at(found.id, None)? || !is_untouched {
                return Ok(false);
            }
            let is_on = tx.edit_application(&changed)? == EditOutcome::Done;
            if is_on {
                tx.add_audit_event(&event)?;
            }
            Ok(is_on)
        })?;
        Ok(is_on.then(|| found.slug.as_str().to_owned()))
    }
}
