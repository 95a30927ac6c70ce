//! Progress of fetching metadata, and its result.

use anyhow::Result;

use crate::{
    cli::{output::print_line, progress::ProgressLine},
    provider::metadata_sources::{ImportProgress, UpdateReport},
};

/// Prints the result of applying a copy of metadata.
pub(super) fn print_report(report: &UpdateReport) -> Result<()> {
    print_line(format_args!(
        "  service providers known: {}; {} new, {} updated, {} gone",
        report.listed, report.new, report.updated, report.delisted
    ))?;
    for (what, slugs) in [
        ("enabled by the rule", &report.enabled),
        ("changed", &report.changed),
        ("switched off, as they are no longer listed", &report.disabled),
        ("switched on again", &report.re_enabled),
    ] {
        if !slugs.is_empty() {
            print_line(format_args!("  {what} ({}): {}", slugs.len(), first_few(slugs)))?;
        }
    }
    for slug in &report.held_back {
        print_line(format_args!(
            "  A change of {slug} waits: `hallpass app confirm {slug}` shows it."
        ))?;
    }
    if report.skipped > 0 {
        print_line(format_args!("  left out ({}):", report.skipped))?;
        for reason in &report.skipped_reasons {
            print_line(format_args!("  - {reason}"))?;
        }
        if report.skipped > report.skipped_reasons.len() {
            print_line(format_args!("  - …"))?;
        }
    }
    Ok(())
}

fn first_few(slugs: &[String]) -> String {
    let shown: Vec<&str> = slugs.iter().take(10).map(String::as_str).collect();
    let more = if slugs.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Progress on one line of a terminal.
pub(super) struct ProgressBar(ProgressLine);

impl ProgressBar {
    pub(super) fn new() -> Self {
        Self(ProgressLine::new())
    }

    pub(super) fn show(&mut self, progress: ImportProgress) {
        self.0.show(&match progress {
            ImportProgress::Fetched(bytes) => format!("fetched {} MB", bytes / (1024 * 1024)),
            ImportProgress::Verified(bytes) => format!("verified {} MB", bytes / (1024 * 1024)),
            ImportProgress::ReadEntities(count) => format!("read {count} entities"),
        });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
