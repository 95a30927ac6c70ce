//! How the responses to a service provider are made.

/// What is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedParts {
    /// The assertion alone.
    Assertion,
    /// The response alone.
    Response,
    /// Both: what every service provider takes.
    Both,
}

impl SignedParts {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Both, Self::Assertion, Self::Response];

    /// A short word for it: in the database, and at the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assertion => "assertion",
            Self::Response => "response",
            Self::Both => "both",
        }
    }

    /// The choice that `word` names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signs| signs.name() == name)
    }
}

/// With what it is signed; the digest is of the same width. SHA-1 is not among them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureAlgorithm {
    /// RSA with SHA-256: what every service provider takes.
    RsaSha256,
    /// RSA with SHA-384.
    RsaSha384,
    /// RSA with SHA-512.
    RsaSha512,
}

impl SignatureAlgorithm {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::RsaSha256, Self::RsaSha384, Self::RsaSha512];

    /// A short word for it: in the database, and at the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::RsaSha384 => "rsa-sha384",
            Self::RsaSha512 => "rsa-sha512",
        }
    }

    /// The choice that `word` names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// With what an assertion is encrypted, under a key of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContentCipher {
    /// AES-GCM with a key of 128 bits.
    Aes128Gcm,
    /// AES-GCM with a key of 256 bits.
    Aes256Gcm,
}

impl ContentCipher {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Aes128Gcm, Self::Aes256Gcm];

    /// A short word for it: in the database, and at the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes128-gcm",
            Self::Aes256Gcm => "aes256-gcm",
        }
    }

    /// The choice that `word` names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.name() == name)
    }
}

/// How the responses to one service provider are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResponseOptions {
    /// What is signed.
    pub signed_parts: SignedParts,
    /// With what.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whether assertions are encrypted, and with what.
    pub encryption: Option<ContentCipher>,
}

impl ResponseOptions {
    /// What every service provider takes: both signed with RSA-SHA256, nothing encrypted.
    pub const DEFAULT: Self = Self {
        signed_parts: SignedParts::Both,
        signature_algorithm: SignatureAlgorithm::RsaSha256,
        encryption: None,
    };
}

impl Default for ResponseOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
