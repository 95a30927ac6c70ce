//! What jobs need that wait in the database, such as mail with a link in it: a copy of the database does not reveal it.

use crate::{
    crypto::{
        derived_key::{DerivedKey, SALT_LEN},
        error::Error,
        seal::SealingKey,
    },
    model::{id::JobId, secret::Secret},
};

const LABEL: &[u8] = b"hallpass job 1";

/// The key of jobs.
#[derive(Debug)]
pub struct JobKey(DerivedKey);

impl JobKey {
    /// Derives the key from the sealing key, which all replicas share.
    pub fn from_sealing_key(key: &SealingKey) -> Result<Self, Error> {
        DerivedKey::new(key, LABEL).map(Self)
    }

    /// Seals what the job `id` of this kind needs. No two calls may have the same `salt`: it must come from the system's
    /// randomness.
    pub fn seal(&self, id: JobId, kind: &str, plain: &[u8], salt: [u8; SALT_LEN]) -> Result<Vec<u8>, Error> {
        self.0.seal(&bound_to(id, kind), plain, salt)
    }

    /// Opens what was sealed for this job; none where it was sealed with another key, or was changed.
    pub fn open(&self, id: JobId, kind: &str, sealed: &[u8]) -> Result<Option<Secret<Vec<u8>>>, Error> {
        self.0.open(&bound_to(id, kind), sealed)
    }
}

fn bound_to(id: JobId, kind: &str) -> Vec<u8> {
    format!("{id} {kind}").into_bytes()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_a_job_needs_opens_for_it_alone() {
        let key = |byte| JobKey::from_sealing_key(&SealingKey::new([byte; 32])).unwrap();
        let id = |byte| JobId::new(DateTime::UNIX_EPOCH, [byte; 10]);
        let sealed = key(1).seal(id(1), "mail", b"a link", [7; SALT_LEN]).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"a link"));
        let opened = key(1).open(id(1), "mail", &sealed).unwrap();
        assert_eq!(opened.unwrap().expose(), b"a link");
        for opened in [
            key(1).open(id(2), "mail", &sealed),
            key(1).open(id(1), "hook", &sealed),
            key(2).open(id(1), "mail", &sealed),
            key(1).open(id(1), "mail", b""),
        ] {
            assert!(opened.unwrap().is_none());
        }
    }
}
