//! What was skipped or looks weak in a service provider's metadata, in words for the administrator.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::model::text::is_safe_to_display;

/// The most characters of a foreign text that are shown.
const MAX_SANITIZED: usize = 200;

/// Something in metadata that an administrator should know of. None of it keeps the service provider from
/// being read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum MetadataFinding {
    /// Nothing that its requests could be held against.
    NoSigningCertificate {
        /// Whether it says that it signs them.
        signs_requests: bool,
    },
    /// A certificate whose time is over; its key counts all the same.
    CertificateExpired {
        /// Whose.
        subject: String,
        /// Since when.
        not_after: DateTime<Utc>,
    },
    /// A certificate whose time has not come; its key counts all the same.
    CertificateNotYetValid {
        /// Whose.
        subject: String,
        /// When it will.
        not_before: DateTime<Utc>,
    },
    /// Not a certificate, or of a kind that is not known here. Left out.
    CertificateUnreadable,
    /// A key that could be broken, costs too much, or is of a kind that is not supported. Left out.
    KeyUnusable {
        /// Whose.
        subject: String,
        /// What it is, and why it is not used.
        why: String,
    },
    /// More signing keys than are tried. The others are left out.
    TooManySigningKeys {
        /// How many are used, the first in their order.
        used: usize,
    },
    /// A key that stands alone, by name or number. Left out.
    KeyWithoutCertificate,
    /// A key to encrypt with that cannot be used for that. Left out.
    EncryptionKeyUnusable {
        /// Whose.
        subject: String,
        /// Why not.
        why: String,
    },
    /// An address that speaks what is not spoken here. Left out.
    BindingSkipped {
        /// What it is for.
        endpoint: EndpointKind,
        /// What it speaks.
        binding: String,
    },
    /// An address to which nothing can be sent. Left out.
    AddressSkipped {
        /// What it is for.
        endpoint: EndpointKind,
        /// Why, with the address.
        why: String,
    },
    /// An address on this machine itself, without https.
    PlainHttp {
        /// Which.
        location: String,
    },
    /// Two consumers bear one number; it is left to the first.
    DuplicateIndex {
        /// Which.
        index: u16,
    },
    /// Several consumers, none of which is named as the default.
    NoDefaultAcs {
        /// The one that is taken.
        taken: String,
    },
    /// Nowhere to send a response to.
    NoAcs,
    /// Nowhere to send logout messages to.
    NoLogout,
    /// The metadata is over soon.
    ExpiresSoon {
        /// When.
        at: DateTime<Utc>,
    },
    /// How long it may be kept is not said in a way that can be read. Ignored.
    BadCacheDuration {
        /// What it says.
        text: String,
    },
    /// It takes names of kinds only that are not given here.
    NoSupportedNameIdFormat {
        /// The first of them.
        asked: String,
    },
    /// It lists ciphers for encryption, and neither of those that are spoken here.
    NoSupportedCipher,
    /// A role for another protocol. Left out.
    OtherProtocol,
    /// More was found than is listed.
    Truncated,
}

/// What an address is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum EndpointKind {
    /// Responses.
    Acs,
    /// Logout messages.
    Logout,
}

impl MetadataFinding {
    /// A short name that stays the same, for programs.
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
            Self::NoSupportedNameIdFormat { asked } => write!(
                f,
                "it takes names of the format {asked} and of none that is given here"
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

/// A foreign text as it may be shown: short, and without anything that drives a terminal or turns the line
/// around.
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
