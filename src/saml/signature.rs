//! Signatures of others, and what they prove.

use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{Id, PKey, Public},
    sign,
    x509::X509,
};

use crate::{
    crypto::strength::{self, MAX_SIGNING_KEYS},
    model::key::Certificate,
    saml::{
        enveloped,
        refusal::Refusal,
        unverified_signature::{SignatureInput, UnverifiedSignature},
        urn,
    },
};

/// A message that was read, with the signature that came with it; nothing in it is believed yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unverified<T> {
    message: T,
    signature: Option<UnverifiedSignature>,
}

/// A message whose signature fits a certificate that an administrator registered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified<T>(T);

/// What the signature says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VerificationOutcome<T> {
    /// Signed by a registered key.
    Signed(Verified<T>),
    /// Not signed.
    Unsigned(T),
    /// Signed, but no certificate is registered to hold it against: counts as none.
    Unchecked(T),
}

impl<T> Unverified<T> {
    /// Puts a message beside its signature.
    pub const fn new(message: T, signature: Option<UnverifiedSignature>) -> Self {
        Self { message, signature }
    }

    /// The message, to find out who claims to have sent it.
    pub const fn unverified(&self) -> &T {
        &self.message
    }

    /// The algorithm that it says it is signed with.
    pub fn algorithm(&self) -> Option<&str> {
        self.signature
            .as_ref()
            .map(|signature| signature.algorithm.as_str())
    }

    /// Holds the signature against `certificates`: any of them may fit (saml-metadata, 2.4.1.1),
    /// expired ones too. A signature that fits none is refused even where none was needed.
    ///
    /// The cheap questions come first: what the signature is over is canonicalised and digested only where a key is
    /// registered that could have made it.
    pub fn verify(self, certificates: &[Certificate]) -> Result<VerificationOutcome<T>, Refusal> {
        let Some(signature) = self.signature else {
            return Ok(VerificationOutcome::Unsigned(self.message));
        };
        let algorithm = Algorithm::from_uri(&signature.algorithm)?;
        if certificates.is_empty() {
            return Ok(VerificationOutcome::Unchecked(self.message));
        }
        let keys: Vec<_> = certificates
            .iter()
            .take(MAX_SIGNING_KEYS)
            .filter_map(public_key)
            .filter(|key| algorithm.may_match(key, &signature.value))
            .collect();
        if keys.is_empty() {
            return Err(Refusal::BadSignature);
        }
        let octets = match signature.input {
            SignatureInput::Bytes(octets) => octets,
            SignatureInput::Enveloped(xml) => enveloped::signed_octets(&xml)?,
        };
        if keys
            .iter()
            .any(|key| algorithm.verify(key, &octets, &signature.value))
        {
            Ok(VerificationOutcome::Signed(Verified(self.message)))
        } else {
            Err(Refusal::BadSignature)
        }
    }
}

impl<T> Verified<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> VerificationOutcome<T> {
    /// The message, whoever sent it.
    pub fn into_inner(self) -> T {
        match self {
            Self::Signed(Verified(message)) | Self::Unsigned(message) | Self::Unchecked(message) => message,
        }
    }
}

fn public_key(certificate: &Certificate) -> Option<PKey<Public>> {
    X509::from_der(&certificate.der).ok()?.public_key().ok()
}

/// The algorithms that a sender may sign with.
#[derive(Clone, Copy)]
struct Algorithm {
    key: Id,
    digest: MessageDigest,
}

impl Algorithm {
    fn from_uri(uri: &str) -> Result<Self, Refusal> {
        let (key, digest) = match uri {
            urn::RSA_SHA256 => (Id::RSA, MessageDigest::sha256()),
            urn::RSA_SHA384 => (Id::RSA, MessageDigest::sha384()),
            urn::RSA_SHA512 => (Id::RSA, MessageDigest::sha512()),
            urn::ECDSA_SHA256 => (Id::EC, MessageDigest::sha256()),
            urn::ECDSA_SHA384 => (Id::EC, MessageDigest::sha384()),
            urn::ECDSA_SHA512 => (Id::EC, MessageDigest::sha512()),
            urn::RSA_SHA1 => {
                return Err(Refusal::SignatureAlgorithm(
                    "rsa-sha1 can be forged; sign with RSA-SHA256",
                ));
            }
            _ => {
                return Err(Refusal::SignatureAlgorithm(
                    "not among RSA and ECDSA with SHA-256, 384 or 512",
                ));
            }
        };
        Ok(Self { key, digest })
    }

    /// Whether `value` may be a signature by `key`: of its kind, as long as it makes them, and by a key that is used.
    fn may_match(self, key: &PKey<Public>, value: &[u8]) -> bool {
        // An RSA signature is as long as the modulus (rfc8017, 8.2.2); an ECDSA one is at most two halves and DER's
        // six to nine octets around them.
        let length = match key.id() {
            Id::RSA => value.len() == key.size(),
            Id::EC => value.len() <= 2 * coordinate_len(key) + 9,
            _ => false,
        };
        key.id() == self.key && length && strength::assess(key).is_ok()
    }

    /// Whether `value` is a signature by `key`, which could have made it.
    fn verify(self, key: &PKey<Public>, octets: &[u8], value: &[u8]) -> bool {
        let check = |value: &[u8]| -> Result<bool, ErrorStack> {
            let mut verifier = sign::Verifier::new(self.digest, key)?;
            verifier.verify_oneshot(value, octets)
        };
        if key.id() == Id::RSA {
            return check(value).unwrap_or(false);
        }
        // XML Signature writes r‖s of the key's width; many senders leave OpenSSL's DER as it is.
        let width = coordinate_len(key);
        let raw_fits =
            value.len() == 2 * width && ecdsa_der(value, width).is_ok_and(|der| check(&der).unwrap_or(false));
        raw_fits || (value.first() == Some(&0x30) && check(value).unwrap_or(false))
    }
}

/// How many octets a number of the key's curve takes.
fn coordinate_len(key: &PKey<Public>) -> usize {
    usize::try_from(key.bits()).unwrap_or_default().div_ceil(8)
}

fn ecdsa_der(raw: &[u8], width: usize) -> Result<Vec<u8>, ErrorStack> {
    let (r, s) = raw.split_at(width);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der()
}
