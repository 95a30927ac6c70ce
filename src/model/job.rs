//! Work that waits in the database until it is done: by whichever replica comes first, and again if it fails.

use chrono::{DateTime, Utc};

use crate::model::id::{JobId, UserId};

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JobKind {
    /// Sends one mail.
    Mail,
    /// Mails a link to whoever has the address that somebody typed, if anybody has it.
    Recovery,
}

impl JobKind {
    pub const ALL: [Self; 2] = [Self::Mail, Self::Recovery];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Recovery => "recovery",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A piece of work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    /// Whom it is about; it is removed with them.
    pub user: Option<UserId>,
    /// What the kind needs, sealed.
    pub sealed: Vec<u8>,
    /// When it is tried next.
    pub run_at: DateTime<Utc>,
    /// How many times it was tried.
    pub attempts: u32,
    pub created_at: DateTime<Utc>,
    /// When it is of no use any more, and is given up.
    pub expires_at: DateTime<Utc>,
}

/// What is sealed of a job that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedJob {
    pub id: JobId,
    /// The name of its kind, which this version need not know.
    pub kind: String,
    pub sealed: Vec<u8>,
}
