//! What stands in a certificate.

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    nid::Nid,
    pkey::{Id, PKey, Public},
    x509::{X509, X509NameEntryRef},
};

use crate::crypto::strength::{self, UnusableKey};

/// A certificate whose key can be read.
#[derive(Debug)]
pub struct X509Certificate {
    x509: X509,
    key: PKey<Public>,
}

impl X509Certificate {
    /// Reads one certificate, DER, and nothing after it.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let x509 = X509::from_der(der).ok()?;
        // OpenSSL does not mind what stands behind it.
        let is_whole = x509.to_der().is_ok_and(|again| again == der);
        let key = x509.public_key().ok()?;
        is_whole.then_some(Self { x509, key })
    }

    /// Whether its key is used.
    pub fn assess_key(&self) -> Result<(), UnusableKey> {
        strength::assess(&self.key)
    }

    pub fn is_rsa(&self) -> bool {
        self.key.id() == Id::RSA
    }

    /// The first common name of its subject, as it stands there.
    pub fn common_name(&self) -> Option<String> {
        let mut names = self.x509.subject_name().entries_by_nid(Nid::COMMONNAME);
        names.find_map(text)
    }

    /// Its subject, as it stands there: the common name, or everything.
    pub fn subject(&self) -> String {
        self.common_name().unwrap_or_else(|| {
            let parts = self.x509.subject_name().entries().filter_map(|entry| {
                let kind = entry.object().nid().short_name().unwrap_or("?");
                text(entry).map(|value| format!("{kind}={value}"))
            });
            parts.collect::<Vec<_>>().join(", ")
        })
    }

    pub fn not_before(&self) -> Option<DateTime<Utc>> {
        parse_time(self.x509.not_before())
    }

    pub fn not_after(&self) -> Option<DateTime<Utc>> {
        parse_time(self.x509.not_after())
    }
}

/// Subject and issuer of a certificate, as DER; none where it cannot be read.
pub fn subject_and_issuer(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let x509 = X509::from_der(der).ok()?;
    let subject = x509.subject_name().to_der().ok()?;
    Some((subject, x509.issuer_name().to_der().ok()?))
}

fn text(entry: &X509NameEntryRef) -> Option<String> {
    entry.data().to_string().ok()
}

fn parse_time(time: &Asn1TimeRef) -> Option<DateTime<Utc>> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    DateTime::UNIX_EPOCH
        .checked_add_signed(TimeDelta::days(since.days.into()))?
        .checked_add_signed(TimeDelta::seconds(since.secs.into()))
}
