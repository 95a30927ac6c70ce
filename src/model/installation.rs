//! This installation: what all its replicas have in common.

use crate::model::{application::EntityId, passkey::RpId};

/// The one row that all replicas share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Installation {
    /// Our entity ID, for every service provider. Stored at the first start, so that a changed base URL does not
    /// change it silently.
    pub entity_id: EntityId,
    /// The issuer of OpenID Connect: stored at the first start, as the entity ID is.
    pub issuer: String,
    /// The base URL of the most recent `serve`.
    pub base_url: String,
    /// Raised by every change of an application or a key: replicas then reload what they have cached.
    pub generation: i64,
    /// The domain of passkeys, from the first enrolment on: no setting changes it.
    pub passkey_rp_id: Option<RpId>,
}
