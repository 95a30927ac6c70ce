//! A logout under way: who has confirmed, who is next. The page goes on by itself, and stays in the history, so
//! that Back leads to it from an application that broke.

use askama::Template;

use crate::{
    model::logout::LogoutStepState,
    web::page::{
        auto_post::Base64,
        part::{AppMark, Brand},
    },
};

/// An application that was opened from a session which has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParticipantView {
    /// Name, letters and colour.
    pub application: AppMark,
    /// How far it is in ending its own session.
    pub state: LogoutStepState,
    /// Where it is opened, to sign out by hand.
    pub launch_url: Option<String>,
}

impl ParticipantView {
    /// Whether it can be asked at all.
    pub fn can_be_asked(&self) -> bool {
        self.state != LogoutStepState::NoEndpoint
    }

    /// Whether its session may still be open.
    pub fn may_be_open(&self) -> bool {
        self.state != LogoutStepState::Confirmed
    }

    /// Where to go, if its session may still be open.
    pub fn open_session_url(&self) -> Option<&str> {
        self.launch_url.as_deref().filter(|_| self.may_be_open())
    }

    /// What stands behind its name.
    pub fn badge(&self) -> (&'static str, &'static str) {
        match self.state {
            LogoutStepState::Confirmed => ("good", "Ended"),
            LogoutStepState::Requested => ("info", "Asked"),
            LogoutStepState::Pending => ("none", "To be asked"),
            LogoutStepState::Refused | LogoutStepState::NoEndpoint => ("warning", "Still open"),
            LogoutStepState::Unconfirmed => ("warning", "Not confirmed"),
        }
    }

    /// Why, below its name.
    pub fn note(&self) -> Option<&'static str> {
        match self.state {
            LogoutStepState::Confirmed | LogoutStepState::Requested | LogoutStepState::Pending => None,
            LogoutStepState::Refused => Some("It could not end its session"),
            LogoutStepState::NoEndpoint => Some("You have to sign out there yourself"),
            LogoutStepState::Unconfirmed => Some("No valid answer"),
        }
    }
}

/// How the page goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdvanceBy<'a> {
    /// The browser follows our own address that leads to the application.
    Link,
    /// It posts this to the application (saml-bindings, 3.5.4).
    Post {
        /// Its address.
        location: &'a str,
        /// `SAMLRequest`.
        message: Base64,
    },
    /// It waits for the person: the application was asked, and nothing came back.
    User,
}

/// A step of a logout.
#[derive(Clone, Debug, Template)]
#[template(path = "leaving.html", config = "src/web/askama.toml")]
pub struct LogoutProgressPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who is told.
    pub participants: Vec<ParticipantView>,
    /// Whose turn it is.
    pub application: AppMark,
    /// Its place in the order.
    pub position: i64,
    /// How the page goes on.
    pub advance_by: AdvanceBy<'a>,
    /// Our address of this logout.
    pub address: &'a str,
}

/// The end of a logout that an application began: it is told.
#[derive(Clone, Debug, Template)]
#[template(path = "returning.html", config = "src/web/askama.toml")]
pub struct LogoutReturnPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who was told.
    pub participants: Vec<ParticipantView>,
    /// Who is told now.
    pub application: AppMark,
    /// Our address of this logout.
    pub address: &'a str,
}

impl LogoutReturnPage<'_> {
    fn delay_seconds(&self) -> u8 {
        if any_open(&self.participants) { 10 } else { 0 }
    }
}

/// Whether one of them may still be open.
pub fn any_open(left: &[ParticipantView]) -> bool {
    left.iter().any(ParticipantView::may_be_open)
}

/// One sentence about those that may still be open; empty if there are none.
pub fn still_open(left: &[ParticipantView]) -> String {
    match left.iter().filter(|left| left.may_be_open()).count() {
        0 => String::new(),
        1 => "One application did not confirm that you are signed out there too.".to_owned(),
        several => format!("{several} applications did not confirm that you are signed out there too."),
    }
}
