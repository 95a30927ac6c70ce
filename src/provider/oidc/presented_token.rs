//! Finds the access token that somebody presents.

use crate::{
    model::{grant::AccessToken, opaque_token::hash_of, secret::TokenHash},
    oidc::jwt::{self, typ},
    provider::{error::Error, handle::Oidc, snapshot::Snapshot},
    store::GrantView,
};

/// A token that has not expired, with its grant.
pub(super) struct PresentedToken {
    pub(super) token: AccessToken,
    pub(super) view: GrantView,
}

impl Oidc<'_> {
    /// The access token, whose grant the caller must look at.
    pub(super) fn presented_access_token(
        &self,
        snapshot: &Snapshot,
        presented: &str,
    ) -> Result<Option<PresentedToken>, Error> {
        let Some(hash) = access_token_hash(snapshot, presented) else {
            return Ok(None);
        };
        let now = self.now();
        let Some(token) = self.store().read(|tx| tx.access_token(hash, now))? else {
            return Ok(None);
        };
        let view = self.store().read(|tx| tx.grant_view(token.grant))?;
        Ok(view.map(|view| PresentedToken { token, view }))
    }
}

/// By what the database knows a token: a JWT by its `jti`, if its signature is ours.
pub(super) fn access_token_hash(snapshot: &Snapshot, presented: &str) -> Option<TokenHash> {
    if !presented.contains('.') {
        return Some(hash_of(presented));
    }
    let claims = jwt::verify(presented, typ::ACCESS_TOKEN, &snapshot.oidc.keys)?;
    jwt::text(&claims, "jti").map(hash_of_jti)
}

/// A `jti` stands in logs of others, and must not be a token itself.
pub(super) fn hash_of_jti(jti: &str) -> TokenHash {
    hash_of(&format!("jti:{jti}"))
}
