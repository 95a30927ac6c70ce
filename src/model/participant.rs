//! Which service providers were told of a session, and which people they know.

use chrono::{DateTime, Utc};

use crate::model::{
    id::{ApplicationId, SessionId, UserId},
    name_id::NameId,
};

/// An application that a session signed on to: what single logout walks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Participant {
    /// Whose session.
    pub session: SessionId,
    /// Who was told.
    pub application: ApplicationId,
    /// The `SessionIndex` that it was told.
    pub session_index: String,
    /// The name that it was told.
    pub name_id: NameId,
    /// When it was first told of this session.
    pub first_at: DateTime<Utc>,
    /// When it was last told.
    pub last_at: DateTime<Utc>,
}

/// What an application knows a person by, for ever: a changed e-mail address shows here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationIdentity {
    /// Who knows.
    pub application: ApplicationId,
    /// Whom.
    pub user: UserId,
    /// The name first sent.
    pub first_name_id: String,
    /// The address first sent.
    pub first_email: String,
    /// The name last sent.
    pub last_name_id: String,
    /// The address last sent.
    pub last_email: String,
    /// When the first was sent.
    pub first_at: DateTime<Utc>,
    /// When the last change was sent.
    pub changed_at: DateTime<Utc>,
}
