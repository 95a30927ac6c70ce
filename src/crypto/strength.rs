//! Whether a public key of somebody else is used: strong enough to prove something, and cheap enough to be asked
//! by any stranger. This is the only place that decides it.

use std::fmt;

use openssl::{
    nid::Nid,
    pkey::{HasPublic, Id, PKeyRef, Public},
};

/// Shorter RSA keys can be broken (NIST SP 800-131A).
pub const MIN_RSA_BITS: u32 = 2048;
/// Verifying with longer RSA keys of others costs too much: anyone can cause a verification.
pub const MAX_RSA_BITS: u32 = 4096;
/// The longest RSA key of our own: nobody can make us verify with it.
pub const MAX_OWN_RSA_BITS: u32 = 8192;
/// The longest public exponent, in bits. 65537 has 17; one of the length of the modulus costs a hundred times more.
pub const MAX_EXPONENT_BITS: i32 = 32;
/// How many signing keys of one sender are tried, the first in their order. Two are needed while a key is changed.
pub const MAX_SIGNING_KEYS: usize = 4;

/// Why a public key is not used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UnusableKey {
    /// Whoever has it proves nothing.
    Weak(String),
    /// It is strong, and each use of it costs too much.
    TooExpensive(String),
    /// It may be strong: its kind is not supported.
    Unsupported(String),
}

impl fmt::Display for UnusableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weak(what) => write!(f, "{what}, which can be broken"),
            Self::TooExpensive(what) => write!(f, "{what}, which costs too much to verify with"),
            Self::Unsupported(what) => write!(f, "{what}, which is not supported"),
        }
    }
}

/// Whether a public key of somebody else is used, to verify with or to encrypt to.
pub fn assess(key: &PKeyRef<Public>) -> Result<(), UnusableKey> {
    match key.id() {
        Id::RSA => assess_rsa(key, MAX_RSA_BITS),
        Id::EC => assess_curve(key),
        Id::RSA_PSS => Err(UnusableKey::Unsupported("an RSA-PSS key".to_owned())),
        Id::ED25519 => Err(UnusableKey::Unsupported("an Ed25519 key".to_owned())),
        Id::ED448 => Err(UnusableKey::Unsupported("an Ed448 key".to_owned())),
        _ => Err(UnusableKey::Unsupported(
            "neither RSA nor on an elliptic curve".to_owned(),
        )),
    }
}

/// Whether an RSA key of at most `max_bits` bits is used.
pub fn assess_rsa<T: HasPublic>(key: &PKeyRef<T>, max_bits: u32) -> Result<(), UnusableKey> {
    let bits = key.bits();
    if bits < MIN_RSA_BITS {
        return Err(UnusableKey::Weak(format!("RSA with {bits} bits")));
    }
    if bits > max_bits {
        return Err(UnusableKey::TooExpensive(format!("RSA with {bits} bits")));
    }
    let Ok(rsa) = key.rsa() else {
        return Err(UnusableKey::Unsupported(
            "an RSA key that cannot be read".to_owned(),
        ));
    };
    let exponent = rsa.e();
    // With the exponent 1 every message is its own signature.
    if exponent.num_bits() < 2 || !exponent.is_bit_set(0) {
        return Err(UnusableKey::Weak(
            "RSA with an exponent that protects nothing".to_owned(),
        ));
    }
    if exponent.num_bits() > MAX_EXPONENT_BITS {
        let bits = exponent.num_bits();
        return Err(UnusableKey::TooExpensive(format!(
            "RSA with an exponent of {bits} bits"
        )));
    }
    Ok(())
}

/// A curve must be named: one that brings its own parameters can be made to fit a forged key.
fn assess_curve(key: &PKeyRef<Public>) -> Result<(), UnusableKey> {
    match key.ec_key().ok().and_then(|ec| ec.group().curve_name()) {
        Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1 | Nid::SECP521R1) => Ok(()),
        Some(other) => Err(UnusableKey::Unsupported(format!(
            "on the curve {}",
            other.short_name().unwrap_or("without a name")
        ))),
        None => Err(UnusableKey::Unsupported("on a curve without a name".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use openssl::{
        bn::BigNum,
        ec::{EcGroup, EcKey},
        pkey::PKey,
        rsa::Rsa,
    };

    use super::*;

    fn rsa_with(bits: i32, exponent: &BigNum) -> PKey<Public> {
        let mut modulus = BigNum::new().unwrap();
        modulus.set_bit(bits - 1).unwrap();
        modulus.set_bit(0).unwrap();
        let exponent = BigNum::from_slice(&exponent.to_vec()).unwrap();
        PKey::from_rsa(Rsa::from_public_components(modulus, exponent).unwrap()).unwrap()
    }

    fn exponent_of(bits: i32) -> BigNum {
        let mut exponent = BigNum::new().unwrap();
        exponent.set_bit(bits - 1).unwrap();
        exponent.set_bit(0).unwrap();
        exponent
    }

    #[test]
    fn an_rsa_key_is_neither_weak_nor_too_expensive() {
        let common_exponent = BigNum::from_u32(65537).unwrap();
        for bits in [2048, 3072, 4096] {
            assert_eq!(assess(&rsa_with(bits, &common_exponent)), Ok(()), "{bits}");
        }
        let found = assess(&rsa_with(1024, &common_exponent));
        assert!(matches!(found, Err(UnusableKey::Weak(_))), "{found:?}");
        for expensive in [
            rsa_with(4104, &common_exponent),
            rsa_with(3072, &exponent_of(3072)),
            rsa_with(2048, &exponent_of(33)),
        ] {
            let found = assess(&expensive);
            assert!(matches!(found, Err(UnusableKey::TooExpensive(_))), "{found:?}");
        }
        assert_eq!(assess(&rsa_with(2048, &exponent_of(32))), Ok(()));
        for useless in [1, 65536] {
            let exponent = BigNum::from_u32(useless).unwrap();
            assert!(
                matches!(assess(&rsa_with(2048, &exponent)), Err(UnusableKey::Weak(_))),
                "{useless}"
            );
        }
    }

    #[test]
    fn an_unsupported_key_is_not_reported_as_weak() {
        let ed = PKey::generate_ed25519().unwrap();
        let ed = PKey::public_key_from_der(&ed.public_key_to_der().unwrap()).unwrap();
        let error = assess(&ed).unwrap_err();
        assert_eq!(error.to_string(), "an Ed25519 key, which is not supported");
        for (curve, is_used) in [
            (Nid::X9_62_PRIME256V1, true),
            (Nid::SECP384R1, true),
            (Nid::SECP521R1, true),
            (Nid::SECP256K1, false),
        ] {
            let group = EcGroup::from_curve_name(curve).unwrap();
            let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
            let key = PKey::public_key_from_der(&key.public_key_to_der().unwrap()).unwrap();
            match assess(&key) {
                Ok(()) => assert!(is_used, "{curve:?}"),
                Err(why) => assert!(!is_used && matches!(why, UnusableKey::Unsupported(_)), "{why:?}"),
            }
        }
    }
}
