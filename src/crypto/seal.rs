//! Private keys at rest: AES-256-GCM under a key that the database never sees.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    crypto::{
        encrypt::{aes_gcm_decrypt, aes_gcm_encrypt},
        error::Error,
    },
    model::{hash::sha256_of_parts, id::KeyId, secret::Secret, text::hex},
};

/// What the text of a sealing key begins with.
const PREFIX: &str = "hallpass-seal-1:";

const VERSION: u8 = 1;
const ID_LABEL: &[u8] = b"hallpass sealing key id 1";
const ID_LEN: usize = 8;
const NONCE_LEN: usize = 12;

/// The key that seals private keys.
#[derive(Debug, Eq, PartialEq)]
pub struct SealingKey(Secret<[u8; 32]>);

impl SealingKey {
    /// Makes a key of random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// Reads what [`SealingKey::to_text`] wrote; white space around it falls away.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let unreadable = || Error::NotASealingKey { prefix: PREFIX };
        let body = text.trim().strip_prefix(PREFIX).ok_or_else(unreadable)?;
        let bytes = STANDARD
            .decode(body)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self::new).ok_or_else(unreadable)
    }

    /// The key as the one line that its file holds.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}\n", STANDARD.encode(self.0.expose())))
    }

    /// The key itself, for what is derived from it.
    pub(super) const fn bytes(&self) -> &Secret<[u8; 32]> {
        &self.0
    }

    /// The name of this key, which may be shown: it tells nothing of the key.
    pub fn id(&self) -> [u8; ID_LEN] {
        let hash = sha256_of_parts([ID_LABEL, self.0.expose()]);
        hash.first_chunk().copied().unwrap_or_default()
    }

    /// Seals `plain` for the row `row`: version ‖ key id ‖ nonce ‖ ciphertext ‖ tag. No two calls may
    /// have the same `nonce`: it must come from the system's randomness.
    pub fn seal(&self, row: KeyId, plaintext: &[u8], nonce: [u8; NONCE_LEN]) -> Result<Vec<u8>, Error> {
        let ciphertext = aes_gcm_encrypt(
            self.0.expose(),
            &nonce,
            &associated_data(self.id(), row),
            plaintext,
        )
        .map_err(Error::openssl("seal a key"))?;
        Ok([&[VERSION], &self.id()[..], &nonce, &ciphertext].concat())
    }

    /// Whether it was this key that sealed something.
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        matches!(sealed, [VERSION, rest @ ..] if rest.starts_with(&self.id()))
    }

    /// Opens what was sealed for the row `row`.
    pub fn open(&self, row: KeyId, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        let damaged = || Error::Damaged { row };
        let (version, rest) = sealed.split_first().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(Error::UnknownVersion {
                row,
                version: *version,
            });
        }
        let (id, rest) = rest.split_first_chunk::<ID_LEN>().ok_or_else(damaged)?;
        if *id != self.id() {
            return Err(Error::WrongSealingKey {
                row,
                sealed_with: hex(id),
                given: hex(&self.id()),
            });
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        aes_gcm_decrypt(self.0.expose(), nonce, &associated_data(*id, row), rest)
            .map(Secret::new)
            .ok_or_else(damaged)
    }
}

/// Binds a ciphertext to its form, its sealing key and its row, so that it opens nowhere else.
fn associated_data(id: [u8; ID_LEN], row: KeyId) -> Vec<u8> {
    [&[VERSION], &id[..], row.to_string().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn row(random: u8) -> KeyId {
        KeyId::new(DateTime::UNIX_EPOCH, [random; 10])
    }

    proptest! {
        #[test]
        fn a_sealed_key_opens_in_its_own_row_only(key: [u8; 32], plaintext: Vec<u8>, nonce: [u8; 12]) {
            let key = SealingKey::new(key);
            let sealed = key.seal(row(1), &plaintext, nonce).unwrap();
            prop_assert_eq!(sealed.len(), 1 + 8 + 12 + plaintext.len() + 16);
            let opened = key.open(row(1), &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plaintext);
            let elsewhere = key.open(row(2), &sealed);
            prop_assert!(matches!(elsewhere, Err(Error::Damaged { .. })), "opened in another row");
        }

        #[test]
        fn the_text_of_a_key_round_trips(bytes: [u8; 32]) {
            let key = SealingKey::new(bytes);
            prop_assert_eq!(SealingKey::from_text(key.to_text().expose()).unwrap(), key);
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let key = SealingKey::new([7; 32]);
        let sealed = key.seal(row(1), b"a private key", [9; 12]).unwrap();
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.clone();
                altered[index] ^= 1 << bit;
                assert!(key.open(row(1), &altered).is_err(), "byte {index}, bit {bit}");
            }
        }
        for len in 0..sealed.len() {
            assert!(key.open(row(1), &sealed[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn each_failure_has_its_own_error() {
        let (key, other) = (SealingKey::new([7; 32]), SealingKey::new([8; 32]));
        let sealed = key.seal(row(1), b"x", [9; 12]).unwrap();
        let message = other.open(row(1), &sealed).unwrap_err().to_string();
        assert!(
            message.contains(&hex(&key.id())) && message.contains(&hex(&other.id())),
            "{message}"
        );
        let mut newer = sealed.clone();
        newer[0] = 2;
        let opened = key.open(row(1), &newer);
        assert!(
            matches!(opened, Err(Error::UnknownVersion { version: 2, .. })),
            "{opened:?}"
        );
        let opened = key.open(row(1), &[]);
        assert!(matches!(opened, Err(Error::Damaged { .. })), "{opened:?}");
    }

    #[test]
    fn only_the_text_of_a_key_is_accepted() {
        let good = SealingKey::new([7; 32]).to_text().expose().clone();
        for bad in [
            "",
            "hallpass-seal-1:",
            "hallpass-seal-1:AAAA",
            &good.replace("-1:", "-2:"),
            good.trim_start_matches('h'),
            &good.replace('=', ""),
        ] {
            assert!(SealingKey::from_text(bad).is_err(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", SealingKey::new([7; 32])), "SealingKey(***)");
    }
}
