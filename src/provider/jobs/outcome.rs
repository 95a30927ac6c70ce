//! What became of an attempt.

use crate::model::audit::AuditEvent;

/// What became of an attempt to do a job. No text has a secret or an address: they are stored and logged.
#[derive(Debug)]
pub enum JobOutcome {
    Done(Box<AuditEvent>),
    /// It is done and has recorded what it did, or there was nothing to do.
    Over,
    /// It may succeed later.
    Failed {
        why: String,
        /// Recorded if it is not tried again.
        given_up: Box<AuditEvent>,
    },
    /// It never succeeds.
    GivenUp {
        why: String,
        given_up: Box<AuditEvent>,
    },
}
