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
    pub session_index: String,
    pub name_id: NameId,
    /// When it first received an assertion of this session.
    pub first_at: DateTime<Utc>,
    /// When it last received one.
    pub last_at: DateTime<Utc>,
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
