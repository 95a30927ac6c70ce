//! A sign-on under way.

use chrono::{DateTime, Utc};

use crate::model::{
    application::AcsUrl,
    id::{ApplicationId, SignOnId},
    name_id::NameIdFormat,
    secret::TokenHash,
};

/// Whom a request is about (saml-core, 3.4.1.4): a name, and of what format it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// The kind of name.
    pub format: NameIdFormat,
    /// The name.
    pub value: String,
}

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
    /// The request's own `ID`, for `InResponseTo`; none if nobody asked (saml-profiles, 4.1.5).
    pub request_id: Option<String>,
    /// Where the answer goes: an address that the application registered.
    pub consumer: AcsUrl,
    /// Opaque to us, returned as it came.
    pub relay_state: Option<String>,
    /// The person must log in anew, after `created_at` (saml-core, 3.4.1, `ForceAuthn`).
    pub force_authn: bool,
    /// No page may be shown (saml-core, 3.4.1, `IsPassive`).
    pub is_passive: bool,
    /// The person must be this one (saml-core, 3.4.1.4).
    pub subject: Option<Subject>,
    /// The name that the application is told.
    pub name_id_format: NameIdFormat,
    /// The kind of login that the answer names.
    pub context_class: String,
    /// What to fill in as e-mail address.
    pub login_hint: Option<String>,
    /// Where it came from: `address_key` of the client, for the cap.
    pub address: String,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it is too late.
    pub expires_at: DateTime<Utc>,
}
