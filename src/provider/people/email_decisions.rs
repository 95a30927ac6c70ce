//! What a change of e-mail address does at an application, and what was decided that it is to receive.

use std::collections::BTreeMap;

use crate::model::application::Slug;

/// What an application receives once a person's address has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EmailDecision {
    /// The address of before, pinned.
    KeepOld,
    SendNew,
}

impl EmailDecision {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeepOld => "keep-old",
            Self::SendNew => "send-new",
        }
    }
}

/// What was decided for applications: for each by itself, or for all that are not named.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EmailDecisions {
    pub rest: Option<EmailDecision>,
    pub by_application: BTreeMap<Slug, EmailDecision>,
}

impl EmailDecisions {
    /// The same for every application.
    pub const fn all(decision: EmailDecision) -> Self {
        Self {
            rest: Some(decision),
            by_application: BTreeMap::new(),
        }
    }

    pub fn of(&self, application: &Slug) -> Option<EmailDecision> {
        self.by_application.get(application).copied().or(self.rest)
    }
}

/// What the new address does at an application.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum EmailEffect {
    /// It keeps receiving a pinned address.
    Pinned,
    /// It was last sent this very address.
    Unchanged,
    /// It receives no address.
    NothingSent,
    /// It finds people by a NameID that stays.
    NameIdStays,
    /// It finds people by an id that stays.
    IdStays,
    /// The address is the NameID by which it finds people.
    NameIdChanges,
    /// It finds people by the address.
    EmailChanges,
    /// It receives the address, and nobody said by what it finds people.
    Unknown,
    /// Its registration cannot be read.
    Unreadable,
}

impl EmailEffect {
    /// Whether somebody has to decide what the application is to receive.
    pub const fn needs_decision(self) -> bool {
        match self {
            Self::Pinned | Self::Unchanged | Self::NothingSent | Self::NameIdStays | Self::IdStays => false,
            Self::NameIdChanges | Self::EmailChanges | Self::Unknown | Self::Unreadable => true,
        }
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Unchanged => "unchanged",
            Self::NothingSent => "nothing-sent",
            Self::NameIdStays => "nameid-stays",
            Self::IdStays => "id-stays",
            Self::NameIdChanges => "nameid-changes",
            Self::EmailChanges => "email-changes",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }

    /// What happens there, in a sentence.
    pub fn sentence(self, application: &str) -> String {
        match self {
            Self::Pinned => format!("{application} keeps receiving the address that is pinned for it"),
            Self::Unchanged => format!("{application} was last sent this very address"),
            Self::NothingSent => format!("{application} receives no address"),
            Self::NameIdStays => {
                format!("{application} finds people by a NameID that stays; it learns the new address")
            }
            Self::IdStays => {
                format!("{application} finds people by an id that stays; it learns the new address")
            }
            Self::NameIdChanges => format!(
                "{application} finds people by their e-mail NameID: it would make a second, empty account, or refuse them"
            ),
            Self::EmailChanges => format!(
                "{application} finds people by their e-mail address: it would make a second, empty account, or refuse them"
            ),
            Self::Unknown => format!(
                "{application} receives the address, and nobody said by what it finds people: it may take them for somebody new"
            ),
            Self::Unreadable => format!(
                "the registration of {application} cannot be read: what it would do with a new address is not known"
            ),
        }
    }
}
