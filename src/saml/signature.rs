//! Signatures of others on the query of an address, and what they prove.

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
    model::key::Certificate,
    saml::{refusal::Refusal, urn},
};

/// A detached signature over the octets of a query (saml-bindings, 3.4.4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detached {
    /// `SigAlg`, as a URI.
    pub algorithm: String,
    /// The octets as they came: `SAMLRequest=…&RelayState=…&SigAlg=…`.
    pub octets: Vec<u8>,
    /// `Signature`, decoded.
    pub value: Vec<u8>,
}

/// A message that was read, with the signature that came with it; nothing in it is believed yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unverified<T> {
    message: T,
    signature: Option<Detached>,
}

/// A message whose signature fits a certificate that an administrator registered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified<T>(T);

/// What the signature says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Judged<T> {
    /// Signed by a registered key.
    Signed(Verified<T>),
    /// Not signed.
    Unsigned(T),
    /// Signed, but no certificate is registered to hold it against: counts as none.
    Unchecked(T),
}

impl<T> Unverified<T> {
    /// Puts a message beside its signature.
    pub const fn new(message: T, signature: Option<Detached>) -> Self {
        Self { message, signature }
    }

    /// The message, to find out who claims to have sent it.
    pub const fn peek(&self) -> &T {
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
    pub fn judge(self, certificates: &[Certificate]) -> Result<Judged<T>, Refusal> {
        let Some(signature) = self.signature else {
            return Ok(Judged::Unsigned(self.message));
        };
        let algorithm = Algorithm::from_uri(&signature.algorithm)?;
        if certificates.is_empty() {
            return Ok(Judged::Unchecked(self.message));
        }
        let fits = |certificate: &Certificate| {
            public_key(certificate)
                .is_some_and(|key| algorithm.verify(&key, &signature.octets, &signature.value))
        };
        if certificates.iter().any(fits) {
            Ok(Judged::Signed(Verified(self.message)))
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

impl<T> Judged<T> {
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
            urn::RSA_SHA1 => return Err(Refusal::Algorithm("rsa-sha1 can be forged; sign with RSA-SHA256")),
            _ => {
                return Err(Refusal::Algorithm(
                    "not among RSA and ECDSA with SHA-256, 384 or 512",
                ));
            }
        };
        Ok(Self { key, digest })
    }

    /// Whether `value` is a signature by `key`. A key of another kind or a weak one fits nothing.
    fn verify(self, key: &PKey<Public>, octets: &[u8], value: &[u8]) -> bool {
        let strong = match key.id() {
            Id::RSA => key.bits() >= 2048,
            Id::EC => key.bits() >= 256,
            _ => false,
        };
        if key.id() != self.key || !strong {
            return false;
        }
        let check = |value: &[u8]| -> Result<bool, ErrorStack> {
            let mut verifier = sign::Verifier::new(self.digest, key)?;
            verifier.verify_oneshot(value, octets)
        };
        if key.id() == Id::RSA {
            return check(value).unwrap_or(false);
        }
        // XML Signature writes r‖s of the key's width; many senders leave OpenSSL's DER as it is.
        let width = usize::try_from(key.bits()).unwrap_or_default().div_ceil(8);
        let raw_fits =
            value.len() == 2 * width && der_of(value, width).is_ok_and(|der| check(&der).unwrap_or(false));
        raw_fits || (value.first() == Some(&0x30) && check(value).unwrap_or(false))
    }
}

fn der_of(raw: &[u8], width: usize) -> Result<Vec<u8>, ErrorStack> {
    let (r, s) = raw.split_at(width);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der()
}
