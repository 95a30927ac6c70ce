//! Whether a user may use an application now.

use crate::model::{
    application::{Application, ApplicationAccess},
    user::User,
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessDecision {
    Allowed,
    UserDisabled,
    ApplicationDisabled,
    /// The application is open to chosen users and groups, and this user is not among them.
    NotAssigned,
}

/// `is_assigned` says whether the application is assigned to the user, by themselves or by one of their groups.
pub const fn decide(user: &User, application: &Application, is_assigned: bool) -> AccessDecision {
    if !user.enabled {
        return AccessDecision::UserDisabled;
    }
    if !application.enabled {
        return AccessDecision::ApplicationDisabled;
    }
    match application.access {
        ApplicationAccess::Everyone => AccessDecision::Allowed,
        ApplicationAccess::Assigned if is_assigned => AccessDecision::Allowed,
        ApplicationAccess::Assigned => AccessDecision::NotAssigned,
    }
}
