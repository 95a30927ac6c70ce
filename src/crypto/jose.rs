//! JSON Web Signatures and JSON Web Keys (rfc7515, rfc7517, rfc7518): the keys that sign tokens, and public keys. The
//! algorithm always comes from the key, never from a token.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Private, Public},
    rsa::Rsa,
};

use crate::{
    crypto::{error::Error, hash::DigestAlgorithm, sign},
    model::{hash::sha256, oidc_key::JwsAlgorithm, secret::Secret},
};

const RSA_BITS: u32 = 2048;
/// A coordinate or half a signature on P-256, in octets (rfc7518, 3.4 and 6.2.1.2).
const P256_LEN: usize = 32;
const P256_LEN_I32: i32 = 32;

/// A new key: PKCS #8, and `SubjectPublicKeyInfo`, both DER.
#[derive(Debug)]
pub struct NewTokenKey {
    pub private: Secret<Vec<u8>>,
    pub public: Vec<u8>,
}

/// Generates a key for `algorithm`. Chance comes from OpenSSL, which is seeded by the system.
pub fn generate(algorithm: JwsAlgorithm) -> Result<NewTokenKey, Error> {
    let make = || -> Result<NewTokenKey, ErrorStack> {
        let key = match algorithm {
            JwsAlgorithm::Rs256 => PKey::from_rsa(Rsa::generate(RSA_BITS)?)?,
            JwsAlgorithm::Es256 => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
                PKey::from_ec_key(EcKey::generate(&group)?)?
            }
        };
        Ok(NewTokenKey {
            private: Secret::new(key.private_key_to_pkcs8()?),
            public: key.public_key_to_der()?,
        })
    };
    make().map_err(Error::openssl("make a key for tokens"))
}

/// A key that signs tokens.
pub struct TokenSigner {
    key: SigningHalf,
    public: PublicJwk,
}

enum SigningHalf {
    Rsa(sign::PrivateKey),
    Ec(EcKey<Private>),
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSigner({})", self.public.kid)
    }
}

impl TokenSigner {
    /// Reads PKCS #8, whose public half must be `public`: that column of the database is not sealed.
    pub fn open(private: &Secret<Vec<u8>>, public: PublicJwk) -> Result<Self, Error> {
        let mismatch = || Error::CertificateMismatch {
            subject: format!("the key {}", public.kid),
        };
        let failed = Error::openssl::<ErrorStack>;
        let key = PKey::private_key_from_pkcs8(private.expose()).map_err(failed("read a key for tokens"))?;
        if !key.public_eq(&public.key) {
            return Err(mismatch());
        }
        let key = match public.algorithm {
            JwsAlgorithm::Rs256 => {
                let key = sign::PrivateKey::from_pkcs8(private);
                SigningHalf::Rsa(key.map_err(Error::openssl("read a key for tokens"))?)
            }
            JwsAlgorithm::Es256 => SigningHalf::Ec(key.ec_key().map_err(failed("read a key for tokens"))?),
        };
        Ok(Self { key, public })
    }

    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// A compact serialization (rfc7515, 7.1) of `claims`, which are JSON, with the header `typ`.
    pub fn sign(&self, typ: &str, claims: &[u8]) -> Result<String, Error> {
        let header = format!(
            r#"{{"alg":"{}","kid":"{}","typ":"{typ}"}}"#,
            self.public.algorithm.name(),
            self.public.kid
        );
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = match &self.key {
            SigningHalf::Rsa(key) => key
                .sign(DigestAlgorithm::Sha256, &[token.as_bytes()])
                .map_err(Error::openssl("sign a token"))?,
            SigningHalf::Ec(key) => {
                let raw = || -> Result<Vec<u8>, ErrorStack> {
                    let signature = EcdsaSig::sign(&sha256(&token), key)?;
                    Ok([
                        signature.r().to_vec_padded(P256_LEN_I32)?,
                        signature.s().to_vec_padded(P256_LEN_I32)?,
                    ]
                    .concat())
                };
                raw().map_err(Error::openssl("sign a token"))?
            }
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// A public key for one algorithm.
#[derive(Clone, Debug)]
pub struct PublicJwk {
    /// The thumbprint of the key (rfc7638).
    pub kid: String,
    pub algorithm: JwsAlgorithm,
    /// The members that a JWK of this kind must have, in the order of their names (rfc7638, 3.2).
    members: Vec<(&'static str, String)>,
    key: PKey<Public>,
}

impl PublicJwk {
    /// Reads a `SubjectPublicKeyInfo`; `None` if it is not of a key for `algorithm`.
    pub fn from_spki(algorithm: JwsAlgorithm, der: &[u8]) -> Option<Self> {
        let key = PKey::public_key_from_der(der).ok()?;
        let members = match algorithm {
            JwsAlgorithm::Rs256 => rsa_members(&key)?,
            JwsAlgorithm::Es256 => p256_members(&key)?,
        };
        let json: Vec<String> = members
            .iter()
            .map(|(name, value)| format!(r#""{name}":"{value}""#))
            .collect();
        let thumbprint = sha256(format!("{{{}}}", json.join(",")));
        Some(Self {
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            algorithm,
            members,
            key,
        })
    }

    /// The members of the key itself: `kty`, and its numbers. No value needs escaping.
    pub fn members(&self) -> &[(&'static str, String)] {
        &self.members
    }

    /// Whether `signature` is one over `octets` by this key.
    pub fn verify(&self, octets: &[u8], signature: &[u8]) -> bool {
        let check = || -> Result<bool, ErrorStack> {
            match self.algorithm {
                JwsAlgorithm::Rs256 => {
                    let digest = openssl::hash::MessageDigest::sha256();
                    let mut verifier = openssl::sign::Verifier::new(digest, &self.key)?;
                    verifier.verify_oneshot(signature, octets)
                }
                JwsAlgorithm::Es256 => {
                    let Some((r, s)) = signature.split_at_checked(P256_LEN) else {
                        return Ok(false);
                    };
                    if s.len() != P256_LEN {
                        return Ok(false);
                    }
                    let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
                    let signature = EcdsaSig::from_private_components(r, s)?;
                    signature.verify(&sha256(octets), &*self.key.ec_key()?)
                }
            }
        };
        check().unwrap_or(false)
    }
}

fn rsa_members(key: &PKey<Public>) -> Option<Vec<(&'static str, String)>> {
    let rsa = key.rsa().ok()?;
    Some(vec![
        ("e", URL_SAFE_NO_PAD.encode(rsa.e().to_vec())),
        ("kty", "RSA".to_owned()),
        ("n", URL_SAFE_NO_PAD.encode(rsa.n().to_vec())),
    ])
}

fn p256_members(key: &PKey<Public>) -> Option<Vec<(&'static str, String)>> {
    if key.id() != Id::EC {
        return None;
    }
    let ec = key.ec_key().ok()?;
    if ec.group().curve_name() != Some(Nid::X9_62_PRIME256V1) {
        return None;
    }
    let coordinates = || -> Result<(Vec<u8>, Vec<u8>), ErrorStack> {
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        let mut context = openssl::bn::BigNumContext::new()?;
        ec.public_key()
            .affine_coordinates(ec.group(), &mut x, &mut y, &mut context)?;
        Ok((x.to_vec_padded(P256_LEN_I32)?, y.to_vec_padded(P256_LEN_I32)?))
    };
    let (x, y) = coordinates().ok()?;
    Some(vec![
        ("crv", "P-256".to_owned()),
        ("kty", "EC".to_owned()),
        ("x", URL_SAFE_NO_PAD.encode(x)),
        ("y", URL_SAFE_NO_PAD.encode(y)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(algorithm: JwsAlgorithm) -> TokenSigner {
        let new = generate(algorithm).unwrap();
        let public = PublicJwk::from_spki(algorithm, &new.public).unwrap();
        TokenSigner::open(&new.private, public).unwrap()
    }

    fn parts(token: &str) -> (&str, Vec<u8>) {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        (signed, URL_SAFE_NO_PAD.decode(signature).unwrap())
    }

    #[test]
    fn what_a_key_signs_it_verifies_and_no_other_key_does() {
        for algorithm in JwsAlgorithm::ALL {
            let (own, other) = (signer(algorithm), signer(algorithm));
            let token = own.sign("JWT", br#"{"sub":"ada"}"#).unwrap();
            let (signed, signature) = parts(&token);
            assert!(own.public().verify(signed.as_bytes(), &signature));
            assert!(!other.public().verify(signed.as_bytes(), &signature));
            assert!(!own.public().verify(b"other.octets", &signature));
            for wrong in [&signature[1..], b"", &[0; 64]] {
                assert!(!own.public().verify(signed.as_bytes(), wrong), "{algorithm:?}");
            }
            let header = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().0).unwrap();
            assert_eq!(
                String::from_utf8(header).unwrap(),
                format!(
                    r#"{{"alg":"{}","kid":"{}","typ":"JWT"}}"#,
                    algorithm.name(),
                    own.public().kid
                )
            );
        }
    }

    #[test]
    fn a_signature_of_the_other_kind_of_key_does_not_verify() {
        let (rsa, ec) = (signer(JwsAlgorithm::Rs256), signer(JwsAlgorithm::Es256));
        let token = ec.sign("JWT", b"{}").unwrap();
        let (signed, signature) = parts(&token);
        assert!(!rsa.public().verify(signed.as_bytes(), &signature));
        assert_eq!(signature.len(), 64, "r and s as rfc7518 writes them, not as DER");
    }

    #[test]
    fn a_key_whose_halves_do_not_belong_together_is_not_opened() {
        let (one, other) = (
            generate(JwsAlgorithm::Es256).unwrap(),
            generate(JwsAlgorithm::Es256).unwrap(),
        );
        let public = PublicJwk::from_spki(JwsAlgorithm::Es256, &other.public).unwrap();
        assert!(TokenSigner::open(&one.private, public).is_err());
        assert!(PublicJwk::from_spki(JwsAlgorithm::Rs256, &one.public).is_none());
    }

    /// The example of rfc7638, 3.1.
    #[test]
    fn the_kid_is_the_thumbprint_of_the_key() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let modulus = BigNum::from_slice(&URL_SAFE_NO_PAD.decode(n).unwrap()).unwrap();
        let rsa = Rsa::from_public_components(modulus, BigNum::from_u32(65537).unwrap()).unwrap();
        let der = PKey::from_rsa(rsa).unwrap().public_key_to_der().unwrap();
        let jwk = PublicJwk::from_spki(JwsAlgorithm::Rs256, &der).unwrap();
        assert_eq!(jwk.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
