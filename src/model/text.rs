//! What a text from outside may hold before it is kept.

/// Why a text is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadText {
    /// Nothing is left of it.
    #[error("{what} is empty")]
    Empty {
        /// What was being read.
        what: &'static str,
    },
    /// Longer than is kept.
    #[error("{what} is longer than {max} characters")]
    TooLong {
        /// What was being read.
        what: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// It holds a character that no message can carry.
    #[error("{what} holds the control character U+{code:04X}; take it out")]
    Control {
        /// What was being read.
        what: &'static str,
        /// The first of them.
        code: u32,
    },
    /// Not of the form that it must have.
    #[error("{0}")]
    Form(String),
}

/// Takes a text of 1 to `max` characters without control characters or anything else that XML 1.0
/// cannot hold; white space around it falls away.
pub fn line(what: &'static str, text: &str, max: usize) -> Result<String, BadText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(BadText::Empty { what });
    }
    if text.chars().count() > max {
        return Err(BadText::TooLong { what, max });
    }
    match text.chars().find(|c| is_forbidden(*c)) {
        Some(c) => Err(BadText::Control {
            what,
            code: u32::from(c),
        }),
        None => Ok(text.to_owned()),
    }
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Control characters, line and paragraph separators, and what XML 1.0 cannot hold (xml, 2.2).
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 1, 2, 3, 4, 5, 6, 255]), "00010203040506ff");
    }

    #[test]
    fn a_name_keeps_every_letter_and_no_control_character() {
        for good in [
            "Zoë",
            "O'Neil & <b>Søns</b> \"x\"",
            "李 小龍",
            "عبد الله",
            "👩‍🚀",
            "${7*7} {{7*7}}",
        ] {
            assert_eq!(line("the name", good, 256).unwrap(), good);
        }
        for bad in [
            "a\u{1}b",
            "a\nb",
            "a\u{7f}b",
            "a\u{85}b",
            "a\u{ffff}b",
            "a\u{2028}b",
        ] {
            assert!(
                matches!(line("the name", bad, 256), Err(BadText::Control { .. })),
                "{bad:?}"
            );
        }
        assert_eq!(
            line("the name", "  ", 256),
            Err(BadText::Empty { what: "the name" })
        );
        assert!(line("the name", &"x".repeat(257), 256).is_err());
    }
}
