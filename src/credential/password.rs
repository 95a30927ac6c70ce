//! Passwords: what is accepted as one, and how it is hashed and checked.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::{Error as HashError, SaltString},
};
use unicode_normalization::UnicodeNormalization;

use crate::{
    credential::{
        context::PasswordContext,
        imported_hash::{BadHash, ForeignHash},
        rules::{BadPassword, MAX_LEN, PasswordRules},
        strength::{Weakness, find_weakness},
    },
    model::secret::Secret,
};

/// A password as it was typed, in NFC, never truncated.
#[derive(Debug)]
pub struct Password(Secret<String>);

impl Password {
    /// Parses a password that was typed to sign in.
    pub fn parse(input: &str) -> Result<Self, BadPassword> {
        let text: String = input.nfc().collect();
        if text.is_empty() {
            return Err(BadPassword::Empty);
        }
        if text.len() > MAX_LEN {
            return Err(BadPassword::TooLong);
        }
        Ok(Self(Secret::new(text)))
    }

    /// Parses a new password, and refuses one that is too short for `rules` or that an attacker would guess, given what
    /// `context` says of the user and the site (NIST SP 800-63B-4, 3.1.1.2).
    pub fn parse_new(
        input: &str,
        rules: PasswordRules,
        context: &PasswordContext,
    ) -> Result<Self, BadPassword> {
        let password = Self::parse(input)?;
        let text = password.0.expose();
        if text.chars().any(char::is_control) {
            return Err(BadPassword::Control);
        }
        if text.chars().count() < rules.min_characters() {
            return Err(BadPassword::TooShort {
                min: rules.min_characters(),
            });
        }
        match find_weakness(text, rules.least_strength(), context) {
            Some(Weakness::Common) => Err(BadPassword::Common),
            Some(Weakness::ContextSpecific) => Err(BadPassword::ContextSpecific),
            Some(Weakness::Pattern) => Err(BadPassword::Pattern),
            None => Ok(password),
        }
    }

    /// Whether `typed` is this password.
    pub fn is_same_as(&self, typed: &Secret<String>) -> bool {
        Self::parse(typed.expose()).is_ok_and(|typed| typed.0 == self.0)
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
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
    /// Correct, but the cost of the stored hash is too low today, or other software made it: hash it again.
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

    /// Checks a password against a PHC string that [`Hasher::hash`] made at any time, or against a hash that was
    /// imported.
    pub fn verify(&self, password: &Password, phc: &Secret<String>) -> Result<PasswordCheck, Error> {
        if ForeignHash::is_meant_by(phc.expose()) {
            let hash = ForeignHash::parse(phc.expose()).map_err(Error::Imported)?;
            self.increment_hash_count();
            let is_correct = hash.verify(password.bytes()).map_err(Error::Imported)?;
            return Ok(if is_correct {
                PasswordCheck::CorrectNeedsRehash
            } else {
                PasswordCheck::Incorrect
            });
        }
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
    /// The stored text is no hash that could have been imported.
    #[error("a stored password hash cannot be used: {0}")]
    Imported(BadHash),
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
        assert_eq!(format!("{:?}", password("hidden")), "Password(***)");
    }

    #[test]
    fn a_new_password_is_longer_where_it_is_the_only_factor() {
        let parse = |text, rules| Password::parse_new(text, rules, &PasswordContext::default()).map(drop);
        let beside = PasswordRules::beside_second_factor();
        assert_eq!(parse("seven c", beside), Err(BadPassword::TooShort { min: 8 }));
        assert_eq!(parse("v9#kq2!z", beside), Ok(()));
        let only = PasswordRules::only_factor(0);
        assert_eq!(parse("v9#kq2!z", only), Err(BadPassword::TooShort { min: 15 }));
        assert_eq!(parse("v9#kq2!z x7 hjw", only), Ok(()));
        // Characters, not bytes.
        assert_eq!(
            parse("青い机の上に猫がいます今日", only),
            Err(BadPassword::TooShort { min: 15 })
        );
        assert_eq!(parse("青い机の上に黒い猫がいます今日", only), Ok(()));
        let long = PasswordRules::only_factor(20);
        assert_eq!(
            parse("v9#kq2!z x7 hjw", long),
            Err(BadPassword::TooShort { min: 20 })
        );
    }

    #[test]
    fn a_weak_password_is_refused_with_the_reason() {
        let parse = |text: &str| {
            let rules = PasswordRules::only_factor(15);
            Password::parse_new(text, rules, &PasswordContext::default()).map(drop)
        };
        assert_eq!(parse("eight\tchars and more"), Err(BadPassword::Control));
        assert_eq!(parse("Password1!Password1!"), Err(BadPassword::Pattern));
        assert_eq!(parse("Willkommen2026!!"), Err(BadPassword::Common));
        assert_eq!(parse("abcdefghijklmnopq"), Err(BadPassword::Pattern));
        assert_eq!(parse("Vier Igel im Nebel"), Ok(()));
        assert_eq!(parse(&"x9 k2 ".repeat(170)), Err(BadPassword::Pattern));
    }
}
