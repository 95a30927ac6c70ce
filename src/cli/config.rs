//! `hallpass config …`: which settings are in effect, and whether the daemon could start with them.

use std::path::Path;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::{
    api_model::config::SettingOutput,
    cli::output::{self, print_line},
    config::Settings,
    files,
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

/// Prints the settings; fails if a file that they name cannot be used. `file` is the configuration file that was read.
pub(super) fn check(settings: &Settings, file: Option<&Path>, json: bool) -> Result<()> {
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
        print_line(format_args!("\n{}", describe_sources(settings, file)))?;
    }
    let found = check_files(settings);
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

fn describe_sources(settings: &Settings, file: Option<&Path>) -> String {
    let variables = settings
        .effective()
        .iter()
        .filter(|line| line.origin == "environment")
        .count();
    let file = match file {
        Some(file) => format!("the file {}", file.display()),
        None => "no file (--config FILE names one)".to_owned(),
    };
    format!("Read: {file}; variables of the environment: {variables}.")
}

#[derive(Default)]
struct FileFindings {
    faults: Vec<String>,
    notes: Vec<String>,
}

/// Checks the files that the settings name, and changes none.
fn check_files(settings: &Settings) -> FileFindings {
    let mut found = FileFindings::default();
    let data_dir = &settings.data_dir;
    match files::check_data_dir(data_dir) {
        Ok(true) => {}
        Ok(false) => found.notes.push(format!(
            "data_dir: {} is not there yet; `hallpass serve` makes it.",
            data_dir.display()
        )),
        // The user who runs this check need not be the one that the daemon runs as.
        Err(why @ files::Error::WrongOwner { .. }) => found.notes.push(format!("data_dir: {why}.")),
        Err(why) => found.faults.push(format!("data_dir: {}", with_causes(why))),
    }
    let own = settings.signing_key_files.as_ref();
    for (key, path) in [
        ("seal_key_file", settings.seal_key_file.as_deref()),
        ("key_file", own.map(|own| own.key_file.as_path())),
        ("certificate_file", own.map(|own| own.certificate_file.as_path())),
    ] {
        if let Some(Err(why)) = path.map(std::fs::metadata) {
            let path = path.unwrap_or(Path::new("")).display();
            found.faults.push(format!("{key}: cannot read {path}: {why}"));
        }
    }
    found
}

fn with_causes(error: files::Error) -> String {
    format!("{:#}", anyhow::Error::new(error))
}
