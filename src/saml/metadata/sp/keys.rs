//! What a service provider's certificates are worth.

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Public},
    x509::X509,
};

use crate::saml::metadata::sp::finding::{Finding, shown};

/// Shorter RSA keys can be broken, longer ones cost whoever uses them too much.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// What a key is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Usage {
    /// Its requests are held against it.
    Signing,
    /// It may be encrypted for.
    Encryption,
    /// It says neither, so both (saml-metadata, E62).
    Both,
}

impl Usage {
    /// Reads `use`; another word than the two is for neither.
    pub(super) fn of(text: Option<&str>) -> Option<Self> {
        match text.map(str::trim) {
            None => Some(Self::Both),
            Some("signing") => Some(Self::Signing),
            Some("encryption") => Some(Self::Encryption),
            Some(_) => None,
        }
    }
}

/// What can be done with a certificate.
#[derive(Debug, Default)]
pub(super) struct Worth {
    pub(super) signs: bool,
    pub(super) encrypts: bool,
    pub(super) findings: Vec<Finding>,
}

/// Judges a certificate, DER. An expired one is as good as another: its key is what was registered
/// (saml2int, IIP-MD12).
pub(super) fn worth(der: &[u8], usage: Usage, now: DateTime<Utc>) -> Worth {
    let Some((x509, key)) = parsed(der) else {
        return Worth {
            findings: vec![Finding::CertificateUnreadable],
            ..Worth::default()
        };
    };
    let subject = subject(&x509);
    if let Some(what) = weakness(&key) {
        return Worth {
            findings: vec![Finding::WeakKey { subject, what }],
            ..Worth::default()
        };
    }
    let mut worth = Worth {
        signs: usage != Usage::Encryption,
        encrypts: usage != Usage::Signing && key.id() == Id::RSA,
        findings: Vec::new(),
    };
    if usage == Usage::Encryption && !worth.encrypts {
        let what = "not RSA".to_owned();
        worth
            .findings
            .push(Finding::EncryptionKeyUnusable { subject, what });
        return worth;
    }
    match (time(x509.not_before()), time(x509.not_after())) {
        (_, Ok(not_after)) if not_after <= now => {
            worth
                .findings
                .push(Finding::CertificateExpired { subject, not_after });
        }
        (Ok(not_before), _) if not_before > now => {
            worth
                .findings
                .push(Finding::CertificateNotYetValid { subject, not_before });
        }
        (Ok(_), Ok(_)) => {}
        (Err(_), _) | (_, Err(_)) => {
            return Worth {
                findings: vec![Finding::CertificateUnreadable],
                ..Worth::default()
            };
        }
    }
    worth
}

fn parsed(der: &[u8]) -> Option<(X509, PKey<Public>)> {
    let x509 = X509::from_der(der).ok()?;
    // OpenSSL does not mind what stands behind it.
    let is_whole = x509.to_der().is_ok_and(|again| again == der);
    let key = x509.public_key().ok()?;
    is_whole.then_some((x509, key))
}

fn weakness(key: &PKey<Public>) -> Option<String> {
    if key.id() == Id::RSA {
        let strong = RSA_BITS.contains(&key.bits());
        // With the exponent 1 every message is its own signature.
        let odd = |rsa: openssl::rsa::Rsa<Public>| rsa.e().num_bits() > 1 && rsa.e().is_bit_set(0);
        return match (strong, key.rsa().is_ok_and(odd)) {
            (true, true) => None,
            (false, _) => Some(format!("RSA with {} bits", key.bits())),
            (true, false) => Some("RSA with an exponent that protects nothing".to_owned()),
        };
    }
    // A curve must be named: one that brings its own parameters can be made to fit a forged key.
    let named = key.ec_key().ok().and_then(|ec| ec.group().curve_name());
    match named {
        Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1 | Nid::SECP521R1) => None,
        Some(_) | None => Some("neither RSA nor on a curve of NIST".to_owned()),
    }
}

fn subject(x509: &X509) -> String {
    let name = x509.subject_name();
    let common = name
        .entries_by_nid(Nid::COMMONNAME)
        .find_map(|entry| entry.data().to_string().ok());
    common.map_or_else(|| "a nameless subject".to_owned(), |text| shown(&text))
}

fn time(time: &Asn1TimeRef) -> Result<DateTime<Utc>, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(DateTime::UNIX_EPOCH + TimeDelta::days(since.days.into()) + TimeDelta::seconds(since.secs.into()))
}
