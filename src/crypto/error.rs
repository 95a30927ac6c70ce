//! What can be wrong with a key or a certificate.

use chrono::{DateTime, Utc};
use openssl::error::ErrorStack;

use crate::{crypto::strength::UnusableKey, model::id::KeyId};

/// What OpenSSL said when it failed at what should not fail.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OpenSslError(#[from] ErrorStack);

/// Why a key, a certificate or a sealed row is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// OpenSSL failed at what should not fail.
    #[error("OpenSSL could not {operation}")]
    OpenSsl {
        /// What it was asked to do.
        operation: &'static str,
        /// What it said.
        source: OpenSslError,
    },

    /// Not the text of a sealing key.
    #[error(
        "this is no sealing key: one line is expected that begins with {prefix} and goes on with 44 letters"
    )]
    NotASealingKey {
        /// What the text of a sealing key begins with.
        prefix: &'static str,
    },
    /// Sealed by a newer Hallpass, or not sealed at all.
    #[error(
        "key {row} is sealed in a form that this version does not know ({version}); it may belong to a newer one"
    )]
    UnknownVersion {
        /// Which row.
        row: KeyId,
        /// Its first byte.
        version: u8,
    },
    /// Sealed with a key that is not the one at hand.
    #[error(
        "key {row} was sealed with the sealing key {sealed_with}, and the one given is {given}; give the file that holds {sealed_with}"
    )]
    WrongSealingKey {
        /// Which row.
        row: KeyId,
        /// The id that stands in the row.
        sealed_with: String,
        /// The id of the key at hand.
        given: String,
    },
    /// Cut, altered, or moved here from another row.
    #[error("the sealed key {row} is damaged: it is not what was written to this row")]
    Damaged {
        /// Which row.
        row: KeyId,
    },

    /// Nothing that could be a certificate.
    #[error("no certificate found: PEM (-----BEGIN CERTIFICATE-----), DER or base64 is expected{hint}")]
    NoCertificate {
        /// A guess at what was given instead; may be empty.
        hint: &'static str,
    },
    /// It has the frame of a certificate, and none inside.
    #[error("certificate number {number} cannot be read: it is cut or damaged; download it again")]
    BadCertificate {
        /// Which one in the file, from 1.
        number: usize,
    },
    /// More certificates than anybody has.
    #[error("the file holds more than {max} certificates; give only those that sign")]
    TooManyCertificates {
        /// How many are taken.
        max: usize,
    },
    /// A private key where only certificates belong.
    #[error(
        "the file holds a private key; give the certificate alone, and treat this key as known to others if the file was sent to you"
    )]
    UnexpectedPrivateKey,
    /// A key that proves nothing, costs too much, or is of a kind that is not supported.
    #[error(
        "the key of {subject} is {why}; RSA with 2048 to 4096 bits and an exponent of at most 32, or one of the curves P-256, P-384 and P-521 is needed"
    )]
    UnusableKey {
        /// Whose.
        subject: String,
        /// Why it is not used.
        why: UnusableKey,
    },

    /// Nothing that could be a private key.
    #[error(
        "no private key found: PEM is expected (-----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----){hint}"
    )]
    NoPrivateKey {
        /// A guess at what was given instead; may be empty.
        hint: &'static str,
    },
    /// A key behind a passphrase.
    #[error(
        "the private key is encrypted, and nobody is there at start to type a passphrase: take it off with `openssl pkey -in KEY -out PLAIN` and keep the result readable for Hallpass alone"
    )]
    EncryptedPrivateKey,
    /// A key that is no RSA key.
    #[error(
        "this is not an RSA key: ChatGPT and most other applications take RSA only; make an RSA key of 2048 bits or more"
    )]
    NotRsa,
    /// An RSA key that is too short, too long or inconsistent.
    #[error("this RSA key is not usable: {why}")]
    BadRsaKey {
        /// What is wrong with it.
        why: String,
    },
    /// Key and certificate of two different pairs.
    #[error(
        "key and certificate do not belong together: the certificate of {subject} holds another public key"
    )]
    CertificateMismatch {
        /// Whose certificate.
        subject: String,
    },
    /// A certificate that counts no longer.
    #[error("the certificate of {subject} expired on {not_after}; make a new one for this key")]
    Expired {
        /// Whose.
        subject: String,
        /// When.
        not_after: DateTime<Utc>,
    },
    /// A certificate that does not count yet.
    #[error("the certificate of {subject} is valid only from {not_before}; check the clock, or wait")]
    NotYetValid {
        /// Whose.
        subject: String,
        /// From when.
        not_before: DateTime<Utc>,
    },
}

impl Error {
    /// Says what OpenSSL was doing when it failed.
    pub(super) fn openssl<E: Into<OpenSslError>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::OpenSsl {
            operation: doing,
            source: source.into(),
        }
    }
}
