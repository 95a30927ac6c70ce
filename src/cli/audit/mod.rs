//! `hallpass audit …`: the audit log, the newest first.

mod entries;
mod export;
mod filter;
mod size;
mod verify;

use anyhow::Result;
use clap::Subcommand;

use self::{entries::each_entry, filter::FilterArguments, verify::VerifyArguments};
use crate::{
    api_model::audit::AuditEntryOutput,
    cli::{
        output::{JsonArray, print_line, print_note},
        page,
    },
    model::audit::ValueChange,
    provider::{
        Provider,
        audit::explain::{AuditEntry, AuditQuery},
    },
};

/// Which decisions to list.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    filter: FilterArguments,
    /// How many of the newest, or all
    #[arg(short = 'n', long = "newest", value_name = "NUMBER", default_value = "50", value_parser = page::parse_count)]
    newest: u32,
    /// How large the audit log is, and how long it is kept
    #[arg(long, conflicts_with_all = ["since", "until", "app", "user", "actor", "action", "refused", "code", "newest"])]
    size: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verifies that nobody changed or removed a row, and names the first one that does not fit
    Verify(VerifyArguments),
    /// Prints rows as JSON, one a line, the oldest first
    Export(FilterArguments),
}

pub(super) fn audit(arguments: &AuditArguments, provider: &Provider) -> Result<()> {
    match &arguments.command {
        Some(Command::Verify(arguments)) => verify::verify(arguments, provider),
        Some(Command::Export(filter)) => export::export(filter, provider),
        None if arguments.size => size::size(provider, arguments.json),
        None => list(arguments, provider),
    }
}

fn list(arguments: &AuditArguments, provider: &Provider) -> Result<()> {
    let filter = AuditQuery {
        // Only JSON contains them.
        with_hints: arguments.json,
        ..arguments.filter.query(provider)?
    };
    let older = "there are older ones: -n NUMBER, -n all, or --until WHEN";
    if arguments.json {
        let mut array = JsonArray::begin();
        let are_older = each_entry(provider, filter, arguments.newest, |decision| {
            array.push(&AuditEntryOutput::from(decision))
        })?;
        if are_older {
            print_note(older);
        }
        return array.end();
    }
    let mut is_empty = true;
    let are_older = each_entry(provider, filter, arguments.newest, |decision| {
        is_empty = false;
        print_entry(decision)
    })?;
    if is_empty {
        return print_line(format_args!("Nothing that fits."));
    }
    if are_older {
        print_line(format_args!("… {older}"))?;
    }
    Ok(())
}

fn print_entry(decision: &AuditEntry) -> Result<()> {
    let row = &decision.row;
    let reference = decision
        .reference()
        .map(|reference| reference.to_string())
        .unwrap_or_default();
    let application = match (&decision.application, row.application) {
        (Some(application), _) => application.slug.as_str().to_owned(),
        (None, Some(_gone)) => "(removed)".to_owned(),
        (None, None) => String::new(),
    };
    let times = if row.occurrences > 1 {
        format!("  ({} times)", row.occurrences)
    } else {
        String::new()
    };
    let user_text = match (&decision.user, row.user) {
        (Some(user), _) => user.email.as_str().to_owned(),
        (None, Some(_gone)) => "(removed)".to_owned(),
        (None, None) => String::new(),
    };
    let source = match (row.address, &row.actor) {
        (Some(address), _) => address.to_string(),
        (None, Some(actor)) => format!("by {actor}"),
        (None, None) => String::new(),
    };
    let line = format!(
        "{}  {:18} {:20} {reference:9}  {application:16} {user_text:32} {source}{times}",
        row.at.format("%Y-%m-%d %H:%M:%SZ"),
        row.action,
        row.outcome,
    );
    print_line(format_args!("{}", line.trim_end()))?;
    for change in &row.changes {
        print_line(format_args!("    {}", describe_change(change)))?;
    }
    Ok(())
}

/// The values before and after an edit.
pub(super) fn describe_change(change: &ValueChange) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    format!(
        "{}: {} -> {}",
        change.name,
        value(&change.old),
        value(&change.new)
    )
}
