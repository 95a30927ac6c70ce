//! Values that must not reach a log, and bearer tokens of which only the hash is stored.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroize;

use crate::model::hash::{sha256, sha256_of_parts};

/// A value that prints as `***`, is read only by name, and is overwritten in memory when it is dropped. It is not
/// `Clone`: a copy is made by name, too.
#[derive(Eq, PartialEq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value; search for this name to find every reader.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// A copy, for an owner that outlives this one.
    #[must_use]
    pub fn duplicate(&self) -> Self
    where
        T: Clone,
    {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A bearer secret of 256 random bits: a session cookie, a handle in a URL, a device cookie.
#[derive(Debug, Eq, PartialEq)]
pub struct Token(Secret<[u8; 32]>);

impl Token {
    /// Creates a token from random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// A copy, for an owner that outlives this one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }

    /// Parses what [`Token::to_text`] wrote; every other spelling is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        Some(Self::new(bytes))
    }

    /// The token for the browser: 43 characters that a URL and a cookie can hold.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.expose())
    }

    /// What the database stores.
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(self.0.expose()))
    }

    /// A value that only a holder of this token can compute, one for each `purpose`.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self::new(sha256_of_parts([&self.0.expose()[..], purpose.as_bytes()]))
    }
}

/// The SHA-256 of a [`Token`]; tokens are found and compared by it, so that timing reveals nothing.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Reads a hash from the database.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for TokenHash {
    fn from(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_no_other_spelling_does() {
        let token = Token::new([7; 32]);
        let text = token.to_text();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::parse(&text), Some(token));
        let cut: String = text.chars().take(42).collect();
        for wrong in [
            cut.as_str(),
            &format!("{text}="),
            &format!("{text}A"),
            &format!(" {text}"),
            "",
        ] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Token::new([7; 32])), "Token(***)");
    }
}
