//! What a text from outside may contain before it is stored.

use std::fmt::Write;

/// Why a text is not accepted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadText {
    #[error("{what} is empty")]
    Empty {
        /// What was parsed, for the message.
        what: &'static str,
    },
    #[error("{what} is longer than {max} characters")]
    TooLong {
        what: &'static str,
        /// In characters.
        max: usize,
    },
    /// It contains a character that no message can carry.
    #[error("{what} holds the control character U+{code:04X}; remove it")]
    Control {
        what: &'static str,
        /// The first of these characters.
        code: u32,
    },
    #[error("{0}")]
    Malformed(String),
}

/// Accepts a text of 1 to `max` characters without control characters or anything else that XML 1.0 cannot hold;
/// white space around it is removed.
pub fn single_line(what: &'static str, text: &str, max: usize) -> Result<String, BadText> {
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

/// Whether a character may be shown unchanged on a terminal or in a log: it does not control the terminal, does not
/// reverse the text's direction, and is not invisible. This is the only list of such characters.
pub fn is_safe_to_display(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a character may occur in a name: one that is safe to display, or one of the joiners that Persian, Hindi
/// and others are spelt with.
pub fn is_allowed_in_names(c: char) -> bool {
    is_safe_to_display(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

/// A text as it may be shown on one line: characters that are not safe to display are written as their code points.
pub fn escaped(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for c in text.chars() {
        if is_safe_to_display(c) {
            output.push(c);
        } else {
            output.extend(c.escape_unicode());
        }
    }
    output
}

/// JSON in which characters that are not safe to display are escaped as JSON does it, so that programs read the same
/// value.
pub fn escaped_json(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || is_safe_to_display(c) {
            output.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _written = write!(output, "\\u{unit:04x}");
            }
        }
    }
    output
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
    fn control_and_invisible_characters_are_not_safe_to_display() {
        for bad in [
            '\u{1b}',
            '\n',
            '\r',
            '\0',
            '\u{9b}',
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{200d}',
            '\u{feff}',
            '\u{e0041}',
            '\u{ad}',
        ] {
            assert!(!is_safe_to_display(bad), "{bad:?}");
        }
        for good in ['a', 'ä', '李', '\u{1f600}', ' ', '…'] {
            assert!(is_safe_to_display(good) && is_allowed_in_names(good), "{good:?}");
        }
        assert!(
            is_allowed_in_names('\u{200c}')
                && is_allowed_in_names('\u{200d}')
                && !is_allowed_in_names('\u{202e}')
        );
        assert_eq!(escaped("a\u{202e}b\u{1b}[2J"), "a\\u{202e}b\\u{1b}[2J");
    }

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
            assert_eq!(single_line("the name", good, 256).unwrap(), good);
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
                matches!(single_line("the name", bad, 256), Err(BadText::Control { .. })),
                "{bad:?}"
            );
        }
        assert_eq!(
            single_line("the name", "  ", 256),
            Err(BadText::Empty { what: "the name" })
        );
        let long = single_line("the name", &"x".repeat(257), 256);
        assert!(long.is_err(), "{long:?}");
    }
}
