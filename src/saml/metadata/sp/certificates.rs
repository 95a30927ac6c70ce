//! Assesses the certificates of a service provider.

use chrono::{DateTime, Utc};

use crate::{
    crypto::x509::{X509Certificate, subject_and_issuer},
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
    let Some(x509) = X509Certificate::parse(der) else {
        return CertificateUse {
            findings: vec![MetadataFinding::CertificateUnreadable],
            ..CertificateUse::default()
        };
    };
    let subject = common_name(&x509);
    if let Err(why) = x509.assess_key() {
        let why = why.to_string();
        return CertificateUse {
            findings: vec![MetadataFinding::KeyUnusable { subject, why }],
            ..CertificateUse::default()
        };
    }
    let mut certificate_use = CertificateUse {
        signs: usage != DeclaredUse::Encryption,
        encrypts: usage != DeclaredUse::Signing && x509.is_rsa(),
        findings: Vec::new(),
    };
    if usage == DeclaredUse::Encryption && !certificate_use.encrypts {
        let what = "not RSA".to_owned();
        certificate_use
            .findings
            .push(MetadataFinding::EncryptionKeyUnusable { subject, why: what });
        return certificate_use;
    }
    match (x509.not_before(), x509.not_after()) {
        (_, Some(not_after)) if not_after <= now => {
            certificate_use
                .findings
                .push(MetadataFinding::CertificateExpired { subject, not_after });
        }
        (Some(not_before), _) if not_before > now => {
            certificate_use
                .findings
                .push(MetadataFinding::CertificateNotYetValid { subject, not_before });
        }
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => {
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
    let read: Vec<_> = ders.iter().map(|der| subject_and_issuer(der)).collect();
    // Two certificates of the same key may have the same name; neither is the other's issuer.
    let issuers: Vec<_> = read
        .iter()
        .flatten()
        .filter_map(|(subject, issuer)| (issuer != subject).then_some(issuer))
        .collect();
    let is_end = |names: &Option<(Vec<u8>, Vec<u8>)>| {
        let subject = names.as_ref().map(|(subject, _)| subject);
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

fn common_name(x509: &X509Certificate) -> String {
    x509.common_name()
        .map_or_else(|| "a nameless subject".to_owned(), |text| sanitize(&text))
}
