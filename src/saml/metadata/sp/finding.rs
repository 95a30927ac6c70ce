//! Findings: what was skipped or looks weak in the metadata of a service provider, as messages for the administrator.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::model::text::is_safe_to_display;

/// How many characters of untrusted text are shown.
const MAX_SANITIZED: usize = 200;

/// Something in metadata that an administrator should know. None of it prevents the service provider from being read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum MetadataFinding {
    /// There is no certificate that could verify its requests.
    NoSigningCertificate {
        /// Whether the metadata says that it signs them.
        signs_requests: bool,
    },
    /// The certificate has expired; its key is used nevertheless.
    CertificateExpired {
        subject: String,
        not_after: DateTime<Utc>,
    },
    /// The certificate is not yet valid; its key is used nevertheless.
    CertificateNotYetValid {
        subject: String,
        not_before: DateTime<Utc>,
    },
    /// Not a certificate, or of an unknown kind. Skipped.
    CertificateUnreadable,
    /// A key that is too weak, too expensive to verify with, or of a kind that is not supported. Skipped.
    KeyUnusable {
        /// The subject of its certificate.
        subject: String,
        /// The kind of key, and why it is not used.
        why: String,
    },
    /// More signing keys than are tried. The others are skipped.
    TooManySigningKeys {
        /// How many are used: the first ones.
        used: usize,
    },
    /// A key without a certificate: by name or by value. Skipped.
    KeyWithoutCertificate,
    /// A key for encryption that cannot be used for it. Skipped.
    EncryptionKeyUnusable {
        /// The subject of its certificate.
        subject: String,
        why: String,
    },
    /// An endpoint with a binding that is not supported. Skipped.
    BindingSkipped {
        endpoint: EndpointKind,
        /// The last part of the binding's URN.
        binding: String,
    },
    /// An endpoint with a URL that cannot be used. Skipped.
    AddressSkipped {
        endpoint: EndpointKind,
        /// The reason, including the URL.
        why: String,
    },
    /// A URL on this machine itself, without https.
    PlainHttp { location: String },
    /// Two ACS endpoints have the same index; it selects the first.
    DuplicateIndex { index: u16 },
    /// Several ACS endpoints, and none of them is marked as the default.
    NoDefaultAcs {
        /// The one that is used as the default.
        taken: String,
    },
    /// There is no ACS to send Responses to.
    NoAcs,
    /// There is no endpoint for logout messages.
    NoLogout,
    /// The metadata expires soon.
    ExpiresSoon { at: DateTime<Utc> },
    /// The `cacheDuration` is malformed. Ignored.
    BadCacheDuration {
        /// The value.
        text: String,
    },
    /// It supports only NameID formats that are not supported here.
    NoSupportedNameIdFormat {
        /// The first of them.
        requested: String,
    },
    /// It lists ciphers for encryption, but none that is supported here.
    NoSupportedCipher,
    /// A role for another protocol. Skipped.
    OtherProtocol,
    /// There are more findings than are listed.
    Truncated,
}

/// The kind of an endpoint.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum EndpointKind {
    Acs,
    Logout,
}

impl MetadataFinding {
    /// A short, stable identifier for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSigningCertificate { .. } => "no-signing-certificate",
            Self::CertificateExpired { .. } => "certificate-expired",
            Self::CertificateNotYetValid { .. } => "certificate-not-yet-valid",
            Self::CertificateUnreadable => "certificate-unreadable",
            Self::KeyUnusable { .. } => "key-unusable",
            Self::TooManySigningKeys { .. } => "too-many-signing-keys",
            Self::KeyWithoutCertificate => "key-without-certificate",
            Self::EncryptionKeyUnusable { .. } => "encryption-key-unusable",
            Self::BindingSkipped { .. } => "binding-skipped",
            Self::AddressSkipped { .. } => "address-skipped",
            Self::PlainHttp { .. } => "plain-http",
            Self::DuplicateIndex { .. } => "index-twice",
            Self::NoDefaultAcs { .. } => "no-default-consumer",
            Self::NoAcs => "no-consumer",
            Self::NoLogout => "no-logout",
            Self::ExpiresSoon { .. } => "ends-soon",
            Self::BadCacheDuration { .. } => "bad-cache-duration",
            Self::NoSupportedNameIdFormat { .. } => "no-known-name-id-format",
            Self::NoSupportedCipher => "no-known-cipher",
            Self::OtherProtocol => "other-protocol",
            Self::Truncated => "more",
        }
    }
}

impl fmt::Display for MetadataFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |at: &DateTime<Utc>| at.format("%Y-%m-%d");
        match self {
            Self::NoSigningCertificate { signs_requests: true } => f.write_str(
                "it says that it signs its requests, and has no certificate that they could be held against",
            ),
            Self::NoSigningCertificate { signs_requests: false } => f.write_str(
                "it has no certificate for signing: its requests are taken unsigned, and its logout requests cannot be proven",
            ),
            Self::CertificateExpired { subject, not_after } => {
                write!(f, "the certificate of {subject} expired on {}; its key still counts", day(not_after))
            }
            Self::CertificateNotYetValid { subject, not_before } => write!(
                f,
                "the certificate of {subject} is valid from {} only; its key counts already",
                day(not_before)
            ),
            Self::CertificateUnreadable => {
                f.write_str("a certificate cannot be read, and was left out")
            }
            Self::KeyUnusable { subject, why } => {
                write!(f, "the key of {subject} is {why}, and was left out")
            }
            Self::TooManySigningKeys { used } => write!(
                f,
                "it names more than {used} keys for signing; the first {used} count, and the others were left out"
            ),
            Self::KeyWithoutCertificate => {
                f.write_str("a key comes without a certificate, and was left out")
            }
            Self::EncryptionKeyUnusable { subject, why: what } => write!(
                f,
                "the key of {subject} is {what}; it cannot be used to encrypt, and was left out"
            ),
            Self::BindingSkipped { endpoint: what, binding } => {
                write!(f, "{what} over {binding} is not spoken here; the address was left out")
            }
            Self::AddressSkipped { endpoint: what, why } => {
                write!(f, "an address for {what} cannot be used, and was left out: {why}")
            }
            Self::PlainHttp { location } => write!(f, "{location} is plain http, on this machine itself"),
            Self::DuplicateIndex { index } => {
                write!(f, "two addresses for responses have the index {index}; it is the first one's")
            }
            Self::NoDefaultAcs { taken } => write!(
                f,
                "none of its addresses for responses is marked as the default; {taken} is taken"
            ),
            Self::NoAcs => f.write_str("it names no address for responses that can be used"),
            Self::NoLogout => f.write_str(
                "it names no address for logout: signing out elsewhere does not sign out there",
            ),
            Self::ExpiresSoon { at } => {
                write!(f, "the metadata is valid until {} only", at.format("%Y-%m-%d %H:%M UTC"))
            }
            Self::BadCacheDuration { text } => write!(f, "the cacheDuration `{text}` is none, and ignored"),
            Self::NoSupportedNameIdFormat { requested } => write!(
                f,
                "it takes names of the format {requested} and of none that is given here"
            ),
            Self::NoSupportedCipher => f.write_str(
                "it lists ciphers for encryption, and not AES-GCM: what is encrypted here may be unreadable there",
            ),
            Self::OtherProtocol => {
                f.write_str("a role that does not speak SAML 2.0 was left out")
            }
            Self::Truncated => f.write_str("more was found than is listed here"),
        }
    }
}

impl fmt::Display for EndpointKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acs => "responses",
            Self::Logout => "logout",
        })
    }
}

/// Untrusted text in a form that is safe to display: short, and without control characters or characters that reverse
/// the direction of the line.
pub(in crate::saml::metadata) fn sanitize(text: &str) -> String {
    let seen = |c: char| {
        if is_safe_to_display(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    let mut short: String = text.chars().take(MAX_SANITIZED).map(seen).collect();
    if text.chars().nth(MAX_SANITIZED).is_some() {
        short.push('…');
    }
    short
}
