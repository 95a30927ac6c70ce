//! The successors of refresh tokens, which wait in the database for a client that lost the answer: a copy of the
//! database does not reveal them.

use crate::{
    crypto::{
        derived_key::{DerivedKey, SALT_LEN},
        error::Error,
        seal::SealingKey,
    },
    model::secret::{Secret, TokenHash},
};

const LABEL: &[u8] = b"hallpass refresh token 1";

/// The key of refresh tokens.
#[derive(Debug)]
pub struct RefreshKey(DerivedKey);

impl RefreshKey {
    /// Derives the key from the sealing key, which all replicas share.
    pub fn from_sealing_key(key: &SealingKey) -> Result<Self, Error> {
        DerivedKey::new(key, LABEL).map(Self)
    }

    /// Seals the successor of the token with this hash. No two calls may have the same `salt`: it must come from the
    /// system's randomness.
    pub fn seal(&self, token: TokenHash, plain: &[u8], salt: [u8; SALT_LEN]) -> Result<Vec<u8>, Error> {
        self.0.seal(token.as_bytes(), plain, salt)
    }

    /// Opens what was sealed for this token; none where it was sealed with another key, or was changed.
    pub fn open(&self, token: TokenHash, sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, Error> {
        self.0.open(token.as_bytes(), sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::opaque_token::hash_of;

    #[test]
    fn a_successor_opens_for_its_token_alone() {
        let key = |byte| RefreshKey::from_sealing_key(&SealingKey::new([byte; 32])).unwrap();
        let sealed = key(1).seal(hash_of("a"), b"next", [7; SALT_LEN]).unwrap();
        let opened = key(1).open(hash_of("a"), &sealed).unwrap();
        assert_eq!(opened.unwrap().expose(), b"next");
        for opened in [
            key(1).open(hash_of("b"), &sealed),
            key(2).open(hash_of("a"), &sealed),
        ] {
            assert!(opened.unwrap().is_none());
        }
    }
}
