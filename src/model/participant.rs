//! Which service providers took part in a session, and by which names they know users.

use chrono::{DateTime, Utc};

use crate::model::{
    id::{ApplicationId, SessionId, UserId},
    name_id::NameId,
};

/// An application that a session signed in to: single logout informs these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Participant {
    pub session: SessionId,
    pub application: ApplicationId,
    /// What it calls the session: SAML's `SessionIndex`.
    pub session_handle: String,
    pub subject: ParticipantSubject,
    /// When it first received an assertion of this session.
    pub first_at: DateTime<Utc>,
    /// When it last received one.
    pub last_at: DateTime<Utc>,
}

/// What an application calls the user of a session, by protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ParticipantSubject {
    Saml(NameId),
}

impl ParticipantSubject {
    /// The name itself, without format or qualifiers.
    pub fn value(&self) -> &str {
        match self {
            Self::Saml(name_id) => &name_id.value,
        }
    }
}

/// By what an application knows a user, permanently: a changed e-mail address is visible here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationIdentity {
    pub application: ApplicationId,
    pub user: UserId,
    pub first_name_id: String,
    pub first_email: String,
    pub last_name_id: String,
    pub last_email: String,
    pub first_at: DateTime<Utc>,
    /// When a changed value was last sent.
    pub changed_at: DateTime<Utc>,
}
