//! Signatures of others, and what they prove.

use crate::{
    crypto::{
        hash::DigestAlgorithm,
        sign::{KeyKind, PublicKey, SignatureAlgorithm},
        strength::MAX_SIGNING_KEYS,
    },
    model::key::Certificate,
    saml::{
        enveloped,
        refusal::Refusal,
        unverified_signature::{SignatureInput, UnverifiedSignature},
        urn,
    },
    xml::tree::XmlDocument,
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
        let algorithm = algorithm_from_uri(&signature.algorithm)?;
        if certificates.is_empty() {
            return Ok(VerificationOutcome::Unchecked(self.message));
        }
        let keys: Vec<_> = certificates
            .iter()
            .take(MAX_SIGNING_KEYS)
            .filter_map(PublicKey::from_certificate)
            .filter(|key| key.may_have_made(algorithm, &signature.value))
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
            .any(|key| key.verify(algorithm, &octets, &signature.value))
        {
            Ok(VerificationOutcome::Signed(Verified(self.message)))
        } else {
            Err(Refusal::BadSignature)
        }
    }
}

/// Whether the root of `xml` has a signature over all of it that fits `certificate`. For what we signed ourselves.
pub fn is_signed_by(xml: &str, certificate: &Certificate) -> Result<bool, Refusal> {
    let document = XmlDocument::parse(xml)?;
    let signature = enveloped::unverified_signature(document.root_element(), xml)?;
    let verified = Unverified::new((), signature).verify(std::slice::from_ref(certificate))?;
    Ok(matches!(verified, VerificationOutcome::Signed(_)))
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

/// The algorithms that a sender may sign with.
fn algorithm_from_uri(uri: &str) -> Result<SignatureAlgorithm, Refusal> {
    let (key, digest) = match uri {
        urn::RSA_SHA256 => (KeyKind::Rsa, DigestAlgorithm::Sha256),
        urn::RSA_SHA384 => (KeyKind::Rsa, DigestAlgorithm::Sha384),
        urn::RSA_SHA512 => (KeyKind::Rsa, DigestAlgorithm::Sha512),
        urn::ECDSA_SHA256 => (KeyKind::Ecdsa, DigestAlgorithm::Sha256),
        urn::ECDSA_SHA384 => (KeyKind::Ecdsa, DigestAlgorithm::Sha384),
        urn::ECDSA_SHA512 => (KeyKind::Ecdsa, DigestAlgorithm::Sha512),
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
    Ok(SignatureAlgorithm { key, digest })
}
