//! Mails about a user's e-mail address.

use chrono::{DateTime, Utc};

/// What is written, with the values that stand in it.
#[derive(Debug, Eq, PartialEq)]
pub enum EmailMail {
    /// To the new address: a link that confirms it. Without a name: whoever asks chooses theirs, and may write to a
    /// stranger.
    Confirm { link: String },
    /// To whoever has the address that somebody else asked for.
    Taken { greeting: String },
    /// To the old address: a link that undoes the change.
    Changed {
        greeting: String,
        new_email: String,
        link: String,
        until: DateTime<Utc>,
    },
    /// To both addresses.
    Undone {
        greeting: String,
        /// The one that counts again.
        email: String,
    },
}

impl EmailMail {
    /// Its name in the audit log.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "email-confirmation",
            Self::Taken { .. } => "email-taken",
            Self::Changed { .. } => "email-changed",
            Self::Undone { .. } => "email-change-undone",
        }
    }

    /// The text that is its subject and its heading.
    pub(super) const fn heading(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "mail-email-confirm-heading",
            Self::Taken { .. } => "mail-email-taken-heading",
            Self::Changed { .. } => "mail-email-changed-heading",
            Self::Undone { .. } => "mail-email-undone-heading",
        }
    }
}
