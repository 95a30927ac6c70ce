//! This installation: what is one for all its replicas.

use crate::model::application::EntityId;

/// The one row that every replica shares.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Installation {
    /// Our name to every service provider. Stored at the first start, so that a changed base URL
    /// does not change it in silence.
    pub entity_id: EntityId,
    /// The base URL that the newest `serve` ran under.
    pub base_url: String,
    /// Raised by every change of an application or a key: what is kept in memory is read anew then.
    pub generation: i64,
}
