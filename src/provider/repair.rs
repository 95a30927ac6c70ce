//! Lists, repairs and removes rows that are set aside because they cannot be read.

use std::sync::Arc;

use crate::{
    model::{
        application::Application,
        audit::AuditEvent,
        audit_action::AuditAction,
        unreadable::{UnreadableKind, UnreadableRow},
        use_case::UseCase,
    },
    provider::{error::Error, handle::Repair},
    store::EditOutcome,
};

/// The outcome of a repair.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Repaired {
    /// The application can be read again, and is disabled.
    Done {
        application: Box<Application>,
        /// Each value that was replaced or dropped, by table and column.
        lost: Vec<String>,
    },
    /// The reason why a repair is impossible: no default can replace what cannot be read.
    Beyond(String),
    /// The application can be read.
    NothingWrong,
    /// No application has this slug or ID.
    Unknown,
    /// The application was changed at the same time.
    Stale,
}

impl Repair<'_> {
    /// The rows that are set aside, in the current generation.
    pub fn unreadable(&self) -> Result<Arc<Vec<UnreadableRow>>, Error> {
        self.may(UseCase::ReadInstallation)?;
        Ok(Arc::clone(&self.fresh_snapshot()?.unreadable))
    }

    /// Replaces each unreadable value of an application by its default, or drops it, and disables the application: an
    /// administrator must check it before users sign in to it again.
    pub fn repair_application(&self, handle: &str) -> Result<Repaired, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationRepair))?;
        let salvaged = self.store().read(|tx| {
            let Some(id) = tx.application_named(handle)? else {
                return Ok(None);
            };
            Ok(Some(match tx.salvage_application(&id) {
                Ok(Some(salvaged)) => Ok(salvaged),
                Ok(None) => Err("it speaks no protocol that this version knows".to_owned()),
                Err(error) if error.is_unreadable() => Err(error.to_string()),
                Err(error) => return Err(error),
            }))
        })?;
        let (mut application, lost) = match salvaged {
            None => return Ok(Repaired::Unknown),
            Some(Err(why)) => return Ok(Repaired::Beyond(why)),
            Some(Ok((_, lost))) if lost.is_empty() => return Ok(Repaired::NothingWrong),
            Some(Ok((application, _)))
                if application.saml().is_some_and(|sp| sp.acs_endpoints.is_empty()) =>
            {
                return Ok(Repaired::Beyond("none of its ACS URLs can be read".to_owned()));
            }
            Some(Ok(salvaged)) => salvaged,
        };
        application.enabled = false;
        application.updated_at = self.now();
        let event = AuditEvent {
            application: Some(application.id),
            detail: Some(format!("could not be read: {}", lost.join(", "))),
            ..self.event(AuditAction::ApplicationRepair, "ok", None)
        };
        let edited = self.store().write_config(|tx| {
            let edited = tx.edit_application(&application)?;
            if edited == EditOutcome::Done {
                tx.add_audit_event(&event)?;
            }
            Ok(edited)
        })?;
        application.version += 1;
        Ok(match edited {
            EditOutcome::Done => Repaired::Done {
                application: Box::new(application),
                lost,
            },
            EditOutcome::Stale | EditOutcome::Taken => Repaired::Stale,
        })
    }

    /// Removes an unreadable application or draft; returns `false` if no such row has this slug or ID.
    pub fn remove_unreadable(&self, handle: &str) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationRemove))?;
        let all = self.unreadable()?;
        let found = all
            .iter()
            .filter(|row| row.kind != UnreadableKind::SigningKey)
            .find(|row| row.handle() == handle || row.id == handle);
        let Some(row) = found else { return Ok(false) };
        let event = AuditEvent {
            detail: Some(format!("{handle} could not be read: {}", row.cause)),
            ..self.event(AuditAction::ApplicationRemove, "ok", None)
        };
        Ok(self.store().write_config(|tx| {
            let removed = match row.kind {
                UnreadableKind::Draft => {
                    tx.remove_metadata_address(&row.id)?;
                    tx.remove_draft_row(&row.id)?
                }
                UnreadableKind::Application | UnreadableKind::SigningKey => {
                    tx.remove_application_row(&row.id)?
                }
            };
            if removed {
                tx.remove_unused_metadata_sources()?;
                tx.add_audit_event(&event)?;
            }
            Ok(removed)
        })?)
    }

    /// Removes an unreadable key that is not the active one; returns `false` if no such key has this ID.
    pub fn remove_unreadable_key(&self, id: &str) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::KeyRemove))?;
        let all = self.unreadable()?;
        let found = all
            .iter()
            .find(|row| row.kind == UnreadableKind::SigningKey && row.id == id);
        let Some(row) = found else { return Ok(false) };
        let event = AuditEvent {
            detail: Some(format!("{id} could not be read: {}", row.cause)),
            ..self.event(AuditAction::KeyRemove, "ok", None)
        };
        let removed = self.store().write_config(|tx| {
            let removed = tx.remove_key_row(&row.id)?;
            if removed {
                tx.add_audit_event(&event)?;
            }
            Ok(removed)
        })?;
        if removed {
            self.keys(self.actor).purge_destroyed_key()?;
        }
        Ok(removed)
    }
}
