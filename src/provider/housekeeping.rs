//! What has expired is removed, in small steps; what soon will is spoken of.

use crate::provider::{Provider, error::Error};

/// Rows a step: short enough that no sign-on waits for it.
const ROWS_PER_STEP: i64 = 500;
/// Steps a round.
const MAX_STEPS: usize = 20;

impl Provider {
    /// One round: removes what has expired, at most so many rows, and says how many.
    pub fn run_housekeeping(&self) -> Result<usize, Error> {
        let now = self.now();
        let audit_before = self.policy().audit_retention.map(|kept| now - kept);
        // A row that cannot be read must not keep everything else from being swept; it goes in its turn.
        let mut removed = self.expire_logouts(ROWS_PER_STEP).unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "logouts that are over could not be noted"
            );
            0
        });
        removed += self.expire_posted_logouts(ROWS_PER_STEP).unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "logouts that nobody came for could not be ended"
            );
            0
        });
        removed += self.erase_deleted().unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "people who were deleted could not be erased"
            );
            0
        });
        for _step in 0..MAX_STEPS {
            let gone = self
                .store()
                .write(|tx| tx.remove_expired(now, audit_before, ROWS_PER_STEP))?;
            removed += gone;
            if gone == 0 {
                break;
            }
        }
        self.flush_audit()?;
        self.warn_of_expiring_certificates()?;
        Ok(removed)
    }
}
