//! `hallpass config …`: which settings are in effect, and whether the daemon could start with them.

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::{
    api_model::config::SettingOutput,
    cli::output::{self, print_line},
    config::{DEFAULT_FILE, Settings},
    server,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Reads the configuration, and prints the settings in effect and where each comes from
    Check {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

/// Prints the settings; fails if the daemon could not start with them.
pub(super) fn check(settings: &Settings, json: bool) -> Result<()> {
    let explained = settings.effective();
    let lines: Vec<_> = explained.iter().map(SettingOutput::from).collect();
    if json {
        output::json(&lines)?;
    } else {
        let widest =
            |width: fn(&SettingOutput<'_>) -> usize| lines.iter().map(width).max().unwrap_or_default();
        let (keys, values) = (
            widest(|line| line.key.len()),
            widest(|line| line.value.chars().count()).min(48),
        );
        for line in &lines {
            print_line(format_args!(
                "{:keys$}  {:values$}  {}",
                line.key, line.value, line.origin
            ))?;
        }
        print_line(format_args!("\n{}", describe_sources(settings)))?;
    }
    let found = server::check(settings);
    if !found.faults.is_empty() {
        bail!(
            "this configuration cannot be used:\n- {}",
            found.faults.join("\n- ")
        );
    }
    if json {
        return Ok(());
    }
    for note in &found.notes {
        print_line(format_args!("{note}"))?;
    }
    if settings.evaluation_mode {
        print_line(format_args!(
            "base_url is not set: http://127.0.0.1:8080 is for trying only."
        ))?;
    }
    print_line(format_args!("This configuration can be used."))
}

fn describe_sources(settings: &Settings) -> String {
    let variables = settings
        .effective()
        .iter()
        .filter(|line| line.origin == "environment")
        .count();
    let file = match &settings.file {
        Some(file) => format!("the file {}", file.display()),
        None => format!("no file ({DEFAULT_FILE} is not there, and --config names none)"),
    };
    format!("Read: {file}; variables of the environment: {variables}.")
}
