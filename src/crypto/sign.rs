//! Signing with our key, and verifying with those of others.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    pkey::{Id, PKey, Private, Public},
    pkey_ctx::PkeyCtx,
    rsa::Padding,
    sign::Verifier,
    x509::X509,
};

use crate::{
    crypto::{error::OpenSslError, hash::DigestAlgorithm, strength},
    model::{key::Certificate, secret::Secret},
};

/// A key that signs, by RSA with PKCS #1 v1.5.
pub struct PrivateKey {
    key: PKey<Private>,
    /// Contexts that are set up to sign and not in use: to set one up costs a twentieth of a signature.
    idle: Mutex<Vec<SigningContext>>,
}

struct SigningContext {
    digest: DigestAlgorithm,
    context: PkeyCtx<Private>,
}

/// More than sign at the same time: so many threads work on requests.
const MAX_IDLE_CONTEXTS: usize = 64;

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl PrivateKey {
    /// Reads PKCS #8.
    pub fn from_pkcs8(der: &Secret<Vec<u8>>) -> Result<Self, OpenSslError> {
        Ok(Self {
            key: PKey::private_key_from_pkcs8(der.expose())?,
            idle: Mutex::default(),
        })
    }

    /// Signs `parts`, one behind the other.
    pub fn sign(&self, digest: DigestAlgorithm, parts: &[&[u8]]) -> Result<Vec<u8>, OpenSslError> {
        let mut context = self.context(digest)?;
        let mut signature = vec![0; self.key.size()];
        let length = context
            .context
            .sign(&digest.digest(parts), Some(&mut signature))?;
        signature.truncate(length);
        // One that failed is not used again.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_CONTEXTS {
            idle.push(context);
        }
        Ok(signature)
    }

    fn context(&self, digest: DigestAlgorithm) -> Result<SigningContext, OpenSslError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = idle.iter().rposition(|context| context.digest == digest) {
            return Ok(idle.swap_remove(found));
        }
        drop(idle);
        let mut context = PkeyCtx::new(&self.key)?;
        context.sign_init()?;
        context.set_rsa_padding(Padding::PKCS1)?;
        context.set_signature_md(digest.md())?;
        Ok(SigningContext { digest, context })
    }
}

/// What a signature is made with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignatureAlgorithm {
    pub key: KeyKind,
    pub digest: DigestAlgorithm,
}

/// The kinds of key that sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyKind {
    Rsa,
    Ecdsa,
}

/// The public key of somebody else.
#[derive(Debug)]
pub struct PublicKey(PKey<Public>);

impl PublicKey {
    /// The key of `certificate`, if it holds one.
    pub fn from_certificate(certificate: &Certificate) -> Option<Self> {
        let x509 = X509::from_der(&certificate.der).ok()?;
        x509.public_key().ok().map(Self)
    }

    /// Whether `value` may be a signature by this key: of its kind, as long as it makes them, and by a key that is
    /// used. This is cheap.
    pub fn may_have_made(&self, algorithm: SignatureAlgorithm, value: &[u8]) -> bool {
        let key = &self.0;
        // An RSA signature is as long as the modulus (rfc8017, 8.2.2); an ECDSA one is at most two halves and DER's
        // six to nine octets around them.
        let (is_of_kind, length) = match algorithm.key {
            KeyKind::Rsa => (key.id() == Id::RSA, value.len() == key.size()),
            KeyKind::Ecdsa => (key.id() == Id::EC, value.len() <= 2 * self.coordinate_len() + 9),
        };
        is_of_kind && length && strength::assess(key).is_ok()
    }

    /// Whether `value` is a signature over `octets` by this key, which could have made it.
    pub fn verify(&self, algorithm: SignatureAlgorithm, octets: &[u8], value: &[u8]) -> bool {
        let check = |value: &[u8]| -> Result<bool, ErrorStack> {
            let mut verifier = Verifier::new(algorithm.digest.message_digest(), &self.0)?;
            verifier.verify_oneshot(value, octets)
        };
        match algorithm.key {
            KeyKind::Rsa => check(value).unwrap_or(false),
            KeyKind::Ecdsa => {
                // XML Signature writes r‖s of the key's width; many senders leave OpenSSL's DER as it is.
                let width = self.coordinate_len();
                let raw_fits = value.len() == 2 * width
                    && ecdsa_der(value, width).is_ok_and(|der| check(&der).unwrap_or(false));
                raw_fits || (value.first() == Some(&0x30) && check(value).unwrap_or(false))
            }
        }
    }

    /// How many octets a number of the key's curve takes.
    fn coordinate_len(&self) -> usize {
        usize::try_from(self.0.bits()).unwrap_or_default().div_ceil(8)
    }
}

fn ecdsa_der(raw: &[u8], width: usize) -> Result<Vec<u8>, ErrorStack> {
    let (r, s) = raw.split_at(width);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der()
}
