//! Signing keys, sealed and unsealed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{id::KeyId, secret::Secret};

/// What a key of the key ring is used for now. A key moves down this list, and one step up again by `back`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyState {
    /// Published, so that service providers can adopt it; does not sign yet.
    Next,
    /// Published, and signs.
    Active,
    /// Published, so that its signatures still verify, and so that it can sign again.
    Previous,
    /// Not published; only the certificate is stored, as a record.
    Retired,
}

impl KeyState {
    /// Whether its certificate is in our metadata.
    pub const fn is_published(self) -> bool {
        match self {
            Self::Next | Self::Active | Self::Previous => true,
            Self::Retired => false,
        }
    }
}

/// A key as it is stored in the database: the private half sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedKey {
    pub id: KeyId,
    pub state: KeyState,
    /// Version byte, sealing key's id, nonce, ciphertext and tag (see `crypto::seal`); none once it is retired.
    pub sealed: Option<Vec<u8>>,
    /// DER.
    pub certificate: Vec<u8>,
    /// When it was generated or imported; it is published from then on.
    pub created_at: DateTime<Utc>,
    /// When it entered this state.
    pub since: DateTime<Utc>,
}

/// A key that can sign.
#[derive(Debug, Eq, PartialEq)]
pub struct SigningKey {
    pub id: KeyId,
    /// PKCS#8, DER.
    pub private: Secret<Vec<u8>>,
    pub certificate: Certificate,
}

/// An X.509 certificate, and the values by which people compare it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    pub der: Vec<u8>,
    /// SHA-256 of `der`, lower-case hex.
    pub sha256: String,
    /// The subject's common name, or the whole subject where it has none.
    pub subject: String,
    pub not_before: DateTime<Utc>,
    pub not_after: DateTime<Utc>,
}

/// How close a certificate is to its expiry, once a warning is due.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CertificateExpiry {
    /// It was issued by a clock that is ahead of this one, or for later use.
    NotYetValid,
    Expired,
    /// It expires within this many days: one of [`CertificateExpiry::WARNING_DAYS`].
    ExpiresWithin(i64),
}

impl CertificateExpiry {
    /// How many days before the expiry of a certificate a warning is due, in ascending order.
    pub const WARNING_DAYS: [i64; 5] = [1, 7, 14, 30, 60];

    /// The warning that is due at `now`, if any; a certificate that is not valid yet is reported, too.
    pub fn from_certificate(certificate: &Certificate, now: DateTime<Utc>) -> Option<Self> {
        if certificate.not_before > now {
            return Some(Self::NotYetValid);
        }
        let left = certificate.not_after - now;
        if left <= TimeDelta::zero() {
            return Some(Self::Expired);
        }
        Self::WARNING_DAYS
            .into_iter()
            .find(|days| left <= TimeDelta::days(*days))
            .map(Self::ExpiresWithin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_reported_60_30_14_7_and_1_days_ahead() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let from = |begin: TimeDelta, left: TimeDelta| {
            let certificate = Certificate {
                der: Vec::new(),
                sha256: String::new(),
                subject: String::new(),
                not_before: now + begin,
                not_after: now + left,
            };
            CertificateExpiry::from_certificate(&certificate, now)
        };
        let at = |left: TimeDelta| from(TimeDelta::days(-500), left);
        let second = TimeDelta::seconds(1);
        assert_eq!(at(TimeDelta::days(60) + second), None);
        for (days, next) in [(60, 30), (30, 14), (14, 7), (7, 1)] {
            assert_eq!(
                at(TimeDelta::days(days)),
                Some(CertificateExpiry::ExpiresWithin(days))
            );
            assert_eq!(
                at(TimeDelta::days(next) + second),
                Some(CertificateExpiry::ExpiresWithin(days))
            );
        }
        assert_eq!(at(TimeDelta::days(1)), Some(CertificateExpiry::ExpiresWithin(1)));
        assert_eq!(at(second), Some(CertificateExpiry::ExpiresWithin(1)));
        assert_eq!(at(TimeDelta::zero()), Some(CertificateExpiry::Expired));
        assert_eq!(at(TimeDelta::days(-400)), Some(CertificateExpiry::Expired));
        assert_eq!(
            from(second, TimeDelta::days(900)),
            Some(CertificateExpiry::NotYetValid)
        );
        assert_eq!(from(TimeDelta::zero(), TimeDelta::days(900)), None);
        assert!(CertificateExpiry::Expired < CertificateExpiry::ExpiresWithin(1));
        assert!(CertificateExpiry::ExpiresWithin(1) < CertificateExpiry::ExpiresWithin(60));
    }
}
