//! Makes a signing key and the certificate that service providers pin.

use std::net::IpAddr;

use chrono::{DateTime, Months, TimeDelta, Utc};
use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509NameBuilder,
        extension::{BasicConstraints, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier},
    },
};

use crate::{
    crypto::{error::Error, pem},
    model::{id::KeyId, key::SigningKey, secret::Secret},
};

/// Every service provider takes it; a longer one costs time at each sign-on.
const RSA_BITS: u32 = 2048;
/// Long, since a new certificate must be carried to every service provider by hand.
const VALIDITY_YEARS: u32 = 10;
/// Service providers whose clock is behind must not find the certificate too young.
const BACKDATING: TimeDelta = TimeDelta::days(1);
/// The longest common name (RFC 5280, appendix A.1, ub-common-name).
const MAX_COMMON_NAME_LEN: usize = 64;
/// A serial of 159 bits with the first one set: 20 octets and positive (RFC 5280, 4.1.2.2).
const SERIAL_BITS: i32 = 159;

/// Makes an RSA key and a self-signed certificate for `host`. Chance comes from OpenSSL, which is
/// seeded by the system.
pub fn generate(id: KeyId, host: &str, now: DateTime<Utc>) -> Result<SigningKey, Error> {
    let key = Rsa::generate(RSA_BITS)
        .and_then(PKey::from_rsa)
        .map_err(Error::openssl("make a signing key"))?;
    let certificate = self_signed(&key, host, now)
        .and_then(|certificate| certificate.to_der())
        .map_err(Error::openssl("make a certificate"))?;
    let private = key
        .private_key_to_pkcs8()
        .map_err(Error::openssl("write a private key"))?;
    Ok(SigningKey {
        id,
        private: Secret::new(private),
        certificate: pem::parse_certificate(&certificate)?,
    })
}

fn self_signed(key: &PKey<Private>, host: &str, now: DateTime<Utc>) -> Result<X509, ErrorStack> {
    // `Url` writes an IPv6 host in brackets; a certificate holds the bare address.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let not_after = now
        .checked_add_months(Months::new(12 * VALIDITY_YEARS))
        .unwrap_or(DateTime::<Utc>::MAX_UTC);
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_text("CN", common_name(host))?;
    let name = name.build();
    let mut serial = BigNum::new()?;
    serial.rand(SERIAL_BITS, MsbOption::ONE, false)?;

    let mut builder = X509Builder::new()?;
    // Zero-based: this is version 3.
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_not_before(&*Asn1Time::from_unix((now - BACKDATING).timestamp())?)?;
    builder.set_not_after(&*Asn1Time::from_unix(not_after.timestamp())?)?;
    builder.set_pubkey(key)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    let mut alternative = SubjectAlternativeName::new();
    match host.parse::<IpAddr>() {
        Ok(address) => alternative.ip(&address.to_string()),
        Err(_) => alternative.dns(host),
    };
    let context = builder.x509v3_context(None, None);
    let key_identifier = SubjectKeyIdentifier::new().build(&context)?;
    let alternative = alternative.build(&context)?;
    builder.append_extension(key_identifier)?;
    builder.append_extension(alternative)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

/// As many labels of `host`, counted from the right, as a common name can hold.
fn common_name(host: &str) -> &str {
    let mut rest = host;
    while rest.len() > MAX_COMMON_NAME_LEN {
        match rest.split_once('.') {
            Some((_, shorter)) => rest = shorter,
            None => return "hallpass",
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
    }

    fn generated(host: &str) -> (SigningKey, X509) {
        let key = generate(KeyId::new(now(), [1; 10]), host, now()).unwrap();
        let x509 = X509::from_der(&key.certificate.der).unwrap();
        (key, x509)
    }

    #[test]
    fn a_generated_certificate_is_self_signed_and_valid_for_ten_years() {
        let (key, x509) = generated("login.example.com");
        let private = PKey::private_key_from_der(key.private.expose()).unwrap();
        assert_eq!(private.rsa().unwrap().size(), 256);
        assert!(x509.verify(&private).unwrap());
        assert!(x509.public_key().unwrap().public_eq(&private));
        assert_eq!(x509.version(), 2);
        assert_eq!(key.certificate.subject, "login.example.com");
        assert_eq!(key.certificate.not_before, now() - TimeDelta::days(1));
        assert_eq!(
            key.certificate.not_after,
            Utc.with_ymd_and_hms(2036, 3, 1, 12, 0, 0).unwrap()
        );
        assert_eq!(key.certificate.sha256.len(), 64);
        assert_eq!(x509.serial_number().to_bn().unwrap().num_bytes(), 20);
        let names = x509.subject_alt_names().unwrap();
        assert_eq!(names[0].dnsname(), Some("login.example.com"));
        let text = String::from_utf8(x509.to_text().unwrap()).unwrap();
        for part in [
            "Basic Constraints: critical\n                CA:FALSE",
            "Key Usage: critical\n                Digital Signature\n",
            "Subject Key Identifier",
            "sha256WithRSAEncryption",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn an_ip_address_and_a_long_host_are_named_correctly() {
        let (key, x509) = generated("[::1]");
        assert_eq!(key.certificate.subject, "::1");
        assert_eq!(
            x509.subject_alt_names().unwrap()[0].ipaddress().unwrap().len(),
            16
        );
        let long = format!("{}.{}.example.com", "a".repeat(50), "b".repeat(40));
        let (key, x509) = generated(&long);
        assert_eq!(key.certificate.subject, format!("{}.example.com", "b".repeat(40)));
        assert_eq!(
            x509.subject_alt_names().unwrap()[0].dnsname(),
            Some(long.as_str())
        );
    }
}
