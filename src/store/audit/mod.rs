//! The audit log.

mod audit_batches;
pub(in crate::store) mod audit_chain;
pub(in crate::store) mod audit_events;
