//! The secrets by which confidential clients authenticate.

use chrono::{DateTime, Utc};

use crate::model::{
    id::{ApplicationId, ClientSecretId},
    secret::TokenHash,
};

/// A client secret as it is stored. A client may have several, so that it can change to a new one before the old one
/// ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientSecret {
    pub id: ClientSecretId,
    pub application: ApplicationId,
    pub hash: TokenHash,
    pub created_at: DateTime<Utc>,
    /// When it ends; none: when somebody revokes it.
    pub expires_at: Option<DateTime<Utc>>,
}

impl ClientSecret {
    /// How many of a client may work at once.
    pub const MAX_LIVE: usize = 5;

    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}
