//! Records refusals in the audit log.

use crate::{
    model::{audit::AuditEvent, audit_action::AuditAction, reference::Reference},
    provider::{
        audit::refusal_counter::{MinuteFlush, RefusalStorage, SuppressedRefusals},
        core::Provider,
        error::Error,
        visitor::Visitor,
    },
    store::Tx,
};

#[derive(Debug)]
pub(in crate::provider) struct RecordedRefusal {
    /// Identifies the row.
    pub(in crate::provider) reference: Reference,
    /// Whether it has a row of its own, and therefore a line in the log.
    pub(in crate::provider) is_logged: bool,
}

impl Provider {
    /// Stores a refusal, or only counts it if there are too many.
    pub(in crate::provider) fn count_refusal(&self, event: &AuditEvent) -> Result<RecordedRefusal, Error> {
        let (written, flush) = self
            .0
            .refusal_counter
            .lock()
            .map_err(|_poisoned| Error::Poisoned)?
            .count(event);
        let is_shown = matches!(written, RefusalStorage::OwnRow | RefusalStorage::Folded(_));
        if is_shown || !flush.rows.is_empty() {
            self.store().write(|tx| write_rows(tx, event, &written, &flush))?;
        }
        Ok(recorded_refusal(event, written, &flush))
    }

    /// Like [`Self::count_refusal`], with other writes in the same transaction, which takes place in any case.
    pub(in crate::provider) fn count_refusal_with(
        &self,
        event: &AuditEvent,
        beside: impl FnOnce(&mut Tx) -> Result<(), crate::store::Error>,
    ) -> Result<RecordedRefusal, Error> {
        let (written, flush) = self
            .0
            .refusal_counter
            .lock()
            .map_err(|_poisoned| Error::Poisoned)?
            .count(event);
        self.store().write(|tx| {
            beside(tx)?;
            write_rows(tx, event, &written, &flush)
        })?;
        Ok(recorded_refusal(event, written, &flush))
    }

    /// Records a refusal of an unauthenticated sender: neither a signature nor a signed-in user. Returns its reference.
    pub(in crate::provider) fn record_unproven_refusal(
        &self,
        action: AuditAction,
        code: &'static str,
        visitor: &Visitor,
    ) -> Result<Reference, Error> {
        let mut event = self.event(action, code, Some(visitor));
        event.unauthenticated = true;
        let recorded = self.count_refusal(&event)?;
        let reference = recorded.reference;
        if recorded.is_logged {
            tracing::info!(action = action.as_str(), code, %reference, "refused");
        }
        Ok(reference)
    }

    /// Writes what was counted and not yet written; called by the housekeeping timer and at shutdown.
    pub fn flush_audit(&self) -> Result<(), Error> {
        let flush = {
            let mut refusals = self
                .0
                .refusal_counter
                .lock()
                .map_err(|_poisoned| Error::Poisoned)?;
            let mut flush = refusals.start_minute(self.now());
            flush.rows.extend(refusals.take_unwritten());
            flush
        };
        log_suppressed(&flush.log_lines);
        if flush.rows.is_empty() {
            return Ok(());
        }
        Ok(self.store().write(|tx| {
            flush
                .rows
                .iter()
                .try_for_each(|(key, row)| tx.fold_audit_event(row, key))
        })?)
    }
}

fn write_rows(
    tx: &mut Tx,
    event: &AuditEvent,
    written: &RefusalStorage,
    flush: &MinuteFlush,
) -> Result<(), crate::store::Error> {
    for (key, row) in &flush.rows {
        tx.fold_audit_event(row, key)?;
    }
    match written {
        RefusalStorage::OwnRow => tx.add_audit_event(event),
        RefusalStorage::Folded(key) => tx.fold_audit_event(event, key),
        RefusalStorage::Counted(_) => Ok(()),
    }
}

fn recorded_refusal(event: &AuditEvent, written: RefusalStorage, flush: &MinuteFlush) -> RecordedRefusal {
    log_suppressed(&flush.log_lines);
    let is_shown = matches!(written, RefusalStorage::OwnRow | RefusalStorage::Folded(_));
    let request_id = match written {
        RefusalStorage::OwnRow | RefusalStorage::Folded(_) => event.request_id.clone(),
        RefusalStorage::Counted(request_id) => request_id,
    };
    RecordedRefusal {
        reference: Reference::from_request_id(&request_id.unwrap_or_default()),
        is_logged: is_shown,
    }
}

/// Logs one line per minute and group for the refusals without a line of their own.
fn log_suppressed(swallowed: &[SuppressedRefusals]) {
    for group in swallowed {
        tracing::info!(
            code = group.code,
            count = group.count,
            addresses = group.addresses,
            "more refusals of the same kind in one minute"
        );
    }
}
