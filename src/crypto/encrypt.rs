//! AES-GCM, and RSA-OAEP around its keys.

use openssl::{
    error::ErrorStack,
    pkey::{Id, PKey, Public},
    rsa::Padding,
    symm::{Cipher, decrypt_aead, encrypt_aead},
    x509::X509,
};

use crate::{
    crypto::{
        error::OpenSslError,
        strength::{self, UnusableKey},
    },
    model::key::Certificate,
};

const TAG_LEN: usize = 16;

/// AES-GCM with a key of 16 or 32 bytes: the ciphertext, and the tag behind it. No key and `nonce` may ever meet two
/// texts.
pub fn aes_gcm_encrypt(
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, OpenSslError> {
    let mut tag = [0; TAG_LEN];
    let mut sealed = encrypt_aead(aes_gcm(key), key, Some(nonce), associated_data, plain, &mut tag)?;
    sealed.extend(tag);
    Ok(sealed)
}

/// Opens what [`aes_gcm_encrypt`] made; nothing where it was made with something else, or changed.
pub(super) fn aes_gcm_decrypt(
    key: &[u8],
    nonce: &[u8],
    associated_data: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
    // A tag that does not fit is all that can fail here, and OpenSSL has no words for it.
    decrypt_aead(aes_gcm(key), key, Some(nonce), associated_data, ciphertext, tag).ok()
}

fn aes_gcm(key: &[u8]) -> Cipher {
    if key.len() == 16 {
        Cipher::aes_128_gcm()
    } else {
        Cipher::aes_256_gcm()
    }
}

/// Why a certificate cannot be encrypted to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnusableRecipient {
    /// OpenSSL does not read it, or finds no key in it.
    #[error("it holds no key that can be read")]
    Unreadable,
    /// RSA-OAEP needs an RSA key.
    #[error("its key is not an RSA key, and only to an RSA key can an assertion be encrypted")]
    NotRsa,
    /// A key that is not used, for what is said of it.
    #[error("its key is {0}")]
    Unusable(UnusableKey),
}

/// A key that can be encrypted to.
#[derive(Debug)]
pub struct Recipient(PKey<Public>);

impl Recipient {
    /// The key of `certificate`.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, UnusableRecipient> {
        let key = X509::from_der(&certificate.der)
            .and_then(|x509| x509.public_key())
            .map_err(|_why| UnusableRecipient::Unreadable)?;
        if key.id() != Id::RSA {
            return Err(UnusableRecipient::NotRsa);
        }
        match strength::assess(&key) {
            Ok(()) => Ok(Self(key)),
            Err(why) => Err(UnusableRecipient::Unusable(why)),
        }
    }

    /// RSA-OAEP with SHA-1 in both places; the seed comes from OpenSSL's random generator.
    pub fn wrap_key(&self, key: &[u8]) -> Result<Vec<u8>, OpenSslError> {
        let wrap = || -> Result<Vec<u8>, ErrorStack> {
            let rsa = self.0.rsa()?;
            let mut wrapped = vec![0; usize::try_from(rsa.size()).unwrap_or_default()];
            let length = rsa.public_encrypt(key, &mut wrapped, Padding::PKCS1_OAEP)?;
            wrapped.truncate(length);
            Ok(wrapped)
        };
        Ok(wrap()?)
    }
}
