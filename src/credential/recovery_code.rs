//! Recovery codes: for somebody whose second factor is out of reach. Each works once, and only its hash is stored.

use std::hint::black_box;

use crate::model::{hash::sha256_of_parts, secret::Secret};

/// Digits and letters without those that are taken for one another (Crockford's base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LABEL: &str = "hallpass recovery code 1 ";
const GROUP_LEN: usize = 4;

/// A code of 80 random bits.
#[derive(Debug, Eq, PartialEq)]
pub struct RecoveryCode(Secret<[u8; Self::LEN]>);

impl RecoveryCode {
    /// In bytes.
    pub const LEN: usize = 10;
    /// How many codes a user has at once.
    pub const SET_SIZE: usize = 10;

    /// `bytes` must come from the system's random source.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(Secret::new(bytes))
    }

    /// A new set.
    pub fn new_set(mut random: impl FnMut() -> [u8; Self::LEN]) -> [Self; Self::SET_SIZE] {
        std::array::from_fn(|_| Self::new(random()))
    }

    /// For its user: four groups of four, such as `7KQ2-MX4D-0RTB-9HWA`.
    pub fn to_text(&self) -> Secret<String> {
        let mut text = String::new();
        let (mut buffer, mut bits, mut symbols) = (0_u32, 0, 0);
        for byte in self.0.expose() {
            buffer = buffer << 8 | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                if symbols > 0 && symbols % GROUP_LEN == 0 {
                    text.push('-');
                }
                let index = usize::try_from(buffer >> bits & 31).unwrap_or_default();
                text.extend(ALPHABET.get(index).map(|symbol| char::from(*symbol)));
                symbols += 1;
            }
            buffer &= (1 << bits) - 1;
        }
        Secret::new(text)
    }

    /// Parses what a user typed: in any case, grouped or not, with letters for the digits that they look like.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut bytes = [0; Self::LEN];
        let mut filled = bytes.iter_mut();
        let (mut buffer, mut bits) = (0_u32, 0);
        for c in typed.chars().filter(|c| !c.is_whitespace() && !is_dash(*c)) {
            buffer = buffer << 5 | symbol_value(c)?;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                *filled.next()? = u8::try_from(buffer >> bits & 0xff).ok()?;
            }
            buffer &= (1 << bits) - 1;
        }
        (bits == 0 && filled.next().is_none()).then(|| Self::new(bytes))
    }

    /// What is stored. It has all the bits of the code, so that a slow hash would add nothing.
    pub fn hash(&self) -> RecoveryCodeHash {
        RecoveryCodeHash(sha256_of_parts([LABEL.as_bytes(), self.0.expose()]))
    }

    /// Which of `stored` is the hash of this code. It takes as long whichever it is.
    pub fn position_in(&self, stored: &[RecoveryCodeHash]) -> Option<usize> {
        let own = self.hash();
        let mut found = None;
        for (position, hash) in stored.iter().enumerate() {
            if hash.is_same_as(&own) {
                found = Some(position);
            }
        }
        found
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn symbol_value(c: char) -> Option<u32> {
    let symbol = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let index = ALPHABET.iter().position(|known| char::from(*known) == symbol)?;
    u32::try_from(index).ok()
}

/// The hash of a code.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryCodeHash([u8; 32]);

impl RecoveryCodeHash {
    /// Reads a hash from the database.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// In constant time.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let differing = self
            .0
            .iter()
            .zip(&other.0)
            .fold(0, |bits, (a, b)| black_box(bits | a ^ b));
        differing == 0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_sixteen_symbols_in_groups() {
        let text = |bytes| RecoveryCode::new(bytes).to_text().expose().clone();
        assert_eq!(text([0; 10]), "0000-0000-0000-0000");
        assert_eq!(text([0xff; 10]), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        // As Crockford's base32 of Python: 0x0123456789abcdef0123 in base 32.
        assert_eq!(
            text([1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0x23]),
            "04HM-ASW9-NF6Y-Y093"
        );
        assert_eq!(format!("{:?}", RecoveryCode::new([7; 10])), "RecoveryCode(***)");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = RecoveryCode::parse("01AB-CDEF-GHJK-MNPQ").unwrap();
        for typed in [
            "01abcdefghjkmnpq",
            " 01AB CDEF GHJK MNPQ\n",
            "oiab-cdef-ghjk-mnpq",
            "OLAB–CDEF–GHJK–MNPQ",
            "0-1-A-B.CDEF_GHJK MNPQ",
        ] {
            assert_eq!(RecoveryCode::parse(typed).as_ref(), Some(&code), "{typed}");
        }
        for wrong in [
            "",
            "01AB-CDEF-GHJK-MNP",
            "01AB-CDEF-GHJK-MNPQR",
            "01AB-CDEF-GHJK-MNPU",
            "01AB-CDEF-GHJK-MNP!",
            "01AB-CDEF-GHJK-MNPQ-01AB-CDEF-GHJK-MNPQ",
        ] {
            assert_eq!(RecoveryCode::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_is_found_among_the_hashes_of_its_set() {
        let mut next = 0;
        let set = RecoveryCode::new_set(|| {
            next += 1;
            [next; 10]
        });
        let texts: BTreeSet<String> = set.iter().map(|code| code.to_text().expose().clone()).collect();
        assert_eq!(texts.len(), RecoveryCode::SET_SIZE);
        let stored: Vec<RecoveryCodeHash> = set.iter().map(RecoveryCode::hash).collect();
        for (position, code) in set.iter().enumerate() {
            assert_eq!(code.position_in(&stored), Some(position));
            let kept = RecoveryCodeHash::from_slice(code.hash().as_bytes()).unwrap();
            assert!(kept.is_same_as(&stored[position]));
        }
        assert_eq!(RecoveryCode::new([99; 10]).position_in(&stored), None);
        assert_eq!(RecoveryCode::new([1; 10]).position_in(&[]), None);
        assert!(RecoveryCodeHash::from_slice(&[0; 31]).is_none());
    }

    proptest! {
        #[test]
        fn a_code_round_trips(bytes: [u8; 10]) {
            let code = RecoveryCode::new(bytes);
            let text = code.to_text();
            prop_assert_eq!(text.expose().len(), 19);
            prop_assert_eq!(RecoveryCode::parse(text.expose()), Some(code));
        }

        #[test]
        fn any_text_is_read_without_a_panic(typed: String) {
            let _ = RecoveryCode::parse(&typed);
        }

        #[test]
        fn two_codes_have_two_hashes(a: [u8; 10], b: [u8; 10]) {
            let (a, b) = (RecoveryCode::new(a), RecoveryCode::new(b));
            prop_assert_eq!(a.hash().is_same_as(&b.hash()), a == b);
        }
    }
}
