//! What the browser keeps for us between two requests: AES-256-GCM under a key that every replica can derive, so
//! that whichever is asked next can open it, and nobody else can read or change it.

use crate::{
    crypto::{
        derived_key::{DerivedKey, SALT_LEN},
        error::Error,
        seal::SealingKey,
    },
    model::secret::Secret,
};

const LABEL: &[u8] = b"hallpass pending sign-in 1";

/// The key of what browsers keep.
#[derive(Debug)]
pub struct BrowserStateKey(DerivedKey);

impl BrowserStateKey {
    /// Derives the key from the sealing key, which all replicas share; it reveals nothing about the sealing key.
    pub fn from_sealing_key(key: &SealingKey) -> Result<Self, Error> {
        DerivedKey::new(key, LABEL).map(Self)
    }

    /// Seals `plain` for whoever knows `bound_to`. No two calls may have the same `salt`: it must come from the system's
    /// randomness.
    pub fn seal(&self, bound_to: &[u8], plain: &[u8], salt: [u8; SALT_LEN]) -> Result<Vec<u8>, Error> {
        self.0.seal(bound_to, plain, salt)
    }

    /// Opens what was sealed for `bound_to`; none where it was not, or was changed.
    pub fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, Error> {
        self.0.open(bound_to, sealed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> BrowserStateKey {
        BrowserStateKey::from_sealing_key(&SealingKey::new([byte; 32])).unwrap()
    }

    proptest! {
        #[test]
        fn sealed_state_opens_for_its_own_browser_only(plain: Vec<u8>, salt: [u8; 24], at: prop::sample::Index) {
            let sealed = key(1).seal(b"mine", &plain, salt).unwrap();
            prop_assert_eq!(sealed.len(), 1 + 24 + plain.len() + 16);
            let opened = key(1).open(b"mine", &sealed).unwrap();
            prop_assert_eq!(opened.as_ref().map(Secret::expose), Some(&plain));
            prop_assert!(key(1).open(b"yours", &sealed).unwrap().is_none());
            prop_assert!(key(1).open(b"", &sealed).unwrap().is_none());
            prop_assert!(key(2).open(b"mine", &sealed).unwrap().is_none());
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1;
            prop_assert!(key(1).open(b"mine", &changed).unwrap().is_none());
            let cut = &sealed[..at.index(sealed.len())];
            prop_assert!(key(1).open(b"mine", cut).unwrap().is_none());
        }
    }

    #[test]
    fn the_key_is_the_same_on_every_replica() {
        let sealed = key(1).seal(b"", b"x", [7; 24]).unwrap();
        assert_eq!(sealed, key(1).seal(b"", b"x", [7; 24]).unwrap());
        assert_ne!(sealed, key(2).seal(b"", b"x", [7; 24]).unwrap());
    }
}
