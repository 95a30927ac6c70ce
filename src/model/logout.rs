//! A logout in progress: our own sessions have ended, and the applications of their user are informed, one after the
//! other, in the user's browser.

use chrono::{DateTime, Utc};

use crate::model::{
    id::{ApplicationId, LogoutId, SessionId, UserId},
    name_id::NameId,
    participant::{Participant, ParticipantSubject},
    secret::TokenHash,
};

/// A logout that at least one application has to be informed of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logout {
    /// Also in its URL, `/logout/{id}`.
    pub id: LogoutId,
    /// Hash of the cookie of the browser that started it; no other browser can continue it.
    pub browser: TokenHash,
    pub user: UserId,
    /// The application that requested it; none: the user did, here.
    pub initiator: Option<Initiator>,
    /// When our own sessions ended.
    pub started_at: DateTime<Utc>,
    /// When applications are no longer informed.
    pub expires_at: DateTime<Utc>,
    /// When it was over: the initiator was sent its response, or the user saw the result.
    pub finished_at: Option<DateTime<Utc>>,
    /// It waits for the browser that has this cookie, which belongs to the ended session: another browser sent the
    /// request, and is not redirected.
    pub session_token: Option<TokenHash>,
    /// Its session had ended before the request: its pages name no application.
    pub hides_applications: bool,
}

impl Logout {
    /// Whether it is neither finished nor expired.
    pub fn is_running(&self, now: DateTime<Utc>) -> bool {
        self.finished_at.is_none() && now < self.expires_at
    }
}

/// The application whose `LogoutRequest` started a logout, and what the response to it needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Initiator {
    pub application: ApplicationId,
    /// The request's own `ID`, for `InResponseTo`.
    pub request_id: String,
    /// Opaque to us, returned unchanged.
    pub relay_state: Option<String>,
    /// Whether it waits for a `LogoutResponse`; not if it asked for none (the Asynchronous Single Logout extension).
    pub wants_response: bool,
}

/// A `LogoutRequest` whose signature was verified, and that came without the cookies that identify the browser (a
/// form of another site): the GET that follows carries them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PostedLogout {
    /// Also in its URL, `/logout/{id}/resume`.
    pub id: LogoutId,
    /// Hash of the cookie that was set with the redirect to it.
    pub browser: TokenHash,
    /// The applications that its signature was verified for, all of them one sender; the first is sent the response.
    pub applications: Vec<ApplicationId>,
    /// The request's own `ID`, for `InResponseTo`.
    pub request_id: String,
    /// Opaque to us, returned unchanged.
    pub relay_state: Option<String>,
    /// Whether it waits for a `LogoutResponse`.
    pub wants_response: bool,
    /// It named no session: the cookies decide which one ends. Otherwise its sessions have ended already.
    pub by_name_id: bool,
    pub name_id: NameId,
    /// From then on it cannot be resumed.
    pub expires_at: DateTime<Utc>,
}

/// An application that took part in an ended session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutStep {
    /// Its position in the order, from 0.
    pub position: i64,
    pub session: SessionId,
    pub application: ApplicationId,
    /// What the application calls the session: SAML's `SessionIndex`.
    pub session_handle: String,
    /// What the application calls the user.
    pub subject: ParticipantSubject,
    pub state: LogoutStepState,
    /// The `ID` of our `LogoutRequest`, once it was sent.
    pub request_id: Option<String>,
    /// When our `LogoutRequest` was sent.
    pub requested_at: Option<DateTime<Utc>>,
}

impl LogoutStep {
    /// The step for `participant`, to which no request was sent yet.
    pub fn new(position: i64, participant: Participant) -> Self {
        Self {
            position,
            session: participant.session,
            application: participant.application,
            session_handle: participant.session_handle,
            subject: participant.subject,
            state: LogoutStepState::Pending,
            request_id: None,
            requested_at: None,
        }
    }
}

/// The state of one application's logout.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogoutStepState {
    Pending,
    /// The browser was sent to it with our request, and has not returned.
    Requested,
    /// It responded, signed, that its session has ended.
    Confirmed,
    /// It responded, signed, that its session has not ended.
    Refused,
    /// It sent no valid response.
    Unconfirmed,
    NoEndpoint,
}

impl LogoutStepState {
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Requested,
        Self::Confirmed,
        Self::Refused,
        Self::Unconfirmed,
        Self::NoEndpoint,
    ];

    /// Its name in the database and the audit log.
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

    /// Whether it will not change any more.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Pending | Self::Requested => false,
            Self::Confirmed | Self::Refused | Self::Unconfirmed | Self::NoEndpoint => true,
        }
    }
}
