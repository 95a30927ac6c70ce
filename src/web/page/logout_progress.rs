//! The progress of a logout: which applications have confirmed, and which is next. The page
//! continues by itself, and stays in the history, so that Back leads to it from an application that
//! failed.

use askama::Template;

use crate::{
    model::logout::LogoutStepState,
    web::page::{
        auto_post::Base64,
        part::{AppMark, PageContext},
    },
};

/// A participant of the session, as pages show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParticipantView {
    pub application: AppMark,
    pub state: LogoutStepState,
    /// Where to open it, to sign out by hand.
    pub launch_url: Option<String>,
}

impl ParticipantView {
    /// Whether it has a logout endpoint.
    pub fn can_be_asked(&self) -> bool {
        self.state != LogoutStepState::NoEndpoint
    }

    /// Whether its session may still be open.
    pub fn may_be_open(&self) -> bool {
        self.state != LogoutStepState::Confirmed
    }

    /// The address to open, if its session may still be open.
    pub fn open_session_url(&self) -> Option<&str> {
        self.launch_url.as_deref().filter(|_| self.may_be_open())
    }

    /// Tone of the badge, and the text that it shows after its name.
    pub fn badge(&self) -> (&'static str, &'static str) {
        match self.state {
            LogoutStepState::Confirmed => ("good", "state-ended"),
            LogoutStepState::Requested => ("info", "state-asked"),
            LogoutStepState::Pending => ("none", "state-to-be-asked"),
            LogoutStepState::Refused | LogoutStepState::NoEndpoint => ("warning", "state-still-open"),
            LogoutStepState::Unconfirmed => ("warning", "state-not-confirmed"),
        }
    }

    /// The reason, shown below its name.
    pub fn note_id(&self) -> Option<&'static str> {
        match self.state {
            LogoutStepState::Confirmed | LogoutStepState::Requested | LogoutStepState::Pending => None,
            LogoutStepState::Refused => Some("could-not-end"),
            LogoutStepState::NoEndpoint => Some("sign-out-there-yourself"),
            LogoutStepState::Unconfirmed => Some("no-valid-answer"),
        }
    }
}

/// How the page continues.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdvanceBy<'a> {
    /// The browser follows a link of ours that redirects to the application.
    Link,
    /// The browser posts this message to the application (saml-bindings, 3.5.4).
    Post {
        location: &'a str,
        /// The parameter `SAMLRequest`.
        message: Base64,
    },
    /// The user decides: the application was sent a LogoutRequest, and no LogoutResponse came.
    User,
}

/// The page for one step of a logout.
#[derive(Clone, Debug, Template)]
#[template(path = "logout_progress.html", config = "src/web/askama.toml")]
pub struct LogoutProgressPage<'a> {
    pub page: PageContext,
    pub participants: Vec<ParticipantView>,
    /// The application of this step.
    pub application: AppMark,
    /// The position of this step.
    pub position: i64,
    pub advance_by: AdvanceBy<'a>,
    /// Our address of this logout.
    pub address: &'a str,
}

/// The end of a logout that an application began: it receives the LogoutResponse.
#[derive(Clone, Debug, Template)]
#[template(path = "logout_return.html", config = "src/web/askama.toml")]
pub struct LogoutReturnPage<'a> {
    pub page: PageContext,
    pub participants: Vec<ParticipantView>,
    /// The application that receives the LogoutResponse.
    pub application: AppMark,
    /// Our address of this logout.
    pub address: &'a str,
}

impl LogoutReturnPage<'_> {
    fn delay_seconds(&self) -> u64 {
        if any_open(&self.participants) { 10 } else { 0 }
    }
}

/// Whether any of them may still be open.
pub fn any_open(left: &[ParticipantView]) -> bool {
    left.iter().any(ParticipantView::may_be_open)
}

/// How many may still be open.
pub fn count_open(left: &[ParticipantView]) -> usize {
    left.iter().filter(|left| left.may_be_open()).count()
}
