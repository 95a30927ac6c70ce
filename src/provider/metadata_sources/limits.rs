//! How much is fetched of a source, and for how long.

use std::time::Duration;

use crate::saml::metadata::sp;

/// The largest aggregate, in bytes.
pub const MAX_AGGREGATE_BYTES: u64 = 200 * 1024 * 1024;
/// How long fetching the metadata of one entity may take.
pub(super) const ENTITY_TIMEOUT: Duration = Duration::from_mins(1);
/// How long fetching an aggregate may take.
pub(super) const AGGREGATE_TIMEOUT: Duration = Duration::from_mins(10);

/// The largest metadata of one entity, in bytes.
pub(super) fn max_entity_bytes() -> u64 {
    u64::try_from(sp::MAX_FILE).unwrap_or(u64::MAX)
}
