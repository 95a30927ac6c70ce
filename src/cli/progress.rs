//! How far a long command is, on one line of a terminal.

use std::io::{self, IsTerminal, Write};

/// How many characters the bar has.
const WIDTH: usize = 30;

/// One line of a terminal that is written again and again; nothing where standard error is no terminal.
pub(super) struct ProgressLine {
    is_shown: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&mut self, text: &str) {
        if self.is_shown {
            // Work goes on where progress cannot be shown.
            self.is_shown = write!(io::stderr(), "\r\u{1b}[K{text}").is_ok();
        }
    }

    pub(super) fn clear(&mut self) {
        self.show("");
    }
}

/// A bar for `done` of `total`, with `what` before it.
pub(super) fn bar(what: &str, done: usize, total: usize) -> String {
    let filled = (done * WIDTH).checked_div(total).unwrap_or(WIDTH).min(WIDTH);
    format!(
        "{what} [{}{}] {done} of {total}",
        "#".repeat(filled),
        ".".repeat(WIDTH - filled)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar("read", 0, 2), format!("read [{}] 0 of 2", ".".repeat(30)));
        let half = format!("read [{}{}] 1 of 2", "#".repeat(15), ".".repeat(15));
        assert_eq!(bar("read", 1, 2), half);
        assert!(bar("read", 0, 0).contains(&"#".repeat(30)));
    }
}
