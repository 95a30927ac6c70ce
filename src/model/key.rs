//! Signing keys, sealed and open.

use chrono::{DateTime, Utc};

use crate::model::{id::KeyId, secret::Secret};

/// What a key of the ring is for now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyState {
    /// Signs.
    Active,
    /// Signed once; kept, never used again.
    Retired,
}

/// A key as the database keeps it: the private half sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedKey {
    /// Its row.
    pub id: KeyId,
    /// Whether it signs.
    pub state: KeyState,
    /// Version byte, sealing key's id, nonce, ciphertext and tag (see `keys::seal`).
    pub sealed: Vec<u8>,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// When it was made or imported.
    pub created_at: DateTime<Utc>,
}

/// A key that can sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningKey {
    /// Its row.
    pub id: KeyId,
    /// The private key: PKCS#8, DER.
    pub private: Secret<Vec<u8>>,
    /// What is known of its certificate.
    pub certificate: Certificate,
}

/// An X.509 certificate, and what people compare of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// The certificate itself.
    pub der: Vec<u8>,
    /// SHA-256 of `der`, lower-case hex.
    pub sha256: String,
    /// The subject's common name, or the whole subject where it has none.
    pub subject: String,
    /// From when it counts.
    pub not_before: DateTime<Utc>,
    /// Until when it counts.
    pub not_after: DateTime<Utc>,
}
