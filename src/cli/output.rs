//! How commands speak: lines for people, JSON for programs.

use std::{
    fmt::Arguments,
    io::{self, Write},
};

use anyhow::Result;
use serde::Serialize;

/// One line on standard output.
pub(super) fn say(line: Arguments<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(())
}

/// `value` as JSON, indented.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    say(format_args!("{}", serde_json::to_string_pretty(value)?))
}
