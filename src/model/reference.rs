//! A short reference to a refusal, which can be read out on the telephone.

use std::fmt;

/// The first eight hex digits of a request's id, shown as `7F3A-92C1`. The log and the audit log hold the whole id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reference(String);

/// Hex digits of a reference, and of a whole request id.
const SHORT_LEN: usize = 8;
const REQUEST_ID_LEN: usize = 16;

impl Reference {
    pub fn from_request_id(request_id: &str) -> Self {
        Self(request_id.chars().take(SHORT_LEN).collect())
    }

    /// Parses what a user typed or pasted: a reference in any letter case, with or without its hyphen, or a whole
    /// request id.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let fits = matches!(digits.len(), SHORT_LEN | REQUEST_ID_LEN)
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then_some(Self(digits))
    }

    /// Whether it is a whole request id, which identifies one request alone.
    pub fn is_full_request_id(&self) -> bool {
        self.0.len() == REQUEST_ID_LEN
    }

    /// The beginning of its requests' ids: the log is searched for it.
    pub fn prefix(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, digit) in self.0.chars().take(SHORT_LEN).enumerate() {
            let hyphen = if n == SHORT_LEN / 2 { "-" } else { "" };
            write!(f, "{hyphen}{}", digit.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_however_it_was_copied() {
        let shown = Reference::from_request_id("7f3a92c100112233").to_string();
        assert_eq!(shown, "7F3A-92C1");
        for text in ["7F3A-92C1", "7f3a92c1", " 7f3a-92C1\n", "7F3A 92C1"] {
            assert_eq!(Reference::parse(text).unwrap().prefix(), "7f3a92c1", "{text:?}");
        }
        let whole = Reference::parse("7F3A92C100112233").unwrap();
        assert_eq!((whole.prefix(), whole.to_string()), ("7f3a92c100112233", shown));
        for other in [
            "",
            "7F3A",
            "7F3A-92C",
            "7F3A-92C1-0",
            "ACS-UNKNOWN",
            "7f3a92cg",
            "７f3a92c",
        ] {
            assert_eq!(Reference::parse(other), None, "{other:?}");
        }
    }
}
