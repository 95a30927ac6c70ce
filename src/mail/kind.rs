//! The kinds of mail that are written.

use chrono::{DateTime, Utc};

use crate::{
    mail::email_mail::EmailMail,
    model::second_factor::{FactorName, SecondFactorKind},
};

/// What is written, with the values that stand in it.
#[derive(Debug, Eq, PartialEq)]
pub enum Mail {
    /// Shows an administrator that mail arrives.
    Test,
    /// Somebody new chooses a password by a link.
    Invitation {
        /// The name to greet them by.
        greeting: String,
        link: String,
        until: DateTime<Utc>,
    },
    /// Somebody has forgotten the password.
    Recovery { greeting: String, link: String },
    /// The password was changed, by whomever.
    PasswordChanged { greeting: String, at: DateTime<Utc> },
    /// Names or preferences were changed by the person.
    ProfileChanged { greeting: String, at: DateTime<Utc> },
    /// Somebody signed in from a device that is not known.
    NewDevice {
        greeting: String,
        at: DateTime<Utc>,
        /// The browser in words, if it is known.
        device: Option<String>,
        address: String,
    },
    /// Second factors or recovery codes were changed, by whomever.
    FactorsChanged {
        greeting: String,
        at: DateTime<Utc>,
        change: FactorsChange,
    },
    /// The e-mail address.
    Email(EmailMail),
}

/// What was changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FactorsChange {
    /// One was set up, with this name.
    Added(SecondFactorKind, FactorName),
    Removed(SecondFactorKind, FactorName),
    AllRemoved,
    NewRecoveryCodes,
}

impl Mail {
    /// Its name in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Invitation { .. } => "invitation",
            Self::Recovery { .. } => "recovery",
            Self::PasswordChanged { .. } => "password-changed",
            Self::ProfileChanged { .. } => "profile-changed",
            Self::NewDevice { .. } => "new-device",
            Self::FactorsChanged { .. } => "second-factors-changed",
            Self::Email(mail) => mail.name(),
        }
    }
}

impl Mail {
    pub(super) const fn subject(&self) -> &'static str {
        match self {
            Self::Test => "mail-test-subject",
            Self::Invitation { .. } => "mail-invitation-subject",
            Self::Recovery { .. } => "mail-recovery-subject",
            Self::PasswordChanged { .. } => "mail-password-changed-subject",
            Self::ProfileChanged { .. } => "mail-profile-changed-subject",
            Self::NewDevice { .. } => "mail-new-device-subject",
            Self::FactorsChanged { .. } => "mail-factors-changed-subject",
            Self::Email(mail) => mail.heading(),
        }
    }

    pub(super) const fn heading(&self) -> &'static str {
        match self {
            Self::Test => "mail-test-heading",
            Self::Invitation { .. } => "mail-invitation-heading",
            Self::Recovery { .. } => "mail-recovery-heading",
            Self::PasswordChanged { .. } => "mail-password-changed-heading",
            Self::ProfileChanged { .. } => "mail-profile-changed-heading",
            Self::NewDevice { .. } => "mail-new-device-heading",
            Self::FactorsChanged { .. } => "mail-factors-changed-heading",
            Self::Email(mail) => mail.heading(),
        }
    }
}
