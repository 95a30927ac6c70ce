//! The audit log.

pub(in crate::store) mod audit_events;
