//! `hallpass user import` and `hallpass user export`

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::{Result, bail};

use crate::{
    api_model::user_import::ImportOutput,
    cli::{
        actor,
        audit::describe_change,
        csv_file,
        output::{self, print_line, print_note},
        progress::{ProgressLine, bar},
        user::email_decisions::{EmailDecisionArguments, print_counts},
    },
    model::group::GroupName,
    provider::{
        Provider,
        csv_file::reader::read_csv,
        people::import::plan::{ImportPlan, PlannedLine},
    },
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportArguments {
    /// The CSV file; its first line names the columns. `-` is standard input
    file: PathBuf,
    /// Does what is planned; without it nothing is changed
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    email_decisions: EmailDecisionArguments,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn import(provider: &Provider, arguments: &ImportArguments) -> Result<()> {
    let file = read_csv(csv_file::open(&arguments.file)?)?;
    let people = provider.people(actor::current());
    let mut line = ProgressLine::new();
    let total = file.rows.len();
    let decisions = arguments.email_decisions.decisions(provider)?;
    let planned = people.plan_import(file, decisions, &mut |done| {
        line.show(&bar("compared", done, total));
    });
    line.clear();
    let plan = planned?;
    let is_applied = arguments.apply && plan.is_sound() && plan.is_decided();
    if is_applied {
        let total = plan.lines.len();
        let applied = people.apply_import(&plan, &mut |done| line.show(&bar("written", done, total)));
        line.clear();
        applied?;
    }
    if arguments.json {
        output::json(&ImportOutput::new(&plan, is_applied))?;
    } else {
        print_plan(&plan, is_applied)?;
    }
    if !plan.is_sound() {
        bail!(csv_file::unsound(&plan.errors, &plan.collisions));
    }
    if arguments.apply && !plan.is_decided() {
        bail!(
            "nothing was imported: some applications would receive another address for people whom they know by the one of before. --keep-old lets them receive that one, --send-new sends them the new one; --keep-old SLUG and --send-new SLUG say it for one application"
        );
    }
    Ok(())
}

fn print_plan(plan: &ImportPlan, is_applied: bool) -> Result<()> {
    if !is_applied {
        for line in &plan.lines {
            print_line(format_args!("{}", describe_line(line)))?;
        }
    }
    csv_file::print_notes(&plan.errors, &plan.collisions)?;
    let added = plan.count_new();
    let count = |is: fn(&PlannedLine) -> bool| plan.lines.iter().filter(|line| is(line)).count();
    print_line(format_args!(
        "{} rows: {added} to add, {} to change, {} as they are; {} errors, {} collisions.",
        plan.rows,
        plan.lines.len() - added,
        plan.unchanged,
        plan.errors.len(),
        plan.collisions.len()
    ))?;
    let groups: Vec<&str> = plan.new_groups.iter().map(GroupName::as_str).collect();
    if !groups.is_empty() {
        print_line(format_args!("New groups: {}.", groups.join("; ")))?;
    }
    let passwords = count(PlannedLine::has_password);
    if passwords + plan.kept_passwords > 0 {
        print_line(format_args!(
            "{passwords} passwords come along as they are; {} people keep the one that they have here.",
            plan.kept_passwords
        ))?;
    }
    let emails = count(|line| line.changes_email);
    if emails > 0 {
        print_line(format_args!("{emails} people get another address."))?;
        print_counts(&plan.email_effects)?;
    }
    if is_applied {
        print_line(format_args!("Done."))
    } else if plan.is_sound() && !plan.is_decided() {
        print_line(format_args!(
            "Nothing was changed yet: --apply does it, with --keep-old or --send-new for the applications that have to be decided."
        ))
    } else if plan.is_sound() && !plan.lines.is_empty() {
        print_line(format_args!("Nothing was changed yet: --apply does it."))
    } else {
        Ok(())
    }
}

fn describe_line(line: &PlannedLine) -> String {
    let changes: Vec<String> = line.changes.iter().map(describe_change).collect();
    let password = line.has_password().then(|| "with a password".to_owned());
    let details: Vec<String> = changes.into_iter().chain(password).collect();
    let verb = if line.is_new() { "add" } else { "change" };
    let text = format!(
        "line {}: {verb} {}: {}",
        line.line,
        line.user.email,
        details.join(", ")
    );
    text.trim_end_matches([':', ' ']).to_owned()
}

/// Standard output is for a file or a pipe: values are as they are, and were checked when they were entered.
pub(super) fn export(provider: &Provider) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let report = provider.people(actor::current()).export_users(&mut out)?;
    out.flush()?;
    if report.deleted > 0 {
        print_note(&format!(
            "{} deleted people, who are not erased yet, are left out",
            report.deleted
        ));
    }
    Ok(())
}
