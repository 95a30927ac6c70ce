//! A CSV file that a command reads, and what is wrong with its lines.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, Result};

use crate::{cli::output::print_line, provider::csv_file::reader::LineNote};

/// Opens a file; `-` is standard input.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    Ok(Box::new(file))
}

pub(super) fn print_notes(errors: &[LineNote], collisions: &[LineNote]) -> Result<()> {
    for (what, notes) in [("error", errors), ("collision", collisions)] {
        for note in notes {
            print_line(format_args!("line {}: {what}: {}", note.line, note.message))?;
        }
    }
    Ok(())
}

/// Why nothing of a file was imported.
pub(super) fn unsound(errors: &[LineNote], collisions: &[LineNote]) -> String {
    format!(
        "nothing was imported: {} errors, {} collisions. All of a file is imported, or nothing",
        errors.len(),
        collisions.len()
    )
}
