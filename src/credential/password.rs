//! Passwords: what is accepted as one, and how it is hashed and checked.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{Error as HashError, SaltString},
};
use unicode_normalization::UnicodeNormalization;

use crate::{
    credential::blocklist::{BlockReason, PasswordContext, find_block_reason},
    model::secret::Secret,
};

/// A password as it was typed, in NFC, never truncated.
#[derive(Debug)]
pub struct Password(Secret<String>);

impl Password {
    /// The longest password, in bytes of UTF-8 after NFC; a longer one is refused, never truncated.
    pub const MAX_LEN: usize = 1024;
    /// The fewest characters of a new password (NIST SP 800-63B, 3.1.1.2).
    pub const MIN_CHARACTERS: usize = 8;
    /// How many characters are recommended.
    pub const RECOMMENDED_CHARACTERS: usize = 15;

    /// Parses a password that was typed to sign in.
    pub fn parse(input: &str) -> Result<Self, BadPassword> {
        let text: String = input.nfc().collect();
        if text.is_empty() {
            return Err(BadPassword::Empty);
        }
        if text.len() > Self::MAX_LEN {
            return Err(BadPassword::TooLong);
        }
        Ok(Self(Secret::new(text)))
    }

    /// Parses a new password, and refuses one that an attacker would try first, given what `context` says of the user
    /// and the site (NIST SP 800-63B, 3.1.1.2).
    pub fn parse_new(input: &str, context: &PasswordContext) -> Result<Self, BadPassword> {
        let password = Self::parse(input)?;
        let text = password.0.expose();
        if text.chars().any(char::is_control) {
            return Err(BadPassword::Control);
        }
        if text.chars().count() < Self::MIN_CHARACTERS {
            return Err(BadPassword::TooShort);
        }
        match find_block_reason(text, context) {
            Some(BlockReason::Common) => Err(BadPassword::Common),
            Some(BlockReason::ContextSpecific) => Err(BadPassword::ContextSpecific),
            Some(BlockReason::Pattern) => Err(BadPassword::Pattern),
            None => Ok(password),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

/// Why a text is not accepted as a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPassword {
    #[error("the password is empty")]
    Empty,
    /// More than [`Password::MAX_LEN`] bytes.
    #[error("the password is longer than {} bytes", Password::MAX_LEN)]
    TooLong,
    /// Fewer than [`Password::MIN_CHARACTERS`].
    #[error(
        "the password is too short: at least {} characters are needed, {} or more are recommended; a few words in a row do well",
        Password::MIN_CHARACTERS,
        Password::RECOMMENDED_CHARACTERS
    )]
    TooShort,
    #[error(
        "the password is one of those that are tried first everywhere; a few words in a row that do not belong together do well"
    )]
    Common,
    /// Anybody who knows the user may guess it.
    #[error(
        "the password is the person's own address or name, or that of the organisation or the site: those are tried first; a few words in a row that do not belong together do well"
    )]
    ContextSpecific,
    /// One piece repeated, or a sequence of neighbouring keys.
    #[error(
        "the password is one piece over and over, or a row of neighbours such as 12345678 or qwertyui: those are tried first; a few words in a row that do not belong together do well"
    )]
    Pattern,
    /// It could not be typed again on another keyboard.
    #[error("the password holds a control character (a tab, a line break or the like); remove it")]
    Control,
}

/// How much work one hash takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HashCost {
    /// In KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    pub lanes: u32,
}

impl HashCost {
    /// The least that is accepted (OWASP Password Storage: argon2id, 19 MiB, t=2, p=1).
    pub const MIN: Self = Self {
        memory: 19_456,
        passes: 2,
        lanes: 1,
    };
    /// The most that a stored hash may demand: 1 GiB. More is corruption, or an attack.
    const MAX: Self = Self {
        memory: 1_048_576,
        passes: 64,
        lanes: 64,
    };

    const fn is_at_least(self, other: Self) -> bool {
        self.memory >= other.memory && self.passes >= other.passes && self.lanes >= other.lanes
    }
}

/// The result of checking a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasswordCheck {
    Correct,
    /// Correct, but the cost of the stored hash is too low today: hash it again.
    CorrectNeedsRehash,
    Incorrect,
}

/// Hashes and checks passwords, and counts the hashes that it computes.
#[derive(Debug)]
pub struct Hasher {
    argon2: Argon2<'static>,
    cost: HashCost,
    dummy_hash: Secret<String>,
    hash_count: AtomicU64,
}

impl Hasher {
    /// `cost` must be at least [`HashCost::MIN`].
    pub fn new(cost: HashCost) -> Result<Self, Error> {
        if !cost.is_at_least(HashCost::MIN) || !HashCost::MAX.is_at_least(cost) {
            return Err(Error::InvalidCost(cost));
        }
        let params =
            Params::new(cost.memory, cost.passes, cost.lanes, None).or(Err(Error::InvalidCost(cost)))?;
        // This hash was made from no password: to check one against it costs the same as against a real one, and to
        // make it costs nothing.
        let dummy_hash = format!(
            "$argon2id$v=19$m={},t={},p={}$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            cost.memory, cost.passes, cost.lanes
        );
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            cost,
            dummy_hash: Secret::new(dummy_hash),
            hash_count: AtomicU64::new(0),
        })
    }

    /// Hashes a password into a PHC string. `salt` must come from the system's random source.
    pub fn hash(&self, password: &Password, salt: [u8; 16]) -> Result<Secret<String>, Error> {
        let salt = SaltString::encode_b64(&salt).map_err(Error::Failed)?;
        self.increment_hash_count();
        let hash = self
            .argon2
            .hash_password(password.bytes(), &salt)
            .map_err(Error::Failed)?;
        Ok(Secret::new(hash.to_string()))
    }

    /// Checks a password against a PHC string that [`Hasher::hash`] made at any time.
    pub fn verify(&self, password: &Password, phc: &Secret<String>) -> Result<PasswordCheck, Error> {
        let hash = PasswordHash::new(phc.expose()).map_err(Error::Damaged)?;
        let params = Params::try_from(&hash).map_err(Error::Damaged)?;
        let stored = HashCost {
            memory: params.m_cost(),
            passes: params.t_cost(),
            lanes: params.p_cost(),
        };
        if !HashCost::MAX.is_at_least(stored) || hash.hash.is_none() || hash.salt.is_none() {
            return Err(Error::Damaged(HashError::PhcStringField));
        }
        self.increment_hash_count();
        match self.argon2.verify_password(password.bytes(), &hash) {
            Ok(()) if self.is_current(&hash, stored) => Ok(PasswordCheck::Correct),
            Ok(()) => Ok(PasswordCheck::CorrectNeedsRehash),
            Err(HashError::Password) => Ok(PasswordCheck::Incorrect),
            Err(other) => Err(Error::Damaged(other)),
        }
    }

    /// Does the work of [`Hasher::verify`] for an account that is unknown or disabled, so that the response time does
    /// not reveal which accounts exist.
    pub fn verify_dummy(&self, password: &Password) -> Result<(), Error> {
        self.verify(password, &self.dummy_hash).map(drop)
    }

    /// How many hashes were computed so far.
    pub fn hash_count(&self) -> u64 {
        self.hash_count.load(Ordering::Relaxed)
    }

    fn increment_hash_count(&self) {
        self.hash_count.fetch_add(1, Ordering::Relaxed);
    }

    fn is_current(&self, hash: &PasswordHash<'_>, stored: HashCost) -> bool {
        hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && hash
                .hash
                .is_some_and(|output| output.len() >= Params::DEFAULT_OUTPUT_LEN)
            && stored.is_at_least(self.cost)
    }
}

/// Why hashing or checking failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Less work than is safe, or more than is reasonable.
    #[error("argon2id cannot be set to {0:?}: at least {least:?}, at most {most:?}", least = HashCost::MIN, most = HashCost::MAX)]
    InvalidCost(HashCost),
    /// The stored text is not an argon2 hash.
    #[error("the stored password hash is damaged: {0}")]
    Damaged(HashError),
    #[error("hashing a password failed: {0}")]
    Failed(HashError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(HashCost::MIN).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn every_byte_of_a_password_counts() {
        let hasher = hasher();
        let start = "a".repeat(72);
        for (right, wrong) in [
            (format!("{start}b"), format!("{start}c")),
            ("correct\0horse".to_owned(), "correct\0battery".to_owned()),
            ("correct\0".to_owned(), "correct".to_owned()),
            ("Correct horse".to_owned(), "correct horse".to_owned()),
            (" correct".to_owned(), "correct".to_owned()),
            ("x".repeat(1024), "x".repeat(1023)),
        ] {
            let phc = hasher.hash(&password(&right), [1; 16]).unwrap();
            assert_eq!(
                phc.expose().rsplitn(3, '$').nth(2),
                Some("$argon2id$v=19$m=19456,t=2,p=1")
            );
            assert_eq!(
                hasher.verify(&password(&right), &phc).unwrap(),
                PasswordCheck::Correct
            );
            assert_eq!(
                hasher.verify(&password(&wrong), &phc).unwrap(),
                PasswordCheck::Incorrect,
                "{wrong:?}"
            );
        }
        assert_eq!(hasher.hash_count(), 18);
    }

    #[test]
    fn composed_and_decomposed_characters_are_one_password() {
        let hasher = hasher();
        let phc = hasher.hash(&password("na\u{ef}ve Stra\u{df}e"), [1; 16]).unwrap();
        assert_eq!(
            hasher
                .verify(&password("nai\u{308}ve Stra\u{df}e"), &phc)
                .unwrap(),
            PasswordCheck::Correct
        );
    }

    #[test]
    fn the_dummy_hash_costs_the_same_and_never_matches() {
        let hasher = hasher();
        hasher.verify_dummy(&password("anything")).unwrap();
        assert_eq!(hasher.hash_count(), 1);
        assert_eq!(
            hasher.verify(&password("anything"), &hasher.dummy_hash).unwrap(),
            PasswordCheck::Incorrect
        );
    }

    #[test]
    fn a_hash_below_the_current_cost_needs_a_rehash() {
        let strong = Hasher::new(HashCost {
            passes: 3,
            ..HashCost::MIN
        })
        .unwrap();
        let phc = hasher().hash(&password("long ago"), [1; 16]).unwrap();
        assert_eq!(
            strong.verify(&password("long ago"), &phc).unwrap(),
            PasswordCheck::CorrectNeedsRehash
        );
        assert_eq!(
            strong.verify(&password("yesterday"), &phc).unwrap(),
            PasswordCheck::Incorrect
        );
        let phc = strong.hash(&password("long ago"), [1; 16]).unwrap();
        assert_eq!(
            hasher().verify(&password("long ago"), &phc).unwrap(),
            PasswordCheck::Correct
        );
    }

    #[test]
    fn a_hash_cost_out_of_bounds_is_refused() {
        let little_memory = HashCost {
            memory: 8192,
            ..HashCost::MIN
        };
        let one_pass = HashCost {
            passes: 1,
            ..HashCost::MIN
        };
        for cost in [little_memory, one_pass] {
            assert!(Hasher::new(cost).is_err(), "{cost:?}");
        }
        let hasher = hasher();
        for phc in [
            "",
            "secret",
            "$2b$10$abcdefghijklmnopqrstuu",
            "$argon2id$v=19$m=4194304,t=2,p=1$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCE",
        ] {
            assert!(
                hasher
                    .verify(&password("x"), &Secret::new(phc.to_owned()))
                    .is_err(),
                "{phc}"
            );
        }
        assert_eq!(hasher.hash_count(), 0);
    }

    #[test]
    fn an_invalid_password_is_refused_with_the_reason() {
        assert_eq!(Password::parse("").unwrap_err(), BadPassword::Empty);
        assert_eq!(
            Password::parse(&"x".repeat(1025)).unwrap_err(),
            BadPassword::TooLong
        );
        assert_eq!(Password::parse(&"x".repeat(1024)).map(drop), Ok(()));
        // Typed as three bytes, hashed as two.
        assert_eq!(
            Password::parse(&"u\u{308}".repeat(513)).unwrap_err(),
            BadPassword::TooLong
        );
        assert_eq!(Password::parse(&"u\u{308}".repeat(512)).map(drop), Ok(()));
        let for_new = |text| Password::parse_new(text, &PasswordContext::default()).map(drop);
        assert_eq!(for_new("seven c"), Err(BadPassword::TooShort));
        assert_eq!(for_new("eight\tchars"), Err(BadPassword::Control));
        assert_eq!(for_new("Password1!"), Err(BadPassword::Common));
        assert_eq!(for_new("hallpass"), Err(BadPassword::ContextSpecific));
        assert_eq!(for_new("qwertzui"), Err(BadPassword::Pattern));
        assert_eq!(for_new("eight ch"), Ok(()));
        let message = BadPassword::TooShort.to_string();
        assert!(message.contains("15 or more are recommended"), "{message}");
        assert_eq!(format!("{:?}", password("hidden")), "Password(***)");
    }
}
