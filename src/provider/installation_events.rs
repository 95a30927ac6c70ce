//! What happened to the installation as a whole, for the audit log.

use crate::{
    model::{audit::AuditEvent, audit_action::AuditAction, use_case::UseCase},
    provider::{error::Error, handle::Installations},
};

impl Installations<'_> {
    /// Records that everything was copied, and to where or from what.
    pub fn record(&self, action: AuditAction, detail: String) -> Result<(), Error> {
        let event = self.copied(action, detail)?;
        Ok(self.store().write(|tx| tx.add_audit_event(&event))?)
    }

    /// The same, for whoever writes it along with the copy.
    pub fn copied(&self, action: AuditAction, detail: String) -> Result<AuditEvent, Error> {
        self.may(UseCase::Change(action))?;
        let mut event = self.event(action, "ok", None);
        event.detail = Some(detail);
        Ok(event)
    }
}
