//! What is asked of a password, and why one is not accepted.

use zxcvbn::Score;

use crate::model::policy::Policy;

/// The longest password, in bytes of UTF-8 after NFC; a longer one is refused, never truncated.
pub(super) const MAX_LEN: usize = 1024;

/// What a new password has to satisfy, by what stands beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PasswordRules {
    min_characters: usize,
    least_strength: Score,
}

impl PasswordRules {
    /// The fewest characters beside a second factor (NIST SP 800-63B-4, 3.1.1.2).
    const MIN_BESIDE_SECOND_FACTOR: usize = 8;

    /// For a password that is all that a user signs in with: `min_characters`, and never fewer than 15.
    pub fn only_factor(min_characters: u32) -> Self {
        let min_characters = min_characters.max(Policy::MIN_PASSWORD_LENGTH);
        Self {
            min_characters: usize::try_from(min_characters).unwrap_or(usize::MAX),
            least_strength: Score::Three,
        }
    }

    /// For a password beside a second factor. It may be guessed sooner: eight random characters do.
    pub const fn beside_second_factor() -> Self {
        Self {
            min_characters: Self::MIN_BESIDE_SECOND_FACTOR,
            least_strength: Score::Two,
        }
    }

    pub const fn min_characters(self) -> usize {
        self.min_characters
    }

    pub(super) const fn least_strength(self) -> Score {
        self.least_strength
    }
}

/// Why a text is not accepted as a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPassword {
    #[error("the password is empty")]
    Empty,
    /// More than [`MAX_LEN`] bytes.
    #[error("the password is longer than {} bytes: shorten it", MAX_LEN)]
    TooLong,
    #[error("the password is too short: it needs {min} characters or more; a few words in a row do well")]
    TooShort {
        /// The fewest characters that are accepted.
        min: usize,
    },
    /// It is known, or a few frequent words.
    #[error(
        "the password is too common: it is among those that are tried first; take a few words in a row that do not belong together"
    )]
    Common,
    /// Anybody who knows the user may guess it.
    #[error(
        "the password is made of the person's own address or name, or of the name of the organisation or the site: those are tried first; take a few words in a row that have nothing to do with them"
    )]
    ContextSpecific,
    /// One piece repeated, or a sequence of neighbouring keys.
    #[error(
        "the password is one piece over and over, a date, or a row of neighbours such as 12345678 or qwertyui: those are tried first; take a few words in a row that do not belong together"
    )]
    Pattern,
    /// It could not be typed again on another keyboard.
    #[error("the password holds a control character (a tab, a line break or the like): remove it")]
    Control,
}
