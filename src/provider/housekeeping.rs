//! Removes what has expired, in small steps, and warns of what soon will.

use chrono::TimeDelta;

use crate::model::actor::Actor;
use crate::provider::{core::Provider, error::Error};

/// Rows per step: few enough that no sign-in waits long for a step.
const ROWS_PER_STEP: i64 = 500;
/// Steps per run.
const MAX_STEPS: usize = 20;
/// How long refusals are kept that anyone can cause without signing in, if nothing else is removed earlier.
const UNPROVEN_RETENTION: TimeDelta = TimeDelta::days(30);

impl Provider {
    /// Removes what has expired, up to a limit, and returns the number of removed rows.
    pub fn run_housekeeping(&self) -> Result<usize, Error> {
        let now = self.now();
        let audit_retention = self.policy().audit_retention;
        let unproven_retention =
            audit_retention.map_or(UNPROVEN_RETENTION, |all| all.min(UNPROVEN_RETENTION));
        // A row that cannot be read must not prevent the removal of everything else; it is removed once it has expired.
        let mut removed = self
            .logout()
            .expire_logouts(ROWS_PER_STEP)
            .unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "logouts that are over could not be noted"
                );
                0
            });
        removed += self
            .saml()
            .expire_posted_logouts(ROWS_PER_STEP)
            .unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "logouts that nobody came for could not be ended"
                );
                0
            });
        removed += self
            .people(&Actor::Itself)
            .erase_deleted()
            .unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "people who were deleted could not be erased"
                );
                0
            });
        for _step in 0..MAX_STEPS {
            let gone = self
                .store()
                .write(|tx| tx.remove_expired(now, now - unproven_retention, ROWS_PER_STEP))?;
            removed += gone;
            if gone == 0 {
                break;
            }
        }
        self.flush_audit()?;
        self.audit(&Actor::Itself).extend_chain()?;
        if let Some(retention) = audit_retention {
            removed += self.audit(&Actor::Itself).remove_old_batches(now - retention)?;
        }
        self.oidc().rotate_keys()?;
        self.keys(&Actor::Itself).warn_of_expiring_certificates()?;
        Ok(removed)
    }
}
