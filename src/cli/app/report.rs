//! What came of fetching metadata, and how far it has come.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;

use crate::{
    cli::output::say,
    provider::sources::{Progress, Taken},
};

/// What came of taking up a copy, in lines.
pub(super) fn say_report(report: &Taken) -> Result<()> {
    say(format_args!(
        "  service providers known: {}; {} new, {} updated, {} gone",
        report.listed, report.new, report.updated, report.gone
    ))?;
    for (what, slugs) in [
        ("enabled by the rule", &report.enabled),
        ("changed", &report.changed),
        ("switched off, as they are no longer listed", &report.disabled),
        ("switched on again", &report.returned),
    ] {
        if !slugs.is_empty() {
            say(format_args!("  {what} ({}): {}", slugs.len(), few(slugs)))?;
        }
    }
    for slug in &report.waiting {
        say(format_args!(
            "  A change of {slug} waits: `hallpass app confirm {slug}` shows it."
        ))?;
    }
    if report.skipped > 0 {
        say(format_args!("  left out ({}):", report.skipped))?;
        for words in &report.skipped_words {
            say(format_args!("  - {words}"))?;
        }
        if report.skipped > report.skipped_words.len() {
            say(format_args!("  - …"))?;
        }
    }
    Ok(())
}

fn few(slugs: &[String]) -> String {
    let shown: Vec<&str> = slugs.iter().take(10).map(String::as_str).collect();
    let more = if slugs.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// One line on a terminal, and nothing elsewhere.
pub(super) struct Bar {
    is_shown: bool,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let words = match progress {
            Progress::Fetched(bytes) => format!("fetched {} MB", bytes / (1024 * 1024)),
            Progress::Verified(bytes) => format!("verified {} MB", bytes / (1024 * 1024)),
            Progress::Read(count) => format!("read {count} entities"),
        };
        self.write(&words);
    }

    pub(super) fn clear(&mut self) {
        self.write("");
    }

    fn write(&mut self, words: &str) {
        if self.is_shown {
            // Progress that cannot be shown is no reason to stop.
            self.is_shown = write!(io::stderr(), "\r\u{1b}[K{words}").is_ok();
        }
    }
}
