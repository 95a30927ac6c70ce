//! The keys of this installation, opened: the one that signs, and those that did.

use chrono::{DateTime, Utc};
use openssl::pkey::PKey;

use crate::{
    keys::{error::Error, pem, seal::SealingKey},
    model::key::{Certificate, KeyState, SealedKey, SigningKey},
};

/// All keys of the database, in one generation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ring {
    /// Signs.
    pub active: SigningKey,
    /// Signed once; only their certificates are still of use.
    pub retired: Vec<Certificate>,
}

impl Ring {
    /// Opens the active key and reads the certificates of the others.
    pub fn open(keys: &[SealedKey], sealing: &SealingKey) -> Result<Self, Error> {
        let mut active: Option<&SealedKey> = None;
        let mut retired = Vec::new();
        for key in keys {
            match (key.state, active) {
                (KeyState::Retired, _) => retired.push(pem::certificate(&key.certificate)?),
                (KeyState::Active, None) => active = Some(key),
                (KeyState::Active, Some(first)) => {
                    return Err(Error::TwoActiveKeys {
                        first: first.id,
                        second: key.id,
                    });
                }
            }
        }
        let active = open_one(active.ok_or(Error::NoActiveKey)?, sealing)?;
        Ok(Self { active, retired })
    }
}

/// Seals a new key, ready for its row; it is active from its birth.
pub fn seal_new(
    key: &SigningKey,
    sealing: &SealingKey,
    nonce: [u8; 12],
    now: DateTime<Utc>,
) -> Result<SealedKey, Error> {
    Ok(SealedKey {
        id: key.id,
        state: KeyState::Active,
        sealed: sealing.seal(key.id, key.private.expose(), nonce)?,
        certificate: key.certificate.der.clone(),
        created_at: now,
    })
}

fn open_one(key: &SealedKey, sealing: &SealingKey) -> Result<SigningKey, Error> {
    let certificate = pem::certificate(&key.certificate)?;
    let private = sealing.open(key.id, &key.sealed)?;
    let pkey =
        PKey::private_key_from_pkcs8(private.expose()).map_err(Error::openssl("read a private key"))?;
    // The certificate's column is not sealed: what stands there must prove itself.
    if !pem::belongs(&pkey, &certificate) {
        return Err(Error::Mismatch {
            subject: certificate.subject,
        });
    }
    Ok(SigningKey {
        id: key.id,
        private,
        certificate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::generate::generate, model::id::KeyId};

    #[test]
    fn a_ring_opens_with_its_one_active_key() {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
        let sealing = SealingKey::new([7; 32]);
        let make = |chance: u8| generate(KeyId::new(now, [chance; 10]), "localhost", now).unwrap();
        let (one, two) = (make(1), make(2));
        let row = seal_new(&one, &sealing, [1; 12], now).unwrap();
        let mut old = seal_new(&two, &sealing, [2; 12], now).unwrap();

        assert!(matches!(
            Ring::open(&[row.clone(), old.clone()], &sealing),
            Err(Error::TwoActiveKeys { .. })
        ));
        old.state = KeyState::Retired;
        let ring = Ring::open(&[old.clone(), row.clone()], &sealing).unwrap();
        assert_eq!(
            ring,
            Ring {
                active: one,
                retired: vec![two.certificate.clone()]
            }
        );
        assert!(matches!(Ring::open(&[old], &sealing), Err(Error::NoActiveKey)));
        assert!(matches!(
            Ring::open(std::slice::from_ref(&row), &SealingKey::new([8; 32])),
            Err(Error::OtherSealingKey { .. })
        ));
        let swapped = SealedKey {
            certificate: two.certificate.der,
            ..row
        };
        assert!(matches!(
            Ring::open(&[swapped], &sealing),
            Err(Error::Mismatch { .. })
        ));
    }
}
