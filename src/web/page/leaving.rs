//! A logout under way: who has confirmed, who is next. The page goes on by itself, and stays in the history, so
//! that Back leads to it from an application that broke.

use askama::Template;

use crate::{
    model::logout::HopState,
    web::page::{
        onward::Base64,
        part::{AppMark, Brand},
    },
};

/// An application that was opened from a session which has ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Left {
    /// Name, letters and colour.
    pub application: AppMark,
    /// How far it is in ending its own session.
    pub state: HopState,
    /// Where it is opened, to sign out by hand.
    pub open: Option<String>,
}

impl Left {
    /// Whether it can be asked at all.
    pub fn is_reached(&self) -> bool {
        self.state != HopState::NoAddress
    }

    /// Whether its session may still be open.
    pub fn may_be_open(&self) -> bool {
        self.state != HopState::Confirmed
    }

    /// Where to go, if its session may still be open.
    pub fn way_out(&self) -> Option<&str> {
        self.open.as_deref().filter(|_| self.may_be_open())
    }

    /// What stands behind its name.
    pub fn badge(&self) -> (&'static str, &'static str) {
        match self.state {
            HopState::Confirmed => ("good", "Ended"),
            HopState::Asked => ("info", "Asked"),
            HopState::Waiting => ("none", "To be asked"),
            HopState::Refused | HopState::NoAddress => ("warning", "Still open"),
            HopState::Unconfirmed => ("warning", "Not confirmed"),
        }
    }

    /// Why, below its name.
    pub fn note(&self) -> Option<&'static str> {
        match self.state {
            HopState::Confirmed | HopState::Asked | HopState::Waiting => None,
            HopState::Refused => Some("It could not end its session"),
            HopState::NoAddress => Some("You have to sign out there yourself"),
            HopState::Unconfirmed => Some("No valid answer"),
        }
    }
}

/// How the page goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way<'a> {
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
    Person,
}

/// A step of a logout.
#[derive(Clone, Debug, Template)]
#[template(path = "leaving.html", config = "src/web/askama.toml")]
pub struct Leaving<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who is told.
    pub left: Vec<Left>,
    /// Whose turn it is.
    pub application: AppMark,
    /// Its place in the order.
    pub position: i64,
    /// How the page goes on.
    pub way: Way<'a>,
    /// Our address of this logout.
    pub address: &'a str,
}

/// The end of a logout that an application began: it is told.
#[derive(Clone, Debug, Template)]
#[template(path = "returning.html", config = "src/web/askama.toml")]
pub struct Returning<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who was told.
    pub left: Vec<Left>,
    /// Who is told now.
    pub application: AppMark,
    /// Our address of this logout.
    pub address: &'a str,
}

impl Returning<'_> {
    fn seconds(&self) -> u8 {
        if any_open(&self.left) { 10 } else { 0 }
    }
}

/// Whether one of them may still be open.
pub fn any_open(left: &[Left]) -> bool {
    left.iter().any(Left::may_be_open)
}

/// One sentence about those that may still be open; empty if there are none.
pub fn still_open(left: &[Left]) -> String {
    match left.iter().filter(|left| left.may_be_open()).count() {
        0 => String::new(),
        1 => "One application did not confirm that you are signed out there too.".to_owned(),
        several => format!("{several} applications did not confirm that you are signed out there too."),
    }
}
