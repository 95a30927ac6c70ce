//! May this person use this application now?

use crate::model::{application::Application, user::User};

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AccessDecision {
    /// Yes.
    Allowed,
    /// The person is switched off.
    UserDisabled,
    /// The application is switched off.
    ApplicationDisabled,
}

/// Decides. Until groups come, every active person may use every enabled application.
pub const fn decide(user: &User, application: &Application) -> AccessDecision {
    if !user.enabled {
        AccessDecision::UserDisabled
    } else if !application.enabled {
        AccessDecision::ApplicationDisabled
    } else {
        AccessDecision::Allowed
    }
}
