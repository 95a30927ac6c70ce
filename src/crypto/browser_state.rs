//! What the browser keeps for us between two requests: AES-256-GCM under a key that every replica can derive, so
//! that whichever is asked next can open it, and nobody else can read or change it.

use openssl::{error::ErrorStack, hash::MessageDigest, pkey::PKey, sign::Signer};

use crate::{
    crypto::{
        encrypt::{aes_gcm_decrypt, aes_gcm_encrypt},
        error::Error,
        seal::SealingKey,
    },
    model::secret::Secret,
};

const VERSION: u8 = 1;
const LABEL: &[u8] = b"hallpass pending sign-in 1";
const SALT_LEN: usize = 24;
/// Each message has a key of its own, made of its salt: strangers can have any number sealed, more than nonces of 96
/// bits would bear.
const NONCE: [u8; 12] = [0; 12];

/// The key of what browsers keep.
#[derive(Debug)]
pub struct BrowserStateKey(Secret<[u8; 32]>);

impl BrowserStateKey {
    /// Derives the key from the sealing key, which all replicas share; it reveals nothing about the sealing key.
    pub fn from_sealing_key(key: &SealingKey) -> Result<Self, Error> {
        hmac(key.bytes(), &[LABEL]).map(Self)
    }

    /// Seals `plain` for whoever knows `bound_to`: version ‖ salt ‖ ciphertext ‖ tag. No two calls may have the same
    /// `salt`: it must come from the system's randomness.
    pub fn seal(&self, bound_to: &[u8], plain: &[u8], salt: [u8; SALT_LEN]) -> Result<Vec<u8>, Error> {
        let key = hmac(&self.0, &[&[VERSION], &salt])?;
        let ciphertext = aes_gcm_encrypt(key.expose(), &NONCE, bound_to, plain)
            .map_err(Error::openssl("seal a sign-in"))?;
        Ok([&[VERSION], &salt[..], &ciphertext].concat())
    }

    /// Opens what was sealed for `bound_to`; none where it was not, or was changed.
    pub fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, Error> {
        let Some((salt, ciphertext)) = split_sealed(sealed) else {
            return Ok(None);
        };
        let key = hmac(&self.0, &[&[VERSION], salt])?;
        let opened = aes_gcm_decrypt(key.expose(), &NONCE, bound_to, ciphertext);
        Ok(opened.map(Secret::new))
    }
}

fn split_sealed(sealed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (version, rest) = sealed.split_first()?;
    let parts = rest.split_at_checked(SALT_LEN)?;
    (*version == VERSION).then_some(parts)
}

fn hmac(key: &Secret<[u8; 32]>, message: &[&[u8]]) -> Result<Secret<[u8; 32]>, Error> {
    let derive = || -> Result<_, ErrorStack> {
        let key = PKey::hmac(key.expose())?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
        for part in message {
            signer.update(part)?;
        }
        let mut derived = [0; 32];
        signer.sign(&mut derived)?;
        Ok(Secret::new(derived))
    };
    derive().map_err(Error::openssl("derive a key"))
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
    fn the_key_is_the_same_on_every_replica_and_differs_from_the_sealing_key() {
        let sealed = key(1).seal(b"", b"x", [7; 24]).unwrap();
        assert_eq!(sealed, key(1).seal(b"", b"x", [7; 24]).unwrap());
        assert_ne!(key(1).0, Secret::new([1; 32]));
    }
}
