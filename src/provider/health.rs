//! Whether people can sign in, known without asking anybody: from the last write, and the last look around.

use std::time::Duration;

use crate::provider::{Provider, error::Error, keys::certificate_expiry::ExpiringCertificate};

/// How old the last write may grow before one is made for its own sake.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);

/// What the last look around found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HealthCheck {
    /// What the database holds could not be taken up: it does not answer, or a key in it cannot be opened.
    failed: bool,
    has_users: bool,
}

/// Why nobody can sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotReady {
    /// The database file is gone, or another one.
    DatabaseFileGone,
    /// The database took no write within the last five seconds, or refused one.
    NoWrites,
    /// What the database holds could not be read, or a signing key in it cannot be opened.
    Unreadable,
}

impl NotReady {
    /// In words.
    pub const fn message(self) -> &'static str {
        match self {
            Self::DatabaseFileGone => "the database file is gone, or another file has its name",
            Self::NoWrites => "the database took no write within the last 5 seconds",
            Self::Unreadable => "the database cannot be read, or a signing key in it cannot be opened",
        }
    }
}

impl Provider {
    /// Whether people can sign in; and in words, what will go wrong if nobody does anything.
    pub fn health(&self) -> Result<Result<Vec<String>, NotReady>, Error> {
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
        let mut warnings: Vec<String> = self
            .own_expiring_certificates()?
            .iter()
            .map(ExpiringCertificate::message)
            .collect();
        if !looked.has_users {
            warnings.push("there is nobody who could sign in: hallpass user add".to_owned());
        }
        if self.cached_snapshot()?.applications.is_empty() {
            warnings.push("there is no application to sign in to: hallpass app add".to_owned());
        }
        Ok(Ok(warnings))
    }

    /// That the database file is the one that was opened.
    pub fn check_database_file(&self) -> Result<(), Error> {
        Ok(self.store().check_file()?)
    }

    /// Writes something, unless somebody else just did: so it is known whether that can be done.
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

    /// Notes what a look around found.
    pub(super) fn record_health_check(&self, found: Result<bool, Error>) -> Result<(), Error> {
        let mut looked = self.0.health_check.lock().map_err(|_poisoned| Error::Poisoned)?;
        looked.failed = found.is_err();
        looked.has_users = found?;
        Ok(())
    }
}
