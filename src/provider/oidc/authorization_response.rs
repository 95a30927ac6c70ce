//! An authorization response, for the browser to carry.

use crate::{
    model::{id::ApplicationId, sign_in::ResponseMode, user::UserSummary},
    oidc::authorization_response::{ResponseParameters, redirect_to},
};

/// A code or an error for a client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationResponse {
    pub application: ApplicationId,
    /// The name for display.
    pub application_name: String,
    /// The registered address that receives it.
    pub redirect_uri: String,
    pub mode: ResponseMode,
    /// What it says, in its order.
    pub parameters: ResponseParameters,
    /// The user who is signed in by it; none, if it is an error.
    pub user: Option<UserSummary>,
}

impl AuthorizationResponse {
    /// The redirect URI with what it says.
    pub fn url(&self) -> String {
        redirect_to(&self.redirect_uri, &self.parameters)
    }
}
