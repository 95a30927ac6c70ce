//! Password hashes that other software made: argon2, bcrypt and PBKDF2. They are verified as they are, within bounds,
//! until their password is hashed anew at the first sign-in.

use argon2::{Params, PasswordHash};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use pbkdf2::pbkdf2_hmac;
use sha2::{Sha256, Sha512};

use crate::model::secret::Secret;

/// The most that an imported argon2 hash may demand: 256 MiB, and as many passes as take as long as 4 over that.
const MAX_ARGON2_MEMORY: u32 = 262_144;
const MAX_ARGON2_WORK: u64 = 1_048_576;
const MAX_ARGON2_LANES: u32 = 16;
/// 14 takes about a second; each step doubles it.
const MIN_BCRYPT_COST: u32 = 4;
const MAX_BCRYPT_COST: u32 = 14;
/// About a second; Django counts 1,200,000 in 2026.
const MAX_PBKDF2_ROUNDS: u32 = 3_000_000;
/// Below this, whoever has the hash has the password.
const MIN_PBKDF2_ROUNDS: u32 = 1000;
const MAX_LEN: usize = 512;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A hash that can be stored for a user whose password nobody here knows.
#[derive(Debug)]
pub struct ImportedHash(Secret<String>);

/// Why a text is not taken as the hash of a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadHash {
    #[error("the password hash is none of argon2id, argon2i, bcrypt, pbkdf2-sha256 and pbkdf2-sha512")]
    Unknown,
    #[error("the password hash is damaged")]
    Damaged,
    /// A sign-in would keep the server busy for too long.
    #[error("the password hash demands more work than is reasonable")]
    TooExpensive,
    /// It can be guessed at once.
    #[error("the password hash was made with too little work")]
    TooCheap,
}

impl ImportedHash {
    /// Parses a PHC string (`$argon2id$…`, `$pbkdf2-sha256$…`), a bcrypt hash (`$2b$…`), or what Django stores
    /// (`pbkdf2_sha256$…`, `argon2$argon2id$…`, `bcrypt$$2b$…`).
    ///
    /// # Errors
    ///
    /// If it is none of these, or demands an unreasonable amount of work.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        let text = text.trim();
        if text.len() > MAX_LEN {
            return Err(BadHash::Damaged);
        }
        let bare = match text.strip_prefix("argon2$argon2") {
            Some(rest) => format!("$argon2{rest}"),
            None => text.strip_prefix("bcrypt$").unwrap_or(text).to_owned(),
        };
        if bare.starts_with("$argon2") {
            check_argon2(&bare)?;
        } else {
            ForeignHash::parse(&bare)?;
        }
        Ok(Self(Secret::new(bare)))
    }

    /// As it is stored.
    pub fn into_stored(self) -> Secret<String> {
        self.0
    }
}

fn check_argon2(text: &str) -> Result<(), BadHash> {
    if !text.starts_with("$argon2id$") && !text.starts_with("$argon2i$") {
        return Err(BadHash::Unknown);
    }
    let hash = PasswordHash::new(text).or(Err(BadHash::Damaged))?;
    let params = Params::try_from(&hash).or(Err(BadHash::Damaged))?;
    if hash.hash.is_none() || hash.salt.is_none() {
        return Err(BadHash::Damaged);
    }
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    if params.m_cost() > MAX_ARGON2_MEMORY || work > MAX_ARGON2_WORK || params.p_cost() > MAX_ARGON2_LANES {
        return Err(BadHash::TooExpensive);
    }
    Ok(())
}

/// A stored hash that is not argon2.
#[derive(Debug)]
pub(super) enum ForeignHash<'t> {
    Bcrypt(&'t str),
    Pbkdf2 {
        digest: Pbkdf2Digest,
        rounds: u32,
        salt: Vec<u8>,
        expected: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pbkdf2Digest {
    Sha256,
    Sha512,
}

impl<'t> ForeignHash<'t> {
    /// Whether a stored hash is of this kind, whatever else is wrong with it.
    pub(super) fn is_meant_by(stored: &str) -> bool {
        !stored.starts_with("$argon2")
    }

    pub(super) fn parse(text: &'t str) -> Result<Self, BadHash> {
        if ["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            return Self::parse_bcrypt(text);
        }
        for (digest, phc, django) in [
            (Pbkdf2Digest::Sha256, "$pbkdf2-sha256$", "pbkdf2_sha256$"),
            (Pbkdf2Digest::Sha512, "$pbkdf2-sha512$", "pbkdf2_sha512$"),
        ] {
            if let Some(rest) = text.strip_prefix(phc) {
                let (rounds, salt, expected) = three_parts(rest)?;
                // passlib writes the number alone, and a full stop for a plus.
                let rounds = rounds
                    .split(',')
                    .find_map(|parameter| parameter.strip_prefix("i="))
                    .unwrap_or(rounds);
                let decode = |text: &str| BASE64.decode(text.replace('.', "+")).or(Err(BadHash::Damaged));
                return Self::pbkdf2(digest, rounds, decode(salt)?, decode(expected)?);
            }
            if let Some(rest) = text.strip_prefix(django) {
                let (rounds, salt, expected) = three_parts(rest)?;
                let expected = BASE64.decode(expected).or(Err(BadHash::Damaged))?;
                return Self::pbkdf2(digest, rounds, salt.as_bytes().to_vec(), expected);
            }
        }
        Err(BadHash::Unknown)
    }

    fn parse_bcrypt(text: &'t str) -> Result<Self, BadHash> {
        // $2b$, two digits, $, 22 characters of salt and 31 of the hash.
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '/';
        let parts: Vec<&str> = text.split('$').collect();
        let [_empty, _version, cost, rest] = parts.as_slice() else {
            return Err(BadHash::Damaged);
        };
        if cost.len() != 2 || rest.len() != 53 || !rest.chars().all(is_base64) {
            return Err(BadHash::Damaged);
        }
        match cost.parse() {
            Ok(MIN_BCRYPT_COST..=MAX_BCRYPT_COST) => Ok(Self::Bcrypt(text)),
            Ok(0..MIN_BCRYPT_COST) | Err(_) => Err(BadHash::Damaged),
            Ok(_) => Err(BadHash::TooExpensive),
        }
    }

    fn pbkdf2(digest: Pbkdf2Digest, rounds: &str, salt: Vec<u8>, expected: Vec<u8>) -> Result<Self, BadHash> {
        let rounds = rounds.parse().or(Err(BadHash::Damaged))?;
        let whole = match digest {
            Pbkdf2Digest::Sha256 => 32,
            Pbkdf2Digest::Sha512 => 64,
        };
        // A longer one takes the work several times, a short one fits many passwords.
        if salt.is_empty() || !(16..=whole).contains(&expected.len()) {
            return Err(BadHash::Damaged);
        }
        match rounds {
            0..MIN_PBKDF2_ROUNDS => Err(BadHash::TooCheap),
            MIN_PBKDF2_ROUNDS..=MAX_PBKDF2_ROUNDS => Ok(Self::Pbkdf2 {
                digest,
                rounds,
                salt,
                expected,
            }),
            _ => Err(BadHash::TooExpensive),
        }
    }

    /// Whether it was made from this password.
    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, BadHash> {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).or(Err(BadHash::Damaged)),
            Self::Pbkdf2 {
                digest,
                rounds,
                salt,
                expected,
            } => {
                let mut found = vec![0; expected.len()];
                match digest {
                    Pbkdf2Digest::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut found),
                    Pbkdf2Digest::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, *rounds, &mut found),
                }
                // Every byte is looked at, whichever differs.
                let difference = found.iter().zip(expected).fold(0, |all, (a, b)| all | (a ^ b));
                Ok(difference == 0)
            }
        }
    }
}

fn three_parts(text: &str) -> Result<(&str, &str, &str), BadHash> {
    match text.split('$').collect::<Vec<_>>().as_slice() {
        [first, second, third] => Ok((first, second, third)),
        _ => Err(BadHash::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by crypt(3), hashlib and Django's own code from the password `tomato 42`.
    const OF_OTHERS: [&str; 6] = [
        "$2a$04$abcdefghijklmnopqrstuumUzrnyja5J4Hj1WXF10XZbi6rNj6Amm",
        "$2b$04$abcdefghijklmnopqrstuumUzrnyja5J4Hj1WXF10XZbi6rNj6Amm",
        "$2y$04$abcdefghijklmnopqrstuumUzrnyja5J4Hj1WXF10XZbi6rNj6Amm",
        "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$kvDSflwravIIsARzLPFt7qJ3ejAZ5Uau5K7Biej4aQA",
        "$pbkdf2-sha512$1000$c2FsdHNhbHRzYWx0c2FsdA$PRM38pNBKD5bru/XCBsuZ806DIN1Tp.xPTNh1z//G8oLoXQhrB0RQ9yWPPn6ZI2AnhcVghOnsX8V3wueHYLh8w",
        "pbkdf2_sha256$1000$saltsaltsaltsalt$kvDSflwravIIsARzLPFt7qJ3ejAZ5Uau5K7Biej4aQA=",
    ];

    #[test]
    fn hashes_of_others_are_verified() {
        for text in OF_OTHERS {
            let stored = ImportedHash::parse(text).unwrap().into_stored();
            let hash = ForeignHash::parse(stored.expose()).unwrap();
            assert_eq!(hash.verify(b"tomato 42"), Ok(true), "{text}");
            assert_eq!(hash.verify(b"tomato 43"), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_hash_that_is_none_or_demands_too_much_or_too_little_is_refused() {
        let bcrypt = OF_OTHERS[0];
        for (text, why) in [
            (String::new(), BadHash::Unknown),
            ("tomato 42".to_owned(), BadHash::Unknown),
            ("$1$abcdefgh$abcdefgh".to_owned(), BadHash::Unknown),
            ("$argon2d$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(), BadHash::Unknown),
            ("$argon2id$v=19$m=4194304,t=2,p=1$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(), BadHash::TooExpensive),
            ("$argon2id$v=19$m=65536,t=4000,p=1$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(), BadHash::TooExpensive),
            ("$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCE".to_owned(), BadHash::Damaged),
            (bcrypt.replace("$04$", "$31$"), BadHash::TooExpensive),
            (bcrypt.replace("$04$", "$00$"), BadHash::Damaged),
            (bcrypt.trim_end_matches('m').to_owned(), BadHash::Damaged),
            ("pbkdf2_sha256$1$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(), BadHash::TooCheap),
            ("pbkdf2_sha256$4000000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(), BadHash::TooExpensive),
            ("pbkdf2_sha256$1000$salt$AAAA".to_owned(), BadHash::Damaged),
            ("pbkdf2_sha256$1000$salt".to_owned(), BadHash::Damaged),
            ("x".repeat(513), BadHash::Damaged),
        ] {
            assert_eq!(ImportedHash::parse(&text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn what_django_stores_of_argon2_and_bcrypt_is_taken_without_its_name() {
        let argon2 =
            "$argon2id$v=19$m=102400,t=2,p=8$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let taken = |text: &str| ImportedHash::parse(text).unwrap().into_stored().expose().clone();
        assert_eq!(taken(&format!("argon2{argon2}")), argon2);
        assert_eq!(taken(argon2), argon2);
        assert_eq!(taken(&format!("bcrypt${}", OF_OTHERS[0])), OF_OTHERS[0]);
    }
}
