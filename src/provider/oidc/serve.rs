//! What anybody may fetch: the metadata document and the key set.

use std::sync::Arc;

use crate::provider::{error::Error, handle::Oidc, oidc::publication::OidcPublication};

impl Oidc<'_> {
    /// What anybody may fetch, from memory.
    pub fn published(&self) -> Result<Arc<OidcPublication>, Error> {
        Ok(Arc::clone(&self.cached_snapshot()?.oidc))
    }
}
