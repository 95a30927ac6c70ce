//! Certificates and keys as files bring them, and as people download them.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use openssl::{
    pkey::{Id, PKey, PKeyRef, Private},
    x509::X509,
};

use crate::{
    crypto::{error::Error, strength, x509::X509Certificate},
    model::{
        hash::sha256_hex,
        id::KeyId,
        key::{Certificate, SigningKey},
        secret::Secret,
        text::is_safe_to_display,
    },
};

/// More than any service provider announces at once.
const MAX_CERTIFICATES: usize = 32;
/// More than fits on a line; only the displayed subject is truncated, never the certificate.
const MAX_SUBJECT_LEN: usize = 200;
/// Line length of PEM (RFC 7468, 2).
const PEM_LINE_LEN: usize = 64;

/// Parses one certificate in DER, with nothing after it. Does not check whether its key may be used: this parses our
/// own certificates, and stored ones.
pub fn parse_certificate(der: &[u8]) -> Result<Certificate, Error> {
    Ok(parse_numbered(1, der)?.0)
}

/// Reads the certificates of somebody else out of a file: PEM, one DER, or bare base64 as metadata has it. The same
/// one twice counts once; one whose key is not used is refused.
pub fn parse_certificates(file: &[u8]) -> Result<Vec<Certificate>, Error> {
    let found = parse_all(file)?;
    for (certificate, x509) in &found {
        if let Err(why) = x509.assess_key() {
            return Err(Error::UnusableKey {
                subject: certificate.subject.clone(),
                why,
            });
        }
    }
    Ok(found.into_iter().map(|(certificate, _)| certificate).collect())
}

fn parse_all(file: &[u8]) -> Result<Vec<(Certificate, X509Certificate)>, Error> {
    let mut found: Vec<(Certificate, X509Certificate)> = Vec::new();
    let all = split_ders(file)?;
    if all.len() > MAX_CERTIFICATES {
        return Err(Error::TooManyCertificates {
            max: MAX_CERTIFICATES,
        });
    }
    for (number, der) in (1..).zip(all) {
        let read = parse_numbered(number, &der)?;
        if !found.iter().any(|(seen, _)| *seen == read.0) {
            found.push(read);
        }
    }
    Ok(found)
}

/// The certificate as PEM.
pub fn certificate_to_pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for (index, letter) in STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % PEM_LINE_LEN == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END CERTIFICATE-----\n");
    text
}

/// Takes a key and certificate that were made elsewhere. The certificate's file may hold a chain;
/// the one that belongs to the key is taken.
pub fn import_key(
    id: KeyId,
    key_file: &[u8],
    certificate_file: &[u8],
    now: DateTime<Utc>,
) -> Result<SigningKey, Error> {
    let key = parse_rsa_key(key_file)?;
    let mut offered = parse_all(certificate_file)?
        .into_iter()
        .map(|(certificate, _)| certificate);
    let first = offered.next().ok_or(Error::NoCertificate { hint: "" })?;
    let subject = first.subject.clone();
    let certificate = std::iter::once(first)
        .chain(offered)
        .find(|certificate| certificate_matches_key(&key, certificate))
        .ok_or(Error::CertificateMismatch { subject })?;
    let subject = || certificate.subject.clone();
    if certificate.not_after <= now {
        return Err(Error::Expired {
            subject: subject(),
            not_after: certificate.not_after,
        });
    }
    if certificate.not_before > now {
        return Err(Error::NotYetValid {
            subject: subject(),
            not_before: certificate.not_before,
        });
    }
    let private = key
        .private_key_to_pkcs8()
        .map_err(Error::openssl("write a private key"))?;
    Ok(SigningKey {
        id,
        private: Secret::new(private),
        certificate,
    })
}

fn parse_numbered(number: usize, der: &[u8]) -> Result<(Certificate, X509Certificate), Error> {
    let bad = || Error::BadCertificate { number };
    let x509 = X509Certificate::parse(der).ok_or_else(bad)?;
    let certificate = Certificate {
        sha256: sha256_hex(der),
        subject: display_subject(&x509),
        not_before: x509.not_before().ok_or_else(bad)?,
        not_after: x509.not_after().ok_or_else(bad)?,
        der: der.to_owned(),
    };
    Ok((certificate, x509))
}

/// Whether `certificate` holds the public half of the key `private`, PKCS #8.
pub fn is_certificate_of(private: &Secret<Vec<u8>>, certificate: &Certificate) -> Result<bool, Error> {
    let key = PKey::private_key_from_pkcs8(private.expose()).map_err(Error::openssl("read a private key"))?;
    Ok(certificate_matches_key(&key, certificate))
}

fn certificate_matches_key(key: &PKeyRef<Private>, certificate: &Certificate) -> bool {
    X509::from_der(&certificate.der)
        .and_then(|x509| x509.public_key())
        .is_ok_and(|public| public.public_eq(key))
}

fn parse_rsa_key(file: &[u8]) -> Result<PKey<Private>, Error> {
    let text = String::from_utf8_lossy(file);
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(Error::EncryptedPrivateKey);
    }
    if !text.contains("PRIVATE KEY-----") {
        let hint = if text.contains("-----BEGIN CERTIFICATE-----") {
            "; this is the certificate"
        } else {
            ""
        };
        return Err(Error::NoPrivateKey { hint });
    }
    // The callback keeps OpenSSL from asking for a passphrase at the terminal.
    let key =
        PKey::private_key_from_pem_callback(file, |_| Ok(0)).map_err(|_unsaid| Error::NoPrivateKey {
            hint: "; this one is cut or damaged",
        })?;
    let Ok(rsa) = key.rsa() else {
        return Err(Error::NotRsa);
    };
    if key.id() != Id::RSA {
        return Err(Error::NotRsa);
    }
    match strength::assess_rsa(&key, strength::MAX_OWN_RSA_BITS) {
        Err(why) => Err(Error::BadRsaKey {
            why: format!("it is {why}; 2048 to 8192 bits are needed"),
        }),
        Ok(()) if rsa.check_key().unwrap_or(false) => Ok(key),
        Ok(()) => Err(Error::BadRsaKey {
            why: "its numbers do not fit together".to_owned(),
        }),
    }
}

fn split_ders(file: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let text = String::from_utf8_lossy(file);
    if text.contains("PRIVATE KEY-----") {
        return Err(Error::UnexpectedPrivateKey);
    }
    if text.contains("-----BEGIN") {
        return decode_pem_blocks(&text);
    }
    let der = match STANDARD.decode(text.split_whitespace().collect::<String>()) {
        Ok(der) if !der.is_empty() => der,
        Ok(_) | Err(_) => file.to_owned(),
    };
    if X509::from_der(&der).is_ok() {
        Ok(vec![der])
    } else if PKey::private_key_from_der(&der).is_ok() {
        Err(Error::UnexpectedPrivateKey)
    } else if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        Err(Error::NoCertificate {
            hint: "; this looks like XML: if it is metadata, give it as metadata and not as a certificate",
        })
    } else {
        Err(Error::NoCertificate { hint: "" })
    }
}

/// The bodies of all certificates; blocks of another kind, and text around them, are passed over.
fn decode_pem_blocks(text: &str) -> Result<Vec<Vec<u8>>, Error> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let number = found.len() + 1;
        let bad = || Error::BadCertificate { number };
        let (label, after) = begun.split_once("-----").ok_or_else(bad)?;
        let (body, after) = after
            .split_once(&format!("-----END {label}-----"))
            .ok_or_else(bad)?;
        if matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
            let body: String = body.split_whitespace().collect();
            found.push(STANDARD.decode(body).map_err(|_unsaid| bad())?);
        }
        rest = after;
    }
    if found.is_empty() {
        return Err(Error::NoCertificate {
            hint: "; the file holds something else in PEM",
        });
    }
    Ok(found)
}

/// The subject for people. Anybody may have written it: it is cut, and drives no terminal.
fn display_subject(x509: &X509Certificate) -> String {
    let safe_char = |c: char| {
        if is_safe_to_display(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    x509.subject()
        .chars()
        .take(MAX_SUBJECT_LEN)
        .map(safe_char)
        .collect()
}

/// Whether two certificates hold the same key.
pub fn is_same_key(certificate: &Certificate, other: &Certificate) -> bool {
    let key = |certificate: &Certificate| {
        X509::from_der(&certificate.der)?
            .public_key()?
            .public_key_to_der()
    };
    match (key(certificate), key(other)) {
        (Ok(certificate), Ok(other)) => certificate == other,
        (Err(_), _) | (_, Err(_)) => certificate.der == other.der,
    }
}

#[cfg(test)]
#[path = "pem_tests.rs"]
mod tests;
