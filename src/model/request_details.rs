//! What a refused message asked for, stored for the administrator.

use std::fmt::Write;

use crate::model::text::is_safe_to_display;

/// The longest value that is stored, in characters.
const MAX_LEN: usize = 256;
/// How many values are stored of one message, at most.
const MAX_DETAILS: usize = 16;

/// Names and values out of a message that was refused. Nothing in it is verified: the values are bounded, printable,
/// and whatever could be a user's address or a password is masked. Never a NameID, a RelayState or XML.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestDetails(Vec<(&'static str, String)>);

impl RequestDetails {
    /// Adds the value of `name`, if there is one.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value
            && self.0.len() < MAX_DETAILS
        {
            self.0.push((name, value.chars().take(MAX_LEN + 1).collect()));
        }
        self
    }

    /// `message` first, then one line for each value.
    pub fn appended_to(&self, message: &str) -> String {
        let mut text = message.to_owned();
        for (name, value) in &self.0 {
            // Writing to a String cannot fail.
            let _written = write!(text, "\n{name}: {}", printable(value));
        }
        text
    }

    /// Splits the detail of an audit row into its message, and the names and values.
    pub fn parse_audit_detail(detail: &str) -> (&str, Vec<(&str, &str)>) {
        let mut lines = detail.lines();
        let message = lines.next().unwrap_or_default();
        (message, lines.filter_map(|line| line.split_once(": ")).collect())
    }
}

fn printable(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in masked(value).chars().take(MAX_LEN) {
        // No character may end a line, control a terminal, or reverse the direction of what follows.
        if is_safe_to_display(c) {
            text.push(c);
        } else {
            text.extend(c.escape_default());
        }
    }
    if value.chars().count() > MAX_LEN {
        text.push('…');
    }
    text
}

/// Masks what stands before an `@`, however that is written: it may be a user's address, or a password.
fn masked(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((at, length)) = first_at(rest) {
        let (before, after) = rest.split_at(at);
        let is_border = |c: char| "/?&=;,<\"'".contains(c) || c.is_whitespace();
        let visible = before
            .char_indices()
            .rev()
            .find(|(_, c)| is_border(*c))
            .map_or(0, |(last, c)| last + c.len_utf8());
        let (visible, hidden) = before.split_at(visible);
        text.push_str(visible);
        if !hidden.is_empty() {
            text.push('…');
        }
        let (sign, after) = after.split_at(length);
        text.push_str(sign);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The position of the first `@`, and its length in bytes.
fn first_at(text: &str) -> Option<(usize, usize)> {
    let plain = text.find('@').map(|at| (at, 1));
    let escaped = text.find("%40").map(|at| (at, 3));
    plain.into_iter().chain(escaped).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_one_line_without_terminal_control_characters() {
        let details = RequestDetails::default()
            .with("issuer", Some("urn:x\nother: y\u{1b}[2J\u{202e}"))
            .with("nothing", None)
            .with(
                "answer wanted at",
                Some("https://sp.example/acs?connection=org-1"),
            );
        let detail = details.appended_to("the words");
        let (message, parsed) = RequestDetails::parse_audit_detail(&detail);
        assert_eq!(message, "the words");
        assert_eq!(
            parsed,
            [
                ("issuer", "urn:x\\nother: y\\u{1b}[2J\\u{202e}"),
                ("answer wanted at", "https://sp.example/acs?connection=org-1"),
            ]
        );
    }

    #[test]
    fn what_could_be_a_persons_address_or_a_password_is_masked() {
        for (input, visible) in [
            ("https://ada:secret@evil.example/", "https://…@evil.example/"),
            (
                "https://sp.example/?login_hint=ada@b.example&x=1",
                "https://sp.example/?login_hint=…@b.example&x=1",
            ),
            (
                "https://sp.example/?h=ada%40b.example",
                "https://sp.example/?h=…%40b.example",
            ),
            ("ada@b.example", "…@b.example"),
            ("a@b@c", "…@…@c"),
            ("https://sp.example/@acs", "https://sp.example/@acs"),
            ("urn:auth0:openai:org-1", "urn:auth0:openai:org-1"),
            ("é/ü@x", "é/…@x"),
        ] {
            assert_eq!(printable(input), visible);
        }
    }

    #[test]
    fn the_number_and_length_of_details_are_bounded() {
        let mut details = RequestDetails::default();
        for _n in 0..100 {
            details = details.with("x", Some(&"é".repeat(10_000)));
        }
        let detail = details.appended_to("words");
        assert_eq!(detail.lines().count(), 1 + MAX_DETAILS);
        assert!(
            detail
                .lines()
                .skip(1)
                .all(|line| line.chars().count() == MAX_LEN + 4),
            "{detail}"
        );
    }
}
