//! The page for a user who is not among those who may use an application.

use askama::Template;

use crate::web::page::{
    auto_post::Base64,
    part::{AppMark, Brand, UserMark},
};

/// How the user goes back to the application, which then receives a status.
#[derive(Clone, Debug)]
pub struct WayBack<'a> {
    /// The registered address that receives the message.
    pub destination: &'a str,
    /// The parameter `SAMLResponse`.
    pub message: Base64,
    /// The parameter `RelayState`, if there was one.
    pub relay_state: Option<&'a str>,
}

/// The user is signed in, and the application is open to others.
#[derive(Clone, Debug, Template)]
#[template(path = "not_assigned.html", config = "src/web/askama.toml")]
pub struct NotAssignedPage<'a> {
    pub brand: Brand,
    pub application: AppMark,
    pub user: UserMark,
    /// The names of the groups that it is open to.
    pub groups: &'a [String],
    /// The refusal code, and what identifies this refusal.
    pub code: String,
    /// `None` if the application sent no request.
    pub back: Option<WayBack<'a>>,
}

impl NotAssignedPage<'_> {
    /// The groups, if they are few enough to be named.
    fn named_groups(&self) -> Option<String> {
        match self.groups {
            [only] => Some(only.clone()),
            [first, second] => Some(format!("{first} and {second}")),
            [first, second, third] => Some(format!("{first}, {second} and {third}")),
            _ => None,
        }
    }
}
