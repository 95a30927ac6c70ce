//! Assesses the certificates of a service provider.

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Public},
    x509::X509,
};

use crate::{
    crypto::strength,
    saml::metadata::sp::finding::{MetadataFinding, sanitize},
};

/// What a key is declared for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DeclaredUse {
    /// The key verifies the service provider's requests.
    Signing,
    /// We encrypt to the key.
    Encryption,
    /// Without `use`, a key is for both (saml-metadata, E62).
    Both,
}

impl DeclaredUse {
    /// Reads the `use` attribute; a key with any other value is not used.
    pub(super) fn from_attribute(text: Option<&str>) -> Option<Self> {
        match text.map(str::trim) {
            None => Some(Self::Both),
            Some("signing") => Some(Self::Signing),
            Some("encryption") => Some(Self::Encryption),
            Some(_) => None,
        }
    }
}

/// What a certificate can be used for.
#[derive(Debug, Default)]
pub(super) struct CertificateUse {
    pub(super) signs: bool,
    pub(super) encrypts: bool,
    pub(super) findings: Vec<MetadataFinding>,
}

/// Assesses a certificate in DER. An expired one is as good as any other: its key is what was registered (saml2int,
/// IIP-MD12).
pub(super) fn assess(der: &[u8], usage: DeclaredUse, now: DateTime<Utc>) -> CertificateUse {
    let Some((x509, key)) = parse_certificate(der) else {
        return CertificateUse {
            findings: vec![MetadataFinding::CertificateUnreadable],
            ..CertificateUse::default()
        };
    };
    let subject = common_name(&x509);
    if let Err(why) = strength::assess(&key) {
        let why = why.to_string();
        return CertificateUse {
            findings: vec![MetadataFinding::KeyUnusable { subject, why }],
            ..CertificateUse::default()
        };
    }
    let mut certificate_use = CertificateUse {
        signs: usage != DeclaredUse::Encryption,
        encrypts: usage != DeclaredUse::Signing && key.id() == Id::RSA,
        findings: Vec::new(),
    };
    if usage == DeclaredUse::Encryption && !certificate_use.encrypts {
        let what = "not RSA".to_owned();
        certificate_use
            .findings
            .push(MetadataFinding::EncryptionKeyUnusable { subject, why: what });
        return certificate_use;
    }
    match (
        from_asn1_time(x509.not_before()),
        from_asn1_time(x509.not_after()),
    ) {
        (_, Ok(not_after)) if not_after <= now => {
            certificate_use
                .findings
                .push(MetadataFinding::CertificateExpired { subject, not_after });
        }
        (Ok(not_before), _) if not_before > now => {
            certificate_use
                .findings
                .push(MetadataFinding::CertificateNotYetValid { subject, not_before });
        }
        (Ok(_), Ok(_)) => {}
        (Err(_), _) | (_, Err(_)) => {
            return CertificateUse {
                findings: vec![MetadataFinding::CertificateUnreadable],
                ..CertificateUse::default()
            };
        }
    }
    certificate_use
}

/// The certificates of one `X509Data` that contain its key. It may also contain those of the issuers (xmldsig-core,
/// 4.4.4): their keys verify nothing here, and nothing is encrypted to them. If no certificate can be read or all of
/// them issue one another, all are returned, and each is assessed.
pub(super) fn end_entity_certificates(ders: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if ders.len() < 2 {
        return ders;
    }
    let read: Vec<_> = ders.iter().map(|der| X509::from_der(der).ok()).collect();
    let name = |x509: &X509| x509.subject_name().to_der().ok();
    // Two certificates of the same key may have the same name; neither is the other's issuer.
    let issuers: Vec<_> = read
        .iter()
        .flatten()
        .filter_map(|x509| {
            x509.issuer_name()
                .to_der()
                .ok()
                .filter(|issuer| Some(issuer) != name(x509).as_ref())
        })
        .collect();
    let is_end = |x509: &Option<X509>| {
        let subject = x509.as_ref().and_then(name);
        subject.is_none_or(|subject| !issuers.contains(&subject))
    };
    let ends: Vec<bool> = read.iter().map(is_end).collect();
    if !ends.contains(&true) {
        return ders;
    }
    ders.into_iter()
        .zip(ends)
        .filter_map(|(der, is_end)| is_end.then_some(der))
        .collect()
}

fn parse_certificate(der: &[u8]) -> Option<(X509, PKey<Public>)> {
    let x509 = X509::from_der(der).ok()?;
    // OpenSSL accepts trailing bytes after the certificate.
    let is_whole = x509.to_der().is_ok_and(|again| again == der);
    let key = x509.public_key().ok()?;
    is_whole.then_some((x509, key))
}

fn common_name(x509: &X509) -> String {
    let name = x509.subject_name();
    let common = name
        .entries_by_nid(Nid::COMMONNAME)
        .find_map(|entry| entry.data().to_string().ok());
    common.map_or_else(|| "a nameless subject".to_owned(), |text| sanitize(&text))
}

fn from_asn1_time(time: &Asn1TimeRef) -> Result<DateTime<Utc>, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(DateTime::UNIX_EPOCH + TimeDelta::days(since.days.into()) + TimeDelta::seconds(since.secs.into()))
}
