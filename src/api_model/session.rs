//! Sessions.

use serde::Serialize;

use crate::{
    api_model::time::format_rfc3339, model::authentication::AuthenticationMethod,
    provider::people::sessions::ListedSession,
};

/// A session, as `session list` prints an array of.
#[derive(Debug, Serialize)]
pub struct SessionOutput {
    id: String,
    user_id: String,
    email: String,
    /// The browser in words.
    device: Option<String>,
    address: Option<String>,
    /// How the user signed in, by the names of RFC 8176.
    methods: Vec<&'static str>,
    began_at: String,
    last_seen_at: String,
    expires_at: String,
    /// The short names of the applications that were entered.
    applications: Vec<String>,
}

impl SessionOutput {
    pub fn new(session: &ListedSession, applications: Vec<String>) -> Self {
        Self {
            id: session.id.to_string(),
            user_id: session.user.to_string(),
            email: session.email.clone(),
            device: session.device.clone(),
            address: session.address.clone(),
            methods: session
                .authentications
                .methods()
                .map(AuthenticationMethod::amr)
                .collect(),
            began_at: format_rfc3339(session.id.made_at()),
            last_seen_at: format_rfc3339(session.last_seen_at),
            expires_at: format_rfc3339(session.expires_at),
            applications,
        }
    }
}

/// What `session end` prints an array of.
#[derive(Debug, Serialize)]
pub struct EndedSessionOutput<'a> {
    pub id: String,
    /// The short names of the applications that were not told.
    pub not_told: &'a [String],
}
