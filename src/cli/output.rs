//! Output of the commands: text for people, JSON for programs. All output goes through this module, which escapes
//! whatever could control the terminal, reverse the direction of a line, or be invisible.

use std::{
    fmt::Arguments,
    io::{self, Write},
};

use anyhow::Result;
use serde::Serialize;

pub(super) use crate::api_model::format_rfc3339;
use crate::model::text::{escaped, escaped_json};

pub(super) fn print_line(line: Arguments<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", escape_lines(&line.to_string()))?;
    Ok(())
}

/// `value` as JSON, indented. What could do harm on a terminal is escaped as JSON allows, so that programs read the
/// same value.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", escaped_json(&text))?;
    Ok(())
}

/// A line for people on standard error, beside the JSON on standard output.
pub(super) fn print_note(line: &str) {
    // If nobody reads it, the command does not fail.
    let _written = writeln!(
        io::stderr().lock(),
        "{}",
        escape_lines(&format!("hallpass: {line}"))
    );
}

/// The line that is printed when a command fails.
pub fn failure(error: &anyhow::Error) -> String {
    escape_lines(&format!("hallpass: {error:#}"))
}

/// Keeps line breaks, which are our own: one inside a value cannot be told from them, so values are checked when they
/// are entered. Everything else is escaped.
fn escape_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escaped).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::is_safe_to_display;

    const EVIL: &str = "a\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{e0041}\u{7f}\r";

    #[test]
    fn nothing_that_is_printed_controls_the_terminal() {
        for text in [escape_lines(EVIL), failure(&anyhow::anyhow!(EVIL).context(EVIL))] {
            assert!(text.chars().all(is_safe_to_display), "{text:?}");
        }
        assert_eq!(escape_lines("one\ntwo\n"), "one\ntwo\n");
    }

    #[test]
    fn json_says_the_same_to_a_program() {
        let text = escaped_json(&serde_json::to_string_pretty(&[EVIL, "\u{200c}"]).unwrap());
        assert!(
            text.chars().all(|c| c == '\n' || is_safe_to_display(c)),
            "{text:?}"
        );
        let read: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, [EVIL, "\u{200c}"]);
    }
}
