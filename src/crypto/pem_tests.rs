use chrono::{TimeDelta, TimeZone};
use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    rsa::Rsa,
    symm::Cipher,
    x509::{X509Builder, X509NameBuilder},
};

use super::*;
use crate::crypto::generate::generate;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
}

fn id() -> KeyId {
    KeyId::new(now(), [1; 10])
}

/// A certificate of `key`, valid in the year that begins with `now`.
fn certificate_for(key: &PKey<Private>) -> Vec<u8> {
    certificate_named("Fernweh", key)
}

fn certificate_named(organisation: &str, key: &PKey<Private>) -> Vec<u8> {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("O", organisation).unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(now().timestamp()).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::from_unix((now() + TimeDelta::days(365)).timestamp()).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build().to_der().unwrap()
}

fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

#[test]
fn a_certificate_reads_in_every_form_that_files_have() {
    let generated = generate(id(), "login.example.com", now()).unwrap().certificate;
    let other = parse_certificate(&certificate_for(&ec(Nid::X9_62_PRIME256V1))).unwrap();
    assert_eq!(other.subject, "O=Fernweh");
    assert_eq!(
        (other.not_before, other.not_after),
        (now(), now() + TimeDelta::days(365))
    );

    let pem = certificate_to_pem(&generated.der);
    assert!(
        pem.ends_with("-----END CERTIFICATE-----\n") && pem.lines().all(|line| line.len() <= 64),
        "{pem}"
    );
    assert_eq!(
        X509::from_pem(pem.as_bytes()).unwrap().to_der().unwrap(),
        generated.der
    );
    let base64 = STANDARD.encode(&generated.der);
    let (head, tail) = base64.split_at(100);
    let forms = [
        generated.der.clone(),
        pem.clone().into_bytes(),
        pem.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}subject=x\n{pem}").into_bytes(),
        format!("{pem}{pem}").into_bytes(),
        base64.clone().into_bytes(),
        format!("\n   {head}\n {tail}\n").into_bytes(),
    ];
    for form in forms {
        assert_eq!(
            parse_certificates(&form).unwrap(),
            std::slice::from_ref(&generated),
            "{}",
            String::from_utf8_lossy(&form)
        );
    }
    let both = format!("{pem}\n{}", certificate_to_pem(&other.der));
    assert_eq!(parse_certificates(both.as_bytes()).unwrap(), [generated, other]);
}

#[test]
fn a_file_without_a_certificate_is_refused_with_the_reason() {
    let key = rsa(2048);
    let der = certificate_for(&key);
    let pem = certificate_to_pem(&der);
    let private = String::from_utf8(key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    for secret in [
        private.clone().into_bytes(),
        format!("{pem}{private}").into_bytes(),
        key.private_key_to_pkcs8().unwrap(),
        STANDARD.encode(key.private_key_to_pkcs8().unwrap()).into_bytes(),
    ] {
        let read = parse_certificates(&secret);
        assert!(matches!(read, Err(Error::UnexpectedPrivateKey)), "{read:?}");
    }
    for nothing in [
        &b""[..],
        b"hello",
        b"<md:EntityDescriptor/>",
        b"-----BEGIN X-----\nAA==\n-----END X-----\n",
        &[0x30, 0x80],
    ] {
        assert!(
            matches!(parse_certificates(nothing), Err(Error::NoCertificate { .. })),
            "{nothing:?}"
        );
    }
    let cut = pem.replace("-----END CERTIFICATE-----\n", "");
    let damaged = pem.replacen("MII", "M!I", 1);
    let second = format!("{pem}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    for (bad, wanted) in [(cut, 1), (damaged, 1), (second, 2)] {
        let read = parse_certificates(bad.as_bytes());
        assert!(
            matches!(read, Err(Error::BadCertificate { number }) if number == wanted),
            "{bad}: {read:?}"
        );
    }
    let longer = parse_certificate(&[&der[..], b"x"].concat());
    assert!(longer.is_err(), "{longer:?}");
}

#[test]
fn a_subject_holds_no_terminal_control_characters() {
    let der = certificate_named("a\u{1b}[2J\r\nb", &rsa(2048));
    assert_eq!(
        parse_certificate(&der).unwrap().subject,
        "O=a\u{fffd}[2J\u{fffd}\u{fffd}b"
    );
}

#[test]
fn a_weak_key_of_another_party_is_refused() {
    for key in [rsa(1024), ec(Nid::SECP224R1), ec(Nid::SECP256K1)] {
        let read = parse_certificates(&certificate_for(&key));
        assert!(matches!(read, Err(Error::UnusableKey { .. })), "{read:?}");
    }
    for key in [ec(Nid::SECP384R1), ec(Nid::SECP521R1)] {
        let read = parse_certificates(&certificate_for(&key));
        assert!(read.is_ok(), "{read:?}");
    }
}

#[test]
fn an_own_key_is_accepted_with_its_own_certificate_only() {
    let (key, other) = (rsa(2048), rsa(2048));
    let own = certificate_to_pem(&certificate_for(&key));
    let chain = format!("{}{own}", certificate_to_pem(&certificate_for(&other)));
    let pkcs8 = key.private_key_to_pem_pkcs8().unwrap();
    let pkcs1 = key.rsa().unwrap().private_key_to_pem().unwrap();
    for (key_file, certificate_file) in [(&pkcs8, &own), (&pkcs1, &own), (&pkcs8, &chain)] {
        let taken = import_key(id(), key_file, certificate_file.as_bytes(), now()).unwrap();
        assert!(
            PKey::private_key_from_der(taken.private.expose())
                .unwrap()
                .public_eq(&key)
        );
        assert_eq!(certificate_to_pem(&taken.certificate.der), own);
    }
    let try_at = |key_file: &[u8], now| import_key(id(), key_file, own.as_bytes(), now).unwrap_err();
    let other_key = other.private_key_to_pem_pkcs8().unwrap();
    let why = try_at(&other_key, now());
    assert!(matches!(why, Error::CertificateMismatch { .. }), "{why:?}");
    let why = try_at(&pkcs8, now() + TimeDelta::days(366));
    assert!(matches!(why, Error::Expired { .. }), "{why:?}");
    let why = try_at(&pkcs8, now() - TimeDelta::days(1));
    assert!(matches!(why, Error::NotYetValid { .. }), "{why:?}");
}

#[test]
fn an_unusable_private_key_is_refused_with_the_reason() {
    let key = rsa(2048);
    let own = certificate_to_pem(&certificate_for(&key));
    let try_key = |file: &[u8]| import_key(id(), file, own.as_bytes(), now()).unwrap_err();
    let cipher = Cipher::aes_256_cbc();
    let pkcs8 = key.private_key_to_pem_pkcs8_passphrase(cipher, b"x").unwrap();
    let pkcs1 = key
        .rsa()
        .unwrap()
        .private_key_to_pem_passphrase(cipher, b"x")
        .unwrap();
    for encrypted in [pkcs8, pkcs1] {
        let why = try_key(&encrypted);
        assert!(matches!(why, Error::EncryptedPrivateKey), "{why:?}");
    }
    let why = try_key(&ec(Nid::X9_62_PRIME256V1).private_key_to_pem_pkcs8().unwrap());
    assert!(matches!(why, Error::NotRsa), "{why:?}");
    let why = try_key(&rsa(1024).private_key_to_pem_pkcs8().unwrap());
    assert!(matches!(why, Error::BadRsaKey { .. }), "{why:?}");
    let why = try_key(own.as_bytes());
    assert!(matches!(why, Error::NoPrivateKey { .. }), "{why:?}");
    let mut cut = key.private_key_to_pem_pkcs8().unwrap();
    cut.drain(100..200);
    let why = try_key(&cut);
    assert!(matches!(why, Error::NoPrivateKey { .. }), "{why:?}");
}
