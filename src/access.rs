//! Whether a user may use an application now.

use crate::model::{application::Application, user::User};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessDecision {
    Allowed,
    UserDisabled,
    ApplicationDisabled,
}

/// Until there are groups, every enabled user may use every enabled application.
pub const fn decide(user: &User, application: &Application) -> AccessDecision {
    if !user.enabled {
        AccessDecision::UserDisabled
    } else if !application.enabled {
        AccessDecision::ApplicationDisabled
    } else {
        AccessDecision::Allowed
    }
}
