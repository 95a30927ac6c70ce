//! What second factors need to stay secret: a copy of the database does not reveal it.

use crate::{
    crypto::{
        derived_key::{DerivedKey, SALT_LEN},
        error::Error,
        seal::SealingKey,
    },
    model::{
        id::{SecondFactorId, UserId},
        secret::Secret,
    },
};

const LABEL: &[u8] = b"hallpass second factor 1";

/// The key of second factors.
#[derive(Debug)]
pub struct FactorKey(DerivedKey);

impl FactorKey {
    /// Derives the key from the sealing key, which all replicas share.
    pub fn from_sealing_key(key: &SealingKey) -> Result<Self, Error> {
        DerivedKey::new(key, LABEL).map(Self)
    }

    /// Seals the secret of the second factor `id`, which nobody but `user` has. No two calls may have the same `salt`:
    /// it must come from the system's randomness.
    pub fn seal(
        &self,
        id: SecondFactorId,
        user: UserId,
        secret: &[u8],
        salt: [u8; SALT_LEN],
    ) -> Result<Vec<u8>, Error> {
        self.0.seal(&bound_to(id, user), secret, salt)
    }

    /// Opens what was sealed for this second factor of this user; none where it was sealed with another key, or was
    /// changed.
    pub fn open(
        &self,
        id: SecondFactorId,
        user: UserId,
        sealed: &[u8],
    ) -> Result<Option<Secret<Vec<u8>>>, Error> {
        self.0.open(&bound_to(id, user), sealed)
    }
}

fn bound_to(id: SecondFactorId, user: UserId) -> Vec<u8> {
    format!("{id} {user}").into_bytes()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_secret_opens_for_its_own_user_alone() {
        let key = |byte| FactorKey::from_sealing_key(&SealingKey::new([byte; 32])).unwrap();
        let id = |byte| SecondFactorId::new(DateTime::UNIX_EPOCH, [byte; 10]);
        let user = |byte| UserId::new(DateTime::UNIX_EPOCH, [byte; 10]);
        let sealed = key(1).seal(id(1), user(1), b"a secret", [7; SALT_LEN]).unwrap();
        assert!(!sealed.windows(8).any(|part| part == b"a secret"));
        let opened = key(1).open(id(1), user(1), &sealed).unwrap();
        assert_eq!(opened.unwrap().expose(), b"a secret");
        for opened in [
            key(1).open(id(2), user(1), &sealed),
            key(1).open(id(1), user(2), &sealed),
            key(2).open(id(1), user(1), &sealed),
            key(1).open(id(1), user(1), b""),
        ] {
            assert!(opened.unwrap().is_none());
        }
    }
}
