//! Application drafts, for applications whose administrators need our metadata before they can provide theirs.

use crate::{
    model::{
        application::Slug, audit::AuditEvent, audit_action::AuditAction, rollover::ApplicationDraft,
        use_case::UseCase,
    },
    provider::{error::Error, handle::Applications, people::users::ChangeOutcome},
    store::Tx,
};

/// Upper bound for the number that is appended to a slug that is taken.
const MAX_NUMBERED_SLUGS: u32 = 100;

impl Applications<'_> {
    /// Reserves a name, and with it a metadata address, for a future application. Without `slug`, the slug is derived
    /// from `name`. A draft that exists already is returned as `Unchanged`.
    pub fn add_draft(
        &self,
        name: &str,
        slug: Option<&Slug>,
    ) -> Result<ChangeOutcome<ApplicationDraft>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationDraft))?;
        let wanted = slug.cloned().unwrap_or_else(|| Slug::from_name(name));
        let known = self
            .drafts()?
            .into_iter()
            .find(|draft| draft.name == name && slug.is_none_or(|slug| draft.slug == *slug));
        if let Some(draft) = known {
            return Ok(ChangeOutcome::Unchanged(draft));
        }
        let mut draft = ApplicationDraft {
            slug: wanted.clone(),
            name: name.to_owned(),
            created_at: self.now(),
        };
        for number in 2..MAX_NUMBERED_SLUGS {
            let event = self.draft_event(AuditAction::ApplicationDraft, &draft.slug);
            let added = self.store().write_config(|tx| {
                let added = tx.add_application_draft(&draft)?;
                if added {
                    tx.add_audit_event(&event)?;
                }
                Ok(added)
            })?;
            if added {
                return Ok(ChangeOutcome::Done(draft));
            }
            if slug.is_some() {
                break;
            }
            draft.slug = wanted.with_number(number);
        }
        Ok(ChangeOutcome::Taken)
    }

    /// All drafts, by name.
    pub fn drafts(&self) -> Result<Vec<ApplicationDraft>, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(self.store().read(Tx::application_drafts)?)
    }

    /// Removes a draft, and the record of who fetched the metadata from its address.
    pub fn remove_draft(&self, slug: &Slug) -> Result<ChangeOutcome<()>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationDraft))?;
        let event = self.draft_event(AuditAction::ApplicationRemove, slug);
        let removed = self.store().write_config(|tx| {
            let removed = tx.remove_application_draft(slug)?;
            if removed {
                tx.remove_metadata_address(slug.as_str())?;
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

    fn draft_event(&self, action: AuditAction, slug: &Slug) -> AuditEvent {
        AuditEvent {
            detail: Some(format!("draft {slug}")),
            ..self.event(action, "ok", None)
        }
    }
}
