//! Whether users can sign in. This makes no query: it uses the time of the last write and the result of the last
//! periodic check.

use std::time::Duration;

use crate::{
    model::{
        actor::Actor,
        remedy::{Finding, Remediable, Remedy},
    },
    provider::{core::Provider, error::Error},
};

/// How old the last write may be before a heartbeat is written.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);

/// Why nobody can sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotReady {
    /// The database file was removed or replaced.
    DatabaseFileGone,
    NoWrites,
    /// The database cannot be read, or a signing key in it cannot be opened.
    Unreadable,
}

impl NotReady {
    pub const fn message(self) -> &'static str {
        match self {
            Self::DatabaseFileGone => "the database file is gone, or another file has its name",
            Self::NoWrites => "the database took no write within the last 5 seconds",
            Self::Unreadable => "the database cannot be read, or a signing key in it cannot be opened",
        }
    }
}

impl Provider {
    /// Whether users can sign in, with warnings about what will fail unless an administrator acts.
    pub fn health(&self) -> Result<Result<Vec<Finding>, NotReady>, Error> {
        if self.check_database_file().is_err() {
            return Ok(Err(NotReady::DatabaseFileGone));
        }
        let looked = *self.0.health_check.lock().map_err(|_poisoned| Error::Poisoned)?;
        if looked.failed {
            return Ok(Err(NotReady::Unreadable));
        }
        if !self.store().accepts_writes() {
            return Ok(Err(NotReady::NoWrites));
        }
        let mut warnings: Vec<Finding> = self
            .keys(&Actor::Itself)
            .own_expiring_certificates()?
            .iter()
            .map(|expiring| Finding {
                message: expiring.to_string(),
                remedy: expiring.remedy(),
            })
            .collect();
        if !looked.has_users {
            warnings.push(Finding::new("there is nobody who could sign in").with_remedy(Remedy::AddUser));
        }
        if looked.unreadable_passkeys > 0 {
            warnings.push(Finding::new(format!(
                "{} of the stored passkeys cannot be read",
                looked.unreadable_passkeys
            )));
        }
        let snapshot = self.cached_snapshot()?;
        if snapshot.applications.is_empty() {
            warnings.push(
                Finding::new("there is no application to sign in to").with_remedy(Remedy::AddApplication),
            );
        }
        let unreadable = snapshot.unreadable.len();
        if unreadable > 0 {
            // Anybody may ask for the health, so only the log and the command line give names.
            warnings.push(
                Finding::new(format!(
                    "{unreadable} of the applications, drafts and keys cannot be read and are set aside"
                ))
                .with_remedy(Remedy::ListUnreadable),
            );
        }
        Ok(Ok(warnings))
    }

    /// Checks that the database file is still the one that was opened.
    pub fn check_database_file(&self) -> Result<(), Error> {
        Ok(self.store().check_file()?)
    }

    /// Writes a heartbeat unless there was a write recently, so that it is known whether writes succeed.
    pub fn heartbeat(&self) -> Result<(), Error> {
        if self
            .store()
            .last_write_age()
            .is_none_or(|age| age >= HEARTBEAT_INTERVAL)
        {
            let now = self.now();
            self.store().write_relaxed(|tx| tx.write_heartbeat(now))?;
        }
        Ok(())
    }

    /// Records how many passkeys could not be read.
    pub(super) fn record_unreadable_passkeys(&self, count: usize) -> Result<(), Error> {
        let mut looked = self.0.health_check.lock().map_err(|_poisoned| Error::Poisoned)?;
        looked.unreadable_passkeys = count;
        Ok(())
    }

    /// Records the result of a periodic check: whether there are users.
    pub(super) fn record_health_check(&self, found: Result<bool, Error>) -> Result<(), Error> {
        let mut looked = self.0.health_check.lock().map_err(|_poisoned| Error::Poisoned)?;
        looked.failed = found.is_err();
        looked.has_users = found?;
        Ok(())
    }
}
