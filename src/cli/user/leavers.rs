//! `hallpass user leavers`.

use std::io::stdout;

use anyhow::Result;
use clap::value_parser;

use crate::{
    api_model::user::LeaverOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    provider::{Provider, people::leavers::write_leavers},
};

/// How far back, and in which form.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct LeaverArguments {
    /// How many days back
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Prints CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn leavers(provider: &Provider, arguments: &LeaverArguments) -> Result<()> {
    let found = provider.people(actor::current()).leavers(arguments.days)?;
    if arguments.json {
        return output::json(&found.iter().map(LeaverOutput::from).collect::<Vec<_>>());
    }
    if arguments.csv {
        return Ok(write_leavers(&found, stdout().lock())?);
    }
    if found.is_empty() {
        return print_line(format_args!(
            "Nobody who is deactivated signed in anywhere in the last {} days.",
            arguments.days
        ));
    }
    for leaver in &found {
        print_line(format_args!(
            "{:38} {:20} {}  as {}",
            leaver.email,
            leaver.application,
            leaver.signed_in_at.format("%Y-%m-%d %H:%M UTC"),
            leaver.name_id.as_deref().unwrap_or("(unknown)")
        ))?;
    }
    print_line(format_args!(
        "Accounts and sessions there may still be open: remove these people there too."
    ))
}
