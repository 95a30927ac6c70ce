//! A sign-on under way.

use chrono::{DateTime, Utc};

use crate::model::{application::AcsUrl, id::ApplicationId, id::SignOnId, secret::TokenHash};

/// An accepted request that waits for its person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WaitingSignOn {
    /// Its row.
    pub id: SignOnId,
    /// Hash of the handle in the address `/continue/{handle}`.
    pub handle: TokenHash,
    /// Hash of the cookie of the browser that brought it; no other browser goes on with it.
    pub browser: TokenHash,
    /// Who asked.
    pub application: ApplicationId,
    /// The request's own `ID`, for `InResponseTo`.
    pub request_id: String,
    /// Where the answer goes: an address that the application registered.
    pub consumer: AcsUrl,
    /// Opaque to us, returned as it came.
    pub relay_state: Option<String>,
    /// The person must log in anew, after `created_at` (saml-core, 3.4.1, `ForceAuthn`).
    pub force_authn: bool,
    /// The person must be this one (saml-core, 3.4.1, Subject).
    pub subject: Option<String>,
    /// Where it came from: `address_key` of the client, for the cap.
    pub address: String,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it is too late.
    pub expires_at: DateTime<Utc>,
}
