//! What clients may fetch, and the keys that sign for them, in one generation.

use std::fmt;

use crate::{
    crypto::{
        jose::{PublicJwk, TokenSigner},
        seal::SealingKey,
    },
    model::{
        endpoint::OidcEndpoints,
        installation::Installation,
        oidc_key::{JwsAlgorithm, OidcKeyState, SealedOidcKey},
    },
    oidc::discovery,
    provider::error::Error,
};

/// The issuer, its documents and its keys.
pub struct OidcPublication {
    /// Byte for byte what `iss` says everywhere.
    pub issuer: String,
    /// The metadata document.
    pub metadata: String,
    /// The key set.
    pub jwks: String,
    /// Every published key: a token of any of them is one of ours.
    pub(in crate::provider) keys: Vec<PublicJwk>,
    signers: Vec<TokenSigner>,
}

impl fmt::Debug for OidcPublication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OidcPublication({})", self.issuer)
    }
}

impl OidcPublication {
    /// Opens the keys that sign. One that no longer does is published alone.
    pub(in crate::provider) fn new(
        installation: &Installation,
        endpoints: &OidcEndpoints,
        keys: &[SealedOidcKey],
        sealing: &SealingKey,
    ) -> Result<Self, Error> {
        let (mut published, mut signers) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in keys {
            let Some(public) = PublicJwk::from_spki(key.algorithm, &key.public) else {
                tracing::error!(key.id = %key.id, "a key for tokens cannot be read, and is not published");
                continue;
            };
            published.push(public.clone());
            if let (OidcKeyState::Active, Some(sealed)) = (key.state, &key.sealed) {
                signers.push(TokenSigner::open(&sealing.open(key.id, sealed)?, public)?);
            }
        }
        Ok(Self {
            issuer: installation.issuer.clone(),
            metadata: discovery::metadata(&installation.issuer, endpoints),
            jwks: discovery::jwks(&published),
            keys: published,
            signers,
        })
    }

    /// The key that signs with `algorithm`.
    pub(in crate::provider) fn signer(&self, algorithm: JwsAlgorithm) -> Result<&TokenSigner, Error> {
        self.signers
            .iter()
            .find(|signer| signer.public().algorithm == algorithm)
            .ok_or(Error::NotInitialized("key for tokens"))
    }
}
