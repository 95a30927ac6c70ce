//! `hallpass group import` and `hallpass group export`

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::{Result, bail};

use crate::{
    api_model::{group_import::GroupImportOutput, remedy::shell_quoted},
    cli::{
        actor,
        audit::describe_change,
        csv_file,
        output::{self, print_line},
        progress::{ProgressLine, bar},
    },
    provider::{
        Provider,
        csv_file::reader::read_csv,
        groups::import::plan::{GroupImportPlan, PlannedGroup},
    },
};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportArguments {
    /// The CSV file; its first line names the columns. `-` is standard input
    file: PathBuf,
    /// Does what is planned; without it nothing is changed
    #[arg(long)]
    apply: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn import(provider: &Provider, arguments: &ImportArguments) -> Result<()> {
    let file = read_csv(csv_file::open(&arguments.file)?)?;
    let groups = provider.groups(actor::current());
    let mut line = ProgressLine::new();
    let total = file.rows.len();
    let planned = groups.plan_import(file, &mut |done| line.show(&bar("compared", done, total)));
    line.clear();
    let plan = planned?;
    let is_applied = arguments.apply && plan.is_sound();
    if is_applied {
        groups.apply_import(&plan)?;
    }
    if arguments.json {
        output::json(&GroupImportOutput::new(&plan, is_applied))?;
    } else {
        print_plan(&plan, is_applied)?;
    }
    if !plan.is_sound() {
        bail!(csv_file::unsound(&plan.errors, &plan.collisions));
    }
    Ok(())
}

fn print_plan(plan: &GroupImportPlan, is_applied: bool) -> Result<()> {
    for line in &plan.lines {
        if !is_applied {
            print_line(format_args!("{}", describe_line(line)))?;
        }
        if let Some(slug) = line.chosen_by.first() {
            let slugs: Vec<_> = line.chosen_by.iter().map(ToString::to_string).collect();
            print_line(format_args!(
                "line {}: {} receives groups that were chosen by name, this one among them: choose the new name, {}, with `hallpass app attribute set {slug}`",
                line.line,
                slugs.join(", "),
                shell_quoted(line.group.name.as_str()),
            ))?;
        }
    }
    csv_file::print_notes(&plan.errors, &plan.collisions)?;
    let added = plan.count_new();
    print_line(format_args!(
        "{} rows: {added} to add, {} to change, {} as they are; {} errors, {} collisions.",
        plan.rows,
        plan.lines.len() - added,
        plan.unchanged,
        plan.errors.len(),
        plan.collisions.len()
    ))?;
    if is_applied {
        print_line(format_args!("Done."))
    } else if plan.is_sound() && !plan.lines.is_empty() {
        print_line(format_args!("Nothing was changed yet: --apply does it."))
    } else {
        Ok(())
    }
}

fn describe_line(line: &PlannedGroup) -> String {
    let changes: Vec<String> = line.changes.iter().map(describe_change).collect();
    let verb = if line.is_new() { "add" } else { "change" };
    let text = format!(
        "line {}: {verb} {}: {}",
        line.line,
        line.name_before(),
        changes.join(", ")
    );
    text.trim_end_matches([':', ' ']).to_owned()
}

/// Standard output is for a file or a pipe: values are as they are, and were checked when they were entered.
pub(super) fn export(provider: &Provider) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    provider.groups(actor::current()).export_groups(&mut out)?;
    out.flush()?;
    Ok(())
}
