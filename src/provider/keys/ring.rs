//! The keys of this installation, opened: the one that signs, the one that will, and those that did.

use chrono::{DateTime, Utc};

use crate::{
    crypto::{error, pem, seal::SealingKey},
    model::{
        id::KeyId,
        key::{Certificate, KeyState, SealedKey, SigningKey},
    },
};

/// Why the keys of the database make no ring.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Key(#[from] error::Error),
    #[error("none of the signing keys in the database is active")]
    NoActiveKey,
    #[error("the signing keys {first} and {second} are in the same state; only retired keys may be several")]
    DuplicateState { first: KeyId, second: KeyId },
}

/// All keys of the database, in one generation.
#[derive(Debug, Eq, PartialEq)]
pub struct KeyRing {
    /// Signs.
    pub active: SigningKey,
    /// Signs next.
    pub next: Option<SigningKey>,
    /// Signed last, and can again.
    pub previous: Option<SigningKey>,
    /// Signed once; only their certificates are left.
    pub retired: Vec<Certificate>,
}

impl KeyRing {
    /// Opens every key that signs or may be asked to, so that a key which cannot be opened here is found
    /// out before it is needed.
    pub fn open(keys: &[SealedKey], sealing: &SealingKey) -> Result<Self, Error> {
        let (mut next, mut active, mut previous) = (None, None, None);
        let mut retired = Vec::new();
        for key in keys {
            let slot = match key.state {
                KeyState::Retired => {
                    retired.push(pem::parse_certificate(&key.certificate)?);
                    continue;
                }
                KeyState::Next => &mut next,
                KeyState::Active => &mut active,
                KeyState::Previous => &mut previous,
            };
            let opened = open_key(key, sealing)?;
            if let Some(first) = slot.replace(opened) {
                return Err(Error::DuplicateState {
                    first: first.id,
                    second: key.id,
                });
            }
        }
        Ok(Self {
            active: active.ok_or(Error::NoActiveKey)?,
            next,
            previous,
            retired,
        })
    }

    /// The certificates that are published to service providers: the one in use first, for those that read only one.
    pub fn published(&self) -> Vec<&Certificate> {
        let others = self.next.iter().chain(&self.previous);
        std::iter::once(&self.active)
            .chain(others)
            .map(|key| &key.certificate)
            .collect()
    }
}

/// Seals a new key, ready for its row.
pub fn seal_new(
    key: &SigningKey,
    state: KeyState,
    sealing: &SealingKey,
    nonce: [u8; 12],
    now: DateTime<Utc>,
) -> Result<SealedKey, error::Error> {
    Ok(SealedKey {
        id: key.id,
        state,
        sealed: Some(sealing.seal(key.id, key.private.expose(), nonce)?),
        certificate: key.certificate.der.clone(),
        created_at: now,
        since: now,
    })
}

fn open_key(key: &SealedKey, sealing: &SealingKey) -> Result<SigningKey, error::Error> {
    let certificate = pem::parse_certificate(&key.certificate)?;
    let sealed = key.sealed.as_ref().ok_or(error::Error::Damaged { row: key.id })?;
    let private = sealing.open(key.id, sealed)?;
    // The certificate's column is not sealed: what stands there must prove itself.
    if !pem::is_certificate_of(&private, &certificate)? {
        return Err(error::Error::CertificateMismatch {
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
    use crate::crypto::generate::generate;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000)
    }

    fn generate_sealed(random: u8, state: KeyState, sealing: &SealingKey) -> (SigningKey, SealedKey) {
        let key = generate(KeyId::new(now(), [random; 10]), "localhost", now()).unwrap();
        let sealed = seal_new(&key, state, sealing, [random; 12], now()).unwrap();
        (key, sealed)
    }

    #[test]
    fn a_key_ring_opens_with_one_key_per_state() {
        let sealing = SealingKey::new([7; 32]);
        let (active, active_row) = generate_sealed(1, KeyState::Active, &sealing);
        let (next, next_row) = generate_sealed(2, KeyState::Next, &sealing);
        let (previous, previous_row) = generate_sealed(3, KeyState::Previous, &sealing);
        let (old, mut old_row) = generate_sealed(4, KeyState::Retired, &sealing);
        old_row.sealed = None;
        let all = [
            next_row.clone(),
            old_row.clone(),
            active_row.clone(),
            previous_row.clone(),
        ];
        let ring = KeyRing::open(&all, &sealing).unwrap();
        let certificate = |key: &SigningKey| key.certificate.clone();
        assert_eq!(
            ring.published(),
            [&active.certificate, &next.certificate, &previous.certificate],
            "the one that signs first"
        );
        assert_eq!(
            ring,
            KeyRing {
                retired: vec![certificate(&old)],
                active,
                next: Some(next),
                previous: Some(previous),
            }
        );

        for (twice, state) in [
            (&active_row, KeyState::Active),
            (&next_row, KeyState::Next),
            (&previous_row, KeyState::Previous),
        ] {
            let second = SealedKey {
                state,
                ..generate_sealed(5, state, &sealing).1
            };
            let opened = KeyRing::open(&[active_row.clone(), twice.clone(), second], &sealing);
            assert!(matches!(opened, Err(Error::DuplicateState { .. })), "{opened:?}");
        }
        let opened = KeyRing::open(&[old_row, next_row], &sealing);
        assert!(matches!(opened, Err(Error::NoActiveKey)), "{opened:?}");
    }

    #[test]
    fn a_key_that_cannot_be_opened_is_detected_before_it_is_needed() {
        let (sealing, other) = (SealingKey::new([7; 32]), SealingKey::new([8; 32]));
        let (_, active) = generate_sealed(1, KeyState::Active, &sealing);
        for state in [KeyState::Active, KeyState::Next, KeyState::Previous] {
            let foreign = generate_sealed(2, state, &other).1;
            let own = generate_sealed(3, state, &sealing).1;
            let others: Vec<_> = (state != KeyState::Active)
                .then(|| active.clone())
                .into_iter()
                .collect();
            let open = |key: SealedKey| KeyRing::open(&[others.clone(), vec![key]].concat(), &sealing);
            let opened = open(foreign);
            assert!(
                matches!(opened, Err(Error::Key(error::Error::WrongSealingKey { .. }))),
                "{opened:?}"
            );
            let emptied = SealedKey {
                sealed: None,
                ..own.clone()
            };
            let opened = open(emptied);
            assert!(
                matches!(opened, Err(Error::Key(error::Error::Damaged { .. }))),
                "{opened:?}"
            );
            let swapped = SealedKey {
                certificate: generate_sealed(4, state, &sealing).1.certificate,
                ..own
            };
            let opened = open(swapped);
            assert!(
                matches!(opened, Err(Error::Key(error::Error::CertificateMismatch { .. }))),
                "{opened:?}"
            );
        }
    }
}
