//! A logout under way: our own sessions have ended, and the applications of their person are told, one after
//! the other, in the person's browser.

use chrono::{DateTime, Utc};

use crate::model::{
    id::{ApplicationId, LogoutId, SessionId, UserId},
    name_id::NameId,
    participant::Participant,
    secret::TokenHash,
};

/// A logout that at least one application is to be told of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logout {
    /// Its row, and its name in the address `/logout/{id}`.
    pub id: LogoutId,
    /// Hash of the cookie of the browser that began it; no other browser goes on with it.
    pub browser: TokenHash,
    /// Who signs out.
    pub user: UserId,
    /// The application that asked for it; none: the person did, here.
    pub initiator: Option<Initiator>,
    /// When our own sessions ended.
    pub started_at: DateTime<Utc>,
    /// When nobody is told any more.
    pub expires_at: DateTime<Utc>,
    /// When it was over: the initiator has its answer, or the person read what became of it.
    pub finished_at: Option<DateTime<Utc>>,
    /// It waits for the browser that shows this cookie, that of the session which ended: somebody else brought
    /// the request, and is led nowhere.
    pub session_token: Option<TokenHash>,
    /// Its session was over before anybody asked: its pages name no application.
    pub hides_applications: bool,
}

impl Logout {
    /// Whether it still goes on.
    pub fn is_running(&self, now: DateTime<Utc>) -> bool {
        self.finished_at.is_none() && now < self.expires_at
    }
}

/// The application whose `LogoutRequest` began a logout, and what its answer needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Initiator {
    /// Which.
    pub application: ApplicationId,
    /// The request's own `ID`, for `InResponseTo`.
    pub request_id: String,
    /// Opaque to us, returned as it came.
    pub relay_state: Option<String>,
    /// Whether it waits for a `LogoutResponse`; not if it asked for none (the Asynchronous Single
    /// Logout extension).
    pub wants_response: bool,
}

/// A `LogoutRequest` that was proven, and came without the cookies that say whose browser brought it (a form of
/// another site): the GET that follows it brings them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PostedLogout {
    /// Its row, and its name in the address `/logout/{id}/resume`.
    pub id: LogoutId,
    /// Hash of the cookie that came with the redirect to it.
    pub browser: TokenHash,
    /// The applications that its signature proved, all of them one sender; the first is answered.
    pub applications: Vec<ApplicationId>,
    /// The request's own `ID`, for `InResponseTo`.
    pub request_id: String,
    /// Opaque to us, returned as it came.
    pub relay_state: Option<String>,
    /// Whether it waits for a `LogoutResponse`.
    pub wants_response: bool,
    /// It named no session: which one ends is decided by the cookies. Else its sessions have ended already.
    pub by_name_id: bool,
    /// Whose session.
    pub name_id: NameId,
    /// When nobody comes for it any more.
    pub expires_at: DateTime<Utc>,
}

/// An application that took part in a session which has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutStep {
    /// Its place in the order, from 0.
    pub position: i64,
    /// The session that has ended.
    pub session: SessionId,
    /// Who is told.
    pub application: ApplicationId,
    /// The `SessionIndex` that it knows.
    pub session_index: String,
    /// The name that it knows.
    pub name_id: NameId,
    /// How far it is.
    pub state: LogoutStepState,
    /// The `ID` of our `LogoutRequest`, once it is asked.
    pub request_id: Option<String>,
    /// When it was asked.
    pub requested_at: Option<DateTime<Utc>>,
}

impl LogoutStep {
    /// The hop for `participant`, which is still to be asked.
    pub fn new(position: i64, participant: Participant) -> Self {
        Self {
            position,
            session: participant.session,
            application: participant.application,
            session_index: participant.session_index,
            name_id: participant.name_id,
            state: LogoutStepState::Pending,
            request_id: None,
            requested_at: None,
        }
    }
}

/// How far an application is in signing its person out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogoutStepState {
    /// It will be asked.
    Pending,
    /// The browser was sent to it with our request, and has not come back.
    Requested,
    /// It said, signed, that its session has ended.
    Confirmed,
    /// It said, signed, that it has not.
    Refused,
    /// It gave no answer that counts.
    Unconfirmed,
    /// It has no address for logout.
    NoEndpoint,
}

impl LogoutStepState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Requested,
        Self::Confirmed,
        Self::Refused,
        Self::Unconfirmed,
        Self::NoEndpoint,
    ];

    /// Its name in the database and the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "waiting",
            Self::Requested => "asked",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
            Self::Unconfirmed => "unconfirmed",
            Self::NoEndpoint => "no_address",
        }
    }

    /// Whether nothing more is done about it.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Pending | Self::Requested => false,
            Self::Confirmed | Self::Refused | Self::Unconfirmed | Self::NoEndpoint => true,
        }
    }
}
