//! AES-256-GCM under keys that every replica can derive from the sealing key, one for each use.

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
pub(super) const SALT_LEN: usize = 24;
/// Each message has a key of its own, made of its salt: strangers can have any number sealed, more than nonces of 96
/// bits would bear.
const NONCE: [u8; 12] = [0; 12];

/// A key for one use.
#[derive(Debug)]
pub(super) struct DerivedKey(Secret<[u8; 32]>);

impl DerivedKey {
    /// Derives the key for the use that `label` names; it reveals nothing about the sealing key.
    pub(super) fn new(key: &SealingKey, label: &[u8]) -> Result<Self, Error> {
        hmac(key.bytes(), &[label]).map(Self)
    }

    /// Seals `plain` for `bound_to`: version ‖ salt ‖ ciphertext ‖ tag. No two calls may have the same `salt`: it must
    /// come from the system's randomness.
    pub(super) fn seal(&self, bound_to: &[u8], plain: &[u8], salt: [u8; SALT_LEN]) -> Result<Vec<u8>, Error> {
        let key = hmac(&self.0, &[&[VERSION], &salt])?;
        let ciphertext = aes_gcm_encrypt(key.expose(), &NONCE, bound_to, plain)
            .map_err(Error::openssl("seal what is kept for a while"))?;
        Ok([&[VERSION], &salt[..], &ciphertext].concat())
    }

    /// Opens what was sealed for `bound_to`; none where it was not, or was changed.
    pub(super) fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, Error> {
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
