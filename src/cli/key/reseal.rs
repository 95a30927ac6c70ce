//! `hallpass key reseal`

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::{
    api_model::key::ResealOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    config::Settings,
    server,
};

#[derive(Args, Debug)]
pub(in crate::cli) struct ResealArguments {
    /// The new sealing key, in a file that you have made; if left out, a new one is made in place of the old one
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn reseal(arguments: &ResealArguments, settings: &Settings) -> Result<()> {
    let done = server::reseal(settings, arguments.to.as_deref(), actor::current())?;
    let own = settings.seal_key_path();
    let purged = settings.sqlite_path().is_some().then_some(done.is_purged);
    if arguments.json {
        return output::json(&ResealOutput {
            keys: done.keys,
            seal_key_file: &own.display().to_string(),
            in_place: done.is_in_place,
            purged,
        });
    }
    print_line(format_args!(
        "{} sealed anew. What was sealed before opens with the old sealing key only.",
        match done.keys {
            1 => "1 private key is".to_owned(),
            several => format!("{several} private keys are"),
        }
    ))?;
    if done.is_in_place {
        print_line(format_args!(
            "The new sealing key is in {}; keep a copy of it apart from the backups of the database.",
            own.display()
        ))?;
    } else {
        print_line(format_args!(
            "Replace {} with the new sealing key now, then start Hallpass again: the old one no longer opens anything.",
            own.display()
        ))?;
    }
    match purged {
        None => print_line(format_args!(
            "Give it to every replica, and start each of them again: one that has the old sealing key continues until the keys, an application or a setting change; after that it answers nobody."
        ))?,
        Some(false) => print_line(format_args!(
            "The write-ahead log could not be emptied: what was sealed before remains in it for a while."
        ))?,
        Some(true) => {}
    }
    print_line(format_args!(
        "Backups from before still open with the old sealing key: keep both, or destroy both."
    ))
}
