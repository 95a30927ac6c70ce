//! Whether people can sign in, known without asking anybody: from the last write, and the last look around.

use std::time::Duration;

use crate::provider::{Provider, endings::EndingSoon, error::Error};

/// How old the last write may grow before one is made for its own sake.
const BEAT: Duration = Duration::from_secs(2);

/// What the last look around found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    /// What the database holds could not be taken up: it does not answer, or a key in it cannot be opened.
    failed: bool,
    people: bool,
}

/// Why nobody can sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotReady {
    /// The database file is gone, or another one.
    Gone,
    /// The database took no write within the last five seconds, or refused one.
    NoWrites,
    /// What the database holds could not be read, or a signing key in it cannot be opened.
    Unreadable,
}

impl NotReady {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gone => "the database file is gone, or another file has its name",
            Self::NoWrites => "the database took no write within the last 5 seconds",
            Self::Unreadable => "the database cannot be read, or a signing key in it cannot be opened",
        }
    }
}

impl Provider {
    /// Whether people can sign in; and in words, what will go wrong if nobody does anything.
    pub fn health(&self) -> Result<Result<Vec<String>, NotReady>, Error> {
        if self.in_place().is_err() {
            return Ok(Err(NotReady::Gone));
        }
        let looked = *self.0.looked.lock().map_err(|_poisoned| Error::Poisoned)?;
        if looked.failed {
            return Ok(Err(NotReady::Unreadable));
        }
        if !self.store().takes_writes() {
            return Ok(Err(NotReady::NoWrites));
        }
        let mut warnings: Vec<String> = self.own_endings()?.iter().map(EndingSoon::words).collect();
        if !looked.people {
            warnings.push("there is nobody who could sign in: hallpass user add".to_owned());
        }
        if self.at_hand()?.applications.is_empty() {
            warnings.push("there is no application to sign in to: hallpass app add".to_owned());
        }
        Ok(Ok(warnings))
    }

    /// That the database file is the one that was opened.
    pub fn in_place(&self) -> Result<(), Error> {
        Ok(self.store().in_place()?)
    }

    /// Writes something, unless somebody else just did: so it is known whether that can be done.
    pub fn beat(&self) -> Result<(), Error> {
        if self.store().last_write().is_none_or(|age| age >= BEAT) {
            let now = self.now();
            self.store().write_sign_on(|tx| tx.beat(now))?;
        }
        Ok(())
    }

    /// Notes what a look around found.
    pub(super) fn looked(&self, found: Result<bool, Error>) -> Result<(), Error> {
        let mut looked = self.0.looked.lock().map_err(|_poisoned| Error::Poisoned)?;
        looked.failed = found.is_err();
        looked.people = found?;
        Ok(())
    }
}
