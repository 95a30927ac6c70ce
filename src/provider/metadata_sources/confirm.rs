//! Shows, confirms and rejects pending changes. What is confirmed is exactly what was shown, even if another change has
//! arrived since.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, Slug},
        audit_action::AuditAction,
        metadata_source::{ApplicationMetadataSource, PendingChange},
        use_case::UseCase,
    },
    provider::{
        applications::rules,
        error::Error,
        handle::MetadataSources,
        metadata_sources::{change, source_error::SourceError},
        saml::import::import,
    },
    store::EditOutcome,
};

/// A pending change.
#[derive(Clone, Debug)]
pub struct ProposedChange {
    pub application: Arc<Application>,
    pub change: PendingChange,
    /// What would change, one line each: `- ` is removed, `+ ` is added.
    pub differences: Vec<String>,
    source: ApplicationMetadataSource,
    changed: Application,
}

/// The outcome of an administrator's review.
#[derive(Debug)]
pub enum ChangeReviewOutcome {
    /// In force from the next sign-in on.
    Applied(Box<ProposedChange>),
    /// It will not be proposed again.
    Rejected(Box<ProposedChange>),
    NothingPending,
    /// The pending change is not the one that was named.
    AnotherPending,
    /// The application was edited at the same time.
    Stale,
    /// It can no longer be applied.
    Unusable(SourceError),
}

impl MetadataSources<'_> {
    /// The pending change of the application `slug`; `Err` if it can no longer be read.
    pub fn proposed_change(&self, slug: &Slug) -> Result<Option<Result<ProposedChange, SourceError>>, Error> {
        self.may(UseCase::ReadMetadataSources)?;
        let Some(application) = self.applications(self.actor).application(slug)? else {
            return Ok(None);
        };
        let Some(from) = self
            .store()
            .read(|tx| tx.application_metadata_source(application.id))?
        else {
            return Ok(None);
        };
        Ok(self.proposed_change_of(application, &from))
    }

    /// Applies the pending change, if its ID is exactly `change_id`.
    pub fn confirm_change(&self, slug: &Slug, change_id: &str) -> Result<ChangeReviewOutcome, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationConfirm))?;
        let proposed = match self.proposed_change_by_id(slug, change_id)? {
            Ok(proposed) => proposed,
            Err(otherwise) => return Ok(otherwise),
        };
        if let Err(bad) = rules::check(&proposed.changed) {
            return Ok(ChangeReviewOutcome::Unusable(bad.into()));
        }
        let mut changed = proposed.changed.clone();
        changed.updated_at = self.now();
        let event = self.metadata_event(
            AuditAction::ApplicationConfirm,
            "ok",
            changed.id,
            &proposed.differences.join("; "),
        );
        let edited = self.store().write_config(|tx| {
            if !tx.resolve_pending_change(changed.id, &proposed.change.sha256, false)? {
                return Ok(None);
            }
            let edited = tx.edit_application(&changed)?;
            if edited == EditOutcome::Done {
                tx.record_applied_metadata(&proposed.source)?;
                tx.add_audit_event(&event)?;
            } else {
                tx.record_pending_change(changed.id, &proposed.change)?;
            }
            Ok(Some(edited))
        })?;
        Ok(match edited {
            None => ChangeReviewOutcome::AnotherPending,
            Some(EditOutcome::Done) => ChangeReviewOutcome::Applied(Box::new(proposed)),
            Some(EditOutcome::Stale | EditOutcome::Taken) => ChangeReviewOutcome::Stale,
        })
    }

    /// Rejects the pending change: the application stays as it is, and the same change is not proposed again.
    pub fn reject_change(&self, slug: &Slug, change_id: &str) -> Result<ChangeReviewOutcome, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationConfirm))?;
        let proposed = match self.proposed_change_by_id(slug, change_id)? {
            Ok(proposed) => proposed,
            Err(otherwise) => return Ok(otherwise),
        };
        let id = proposed.application.id;
        let event = self.metadata_event(
            AuditAction::ApplicationConfirm,
            "rejected",
            id,
            &proposed.differences.join("; "),
        );
        let is_rejected = self.store().write(|tx| {
            let is_rejected = tx.resolve_pending_change(id, &proposed.change.sha256, true)?;
            if is_rejected {
                tx.add_audit_event(&event)?;
            }
            Ok(is_rejected)
        })?;
        Ok(if is_rejected {
            ChangeReviewOutcome::Rejected(Box::new(proposed))
        } else {
            ChangeReviewOutcome::AnotherPending
        })
    }

    fn proposed_change_by_id(
        &self,
        slug: &Slug,
        change_id: &str,
    ) -> Result<Result<ProposedChange, ChangeReviewOutcome>, Error> {
        Ok(match self.proposed_change(slug)? {
            None => Err(ChangeReviewOutcome::NothingPending),
            Some(Err(source_error)) => Err(ChangeReviewOutcome::Unusable(source_error)),
            Some(Ok(proposed)) => {
                // The full ID: a prefix could match two.
                if proposed.change.id == change_id {
                    Ok(proposed)
                } else {
                    Err(ChangeReviewOutcome::AnotherPending)
                }
            }
        })
    }

    fn proposed_change_of(
        &self,
        application: Arc<Application>,
        from: &ApplicationMetadataSource,
    ) -> Option<Result<ProposedChange, SourceError>> {
        let change = from.pending_change.clone()?;
        let new = match import(&change.metadata, None, self.now()) {
            Ok(new) => new,
            Err(why) => return Some(Err(why.into())),
        };
        let changed = change::apply_metadata(&application, from, &new);
        let differences = change::differences(&application, &changed);
        Some(Ok(ProposedChange {
            source: ApplicationMetadataSource {
                applied_sha256: change.sha256.clone(),
                ..change::source_after(from, &new, new.valid_until)
            },
            application,
            change,
            differences,
            changed,
        }))
    }
}
