//! What clients of OpenID Connect are handed: codes, tokens, secrets.

use crate::model::{
    hash::sha256,
    secret::{Secret, TokenHash},
};

/// A bearer secret of 256 random bits, in 43 letters and digits: a client that percent-encodes it writes the same
/// (rfc6749, 2.3.1), as not every client does.
#[derive(Debug, Eq, PartialEq)]
pub struct OpaqueToken(Secret<String>);

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The digits that 256 bits need to the base 62.
const LEN: usize = 43;

impl OpaqueToken {
    /// Writes random bytes as a number to the base 62.
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let mut text = String::with_capacity(LEN);
        for _digit in 0..LEN {
            let mut rest = 0_u16;
            for byte in &mut bytes {
                let dividend = (rest << 8) | u16::from(*byte);
                let [_high, quotient] = (dividend / 62).to_be_bytes();
                *byte = quotient;
                rest = dividend % 62;
            }
            text.push(DIGITS.get(usize::from(rest)).copied().map_or('0', char::from));
        }
        Self(Secret::new(text))
    }

    /// One that was written before, by us.
    pub fn from_text(text: &str) -> Self {
        Self(Secret::new(text.to_owned()))
    }

    /// The token itself, for the client.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the database stores.
    pub fn hash(&self) -> TokenHash {
        hash_of(self.expose())
    }
}

/// The hash by which a presented token is found; anything may have been presented.
pub fn hash_of(presented: &str) -> TokenHash {
    TokenHash::from(sha256(presented))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The number that the digits say, least first.
    fn bytes_of(text: &str) -> [u8; 32] {
        let mut bytes = [0_u8; 32];
        for digit in text.bytes().rev() {
            let value = DIGITS.iter().position(|known| *known == digit).unwrap();
            let mut carry = u16::try_from(value).unwrap();
            for byte in bytes.iter_mut().rev() {
                let sum = u16::from(*byte) * 62 + carry;
                *byte = u8::try_from(sum & 0xff).unwrap();
                carry = sum >> 8;
            }
            assert_eq!(carry, 0);
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_bit_is_in_the_text(bytes: [u8; 32]) {
            let token = OpaqueToken::new(bytes);
            prop_assert_eq!(token.expose().len(), LEN);
            prop_assert_eq!(bytes_of(token.expose()), bytes);
            prop_assert_eq!(hash_of(token.expose()), token.hash());
        }
    }

    #[test]
    fn the_digits_are_letters_and_digits_each_once() {
        let distinct: BTreeSet<_> = DIGITS.iter().collect();
        assert!(distinct.len() == 62 && DIGITS.iter().all(u8::is_ascii_alphanumeric));
        assert_eq!(format!("{:?}", OpaqueToken::new([7; 32])), "OpaqueToken(***)");
        assert_eq!(bytes_of(OpaqueToken::new([255; 32]).expose()), [255; 32]);
    }
}
