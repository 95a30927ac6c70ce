//! How the responses to a service provider are signed and encrypted.

/// Which parts of a response are signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignedParts {
    Assertion,
    Response,
    /// What every service provider accepts.
    Both,
}

impl SignedParts {
    pub const ALL: [Self; 3] = [Self::Both, Self::Assertion, Self::Response];

    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assertion => "assertion",
            Self::Response => "response",
            Self::Both => "both",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signs| signs.name() == name)
    }
}

/// The signature algorithm; the digest is of the same width. SHA-1 is not supported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureAlgorithm {
    /// What every service provider accepts.
    RsaSha256,
    RsaSha384,
    RsaSha512,
}

impl SignatureAlgorithm {
    pub const ALL: [Self; 3] = [Self::RsaSha256, Self::RsaSha384, Self::RsaSha512];

    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::RsaSha384 => "rsa-sha384",
            Self::RsaSha512 => "rsa-sha512",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// How an assertion is encrypted, each under a key of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContentCipher {
    Aes128Gcm,
    Aes256Gcm,
}

impl ContentCipher {
    pub const ALL: [Self; 2] = [Self::Aes128Gcm, Self::Aes256Gcm];

    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes128-gcm",
            Self::Aes256Gcm => "aes256-gcm",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.name() == name)
    }
}

/// Which authentication context class a response names if the request asks for none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DefaultClass {
    /// The strongest one that was proved.
    Proven,
    /// That of a password, for service providers that know no other.
    Password,
}

impl DefaultClass {
    pub const ALL: [Self; 2] = [Self::Proven, Self::Password];

    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Password => "password",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// How the responses to one service provider are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResponseOptions {
    pub signed_parts: SignedParts,
    pub signature_algorithm: SignatureAlgorithm,
    /// None: assertions are not encrypted.
    pub encryption: Option<ContentCipher>,
    pub default_class: DefaultClass,
}

impl ResponseOptions {
    /// What every service provider accepts: both parts signed with RSA-SHA256, nothing encrypted.
    pub const DEFAULT: Self = Self {
        signed_parts: SignedParts::Both,
        signature_algorithm: SignatureAlgorithm::RsaSha256,
        encryption: None,
        default_class: DefaultClass::Proven,
    };
}

impl Default for ResponseOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}
