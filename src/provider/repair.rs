//! Rows that are set aside because they cannot be read: shown, repaired, removed.

use std::sync::Arc;

use crate::{
    model::{
        application::Application,
        audit::AuditEvent,
        unreadable::{UnreadableKind, UnreadableRow},
    },
    provider::{Provider, error::Error},
    store::EditOutcome,
};

/// What became of a repair.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Repaired {
    /// It can be read again, and is switched off; these columns held what could not be read.
    Done {
        /// As it is now.
        application: Box<Application>,
        /// Table and column of each value that is gone.
        lost: Vec<String>,
    },
    /// What cannot be read is what nothing can stand in for.
    Beyond(String),
    /// It can be read.
    NothingWrong,
    /// There is no such application.
    Unknown,
    /// Somebody else changed it at the same moment.
    Stale,
}

impl Provider {
    /// The rows that are set aside.
    pub fn unreadable(&self) -> Result<Arc<Vec<UnreadableRow>>, Error> {
        Ok(Arc::clone(&self.fresh_snapshot()?.unreadable))
    }

    /// Puts what is usual in place of what cannot be read of an application, and switches it off: an administrator is
    /// to look at it before anybody signs in.
    pub fn repair_application(&self, handle: &str) -> Result<Repaired, Error> {
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
            Some(Ok((application, _))) if application.saml.acs_endpoints.is_empty() => {
                return Ok(Repaired::Beyond("none of its ACS URLs can be read".to_owned()));
            }
            Some(Ok(salvaged)) => salvaged,
        };
        application.enabled = false;
        application.updated_at = self.now();
        let event = AuditEvent {
            application: Some(application.id),
            detail: Some(format!("could not be read: {}", lost.join(", "))),
            ..self.event("app.repair", "ok", None)
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

    /// Removes an application or a draft that cannot be read; `false` if there is none.
    pub fn remove_unreadable(&self, handle: &str) -> Result<bool, Error> {
        let all = self.unreadable()?;
        let found = all
            .iter()
            .filter(|row| row.kind != UnreadableKind::SigningKey)
            .find(|row| row.handle() == handle || row.id == handle);
        let Some(row) = found else { return Ok(false) };
        let event = AuditEvent {
            detail: Some(format!("{handle} could not be read: {}", row.cause)),
            ..self.event("app.remove", "ok", None)
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

    /// Removes a key that cannot be read and does not sign; `false` if there is none.
    pub fn remove_unreadable_key(&self, id: &str) -> Result<bool, Error> {
        let all = self.unreadable()?;
        let found = all
            .iter()
            .find(|row| row.kind == UnreadableKind::SigningKey && row.id == id);
        let Some(row) = found else { return Ok(false) };
        let event = AuditEvent {
            detail: Some(format!("{id} could not be read: {}", row.cause)),
            ..self.event("key.remove", "ok", None)
        };
        let removed = self.store().write_config(|tx| {
            let removed = tx.remove_key_row(&row.id)?;
            if removed {
                tx.add_audit_event(&event)?;
            }
            Ok(removed)
        })?;
        if removed && !self.store().purge_deleted()? {
            tracing::warn!(
                "the write-ahead log could not be emptied: what was destroyed remains in it for a while"
            );
        }
        Ok(removed)
    }
}
