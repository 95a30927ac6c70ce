//! Which service providers took part in a session, and by which names they know users.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    application::Slug,
    id::{ApplicationId, SessionId, UserId},
    name_id::NameId,
    user::Email,
};

/// An application that a session signed in to, by whichever protocol: single logout informs these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Participant {
    pub session: SessionId,
    pub application: ApplicationId,
    /// What it calls the session: SAML's `SessionIndex`.
    pub session_handle: String,
    pub subject: ParticipantSubject,
    /// When it first received an assertion of this session.
    pub first_at: DateTime<Utc>,
    /// When it last received one, to within [`Self::LAST_AT_PRECISION`].
    pub last_at: DateTime<Utc>,
}

impl Participant {
    /// A later assertion that says the same is recorded if the one before is as old as this.
    pub const LAST_AT_PRECISION: TimeDelta = TimeDelta::minutes(1);

    /// Whether this record need not be replaced by `next`, a later one of the same application and session.
    pub fn still_describes(&self, next: &Self) -> bool {
        self.session_handle == next.session_handle
            && self.subject == next.subject
            && self.first_at == next.first_at
            && next.last_at - self.last_at < Self::LAST_AT_PRECISION
    }
}

/// What an application calls the user of a session, by protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ParticipantSubject {
    Saml(NameId),
    /// The `sub` of OpenID Connect.
    Oidc(String),
}

/// Stands where a name of SAML has its format, for a `sub`.
const OIDC_FORMAT: &str = "oidc";

impl ParticipantSubject {
    /// The name itself, without format or qualifiers.
    pub fn value(&self) -> &str {
        match self {
            Self::Saml(name_id) => &name_id.value,
            Self::Oidc(sub) => sub,
        }
    }

    /// The name of SAML; none, if the application speaks something else.
    pub const fn name_id(&self) -> Option<&NameId> {
        match self {
            Self::Saml(name_id) => Some(name_id),
            Self::Oidc(_) => None,
        }
    }

    /// As the database keeps it: its columns are those of a name of SAML.
    pub fn to_stored(&self) -> NameId {
        match self {
            Self::Saml(name_id) => name_id.clone(),
            Self::Oidc(sub) => NameId::plain(OIDC_FORMAT, sub),
        }
    }

    /// Reads what [`Self::to_stored`] made.
    pub fn from_stored(stored: NameId) -> Self {
        if stored.format == OIDC_FORMAT {
            Self::Oidc(stored.value)
        } else {
            Self::Saml(stored)
        }
    }
}

/// By what an application knows a user, permanently: a changed e-mail address is visible here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationIdentity {
    pub application: ApplicationId,
    pub user: UserId,
    pub first_name_id: String,
    pub first_email: Email,
    pub last_name_id: String,
    pub last_email: Email,
    pub first_at: DateTime<Utc>,
    /// When a changed value was last sent.
    pub changed_at: DateTime<Utc>,
    /// The address that it keeps receiving, whatever the user's own is.
    pub pinned_email: Option<Email>,
}

/// An application that a user has signed in to, whether or not its registration can be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnteredApplication {
    pub slug: Slug,
    /// The name for display.
    pub name: String,
    /// What it has received.
    pub identity: ApplicationIdentity,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::name_id::EMAIL_ADDRESS;

    #[test]
    fn a_later_assertion_that_says_the_same_is_recorded_once_a_minute() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let recorded = Participant {
            session: SessionId::new(at(0), [1; 10]),
            application: ApplicationId::new(at(0), [2; 10]),
            session_handle: "_1".to_owned(),
            subject: ParticipantSubject::Saml(NameId::plain(EMAIL_ADDRESS, "ada@fernweh.example")),
            first_at: at(0),
            last_at: at(5),
        };
        let at_second = |seconds| Participant {
            last_at: at(seconds),
            ..recorded.clone()
        };
        assert!(recorded.still_describes(&at_second(64)));
        assert!(!recorded.still_describes(&at_second(65)));
        let renamed = Participant {
            subject: ParticipantSubject::Saml(NameId::plain(EMAIL_ADDRESS, "ada@new.example")),
            ..at_second(6)
        };
        assert!(!recorded.still_describes(&renamed));
        let other_session_index = Participant {
            session_handle: "_2".to_owned(),
            ..at_second(6)
        };
        assert!(!recorded.still_describes(&other_session_index));
    }
}
