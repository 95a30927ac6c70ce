//! `hallpass explain …`: what a code means, or what was decided under a reference, and how to fix it.

use anyhow::{Result, bail};

use crate::{
    api_model::{
        audit::{AuditEntryOutput, CodeOutput, registered_values},
        remedy,
    },
    cli::{
        actor,
        audit::describe_change,
        output::{self, print_line},
    },
    model::{explanation::Explanation, reference::Reference, remedy::Remediable},
    provider::{Provider, audit::codes, audit::explain::AuditEntry},
};

/// What to explain.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArguments {
    /// A code (ACS-UNKNOWN), the reference beside it on the page (7F3A-92C1), or a request id from the log
    #[arg(value_name = "CODE|REFERENCE", required = true, num_args = 1..=2)]
    what: Vec<String>,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// The code to explain, if the arguments are a code alone: that needs no database.
pub(super) fn find_code(arguments: &ExplainArguments) -> Option<&'static Explanation> {
    match arguments.what.as_slice() {
        [code] => codes::explanation(code.trim()),
        _ => None,
    }
}

pub(super) fn explain_code(explanation: &'static Explanation, json: bool) -> Result<()> {
    if json {
        return output::json(&CodeOutput::from(explanation));
    }
    print_line(format_args!("{}", explanation.code))?;
    print_code(explanation)?;
    if let Some(command) = explanation.command {
        print_line(format_args!("  command      {}", remedy::command(command, None)))?;
    }
    print_line(format_args!(
        "\n`hallpass audit --code {}` lists where it happened.",
        explanation.code
    ))
}

/// Explains the refusals that a reference leads to.
pub(super) fn explain(arguments: &ExplainArguments, provider: &Provider) -> Result<()> {
    // Pages and mails show code and reference side by side: a user may paste both, as one word or as two.
    let words: Vec<&str> = arguments
        .what
        .iter()
        .flat_map(|word| word.split_whitespace())
        .collect();
    let (code, reference) = match words.as_slice() {
        [code, reference] if codes::explanation(code).is_some() => (Some(*code), (*reference).to_owned()),
        words => (None, words.concat()),
    };
    let Some(reference) = Reference::parse(&reference) else {
        bail!(
            "`{}` is neither a code nor a reference; a code looks like ACS-UNKNOWN, a reference like 7F3A-92C1, and docs/errors.md lists all codes",
            arguments.what.join(" ").escape_debug()
        );
    };
    let mut decisions = provider
        .audit(actor::current())
        .audit_entries_by_reference(&reference)?;
    if let Some(code) = code {
        decisions.retain(|decision| decision.row.outcome.eq_ignore_ascii_case(code));
    }
    if decisions.is_empty() {
        bail!(
            "the audit log has no row with the reference {reference}. If its page showed {}, or the row is older than audit.retention, look into the log for lines whose id begins with {}",
            codes::FAILURE,
            reference.prefix()
        );
    }
    if arguments.json {
        return output::json(&decisions.iter().map(AuditEntryOutput::from).collect::<Vec<_>>());
    }
    if decisions.len() > 1 {
        print_line(format_args!(
            "{} rows have the reference {reference}.\n",
            decisions.len()
        ))?;
    }
    for (n, decision) in decisions.iter().enumerate() {
        if n > 0 {
            print_line(format_args!(""))?;
        }
        print_audit_entry(decision)?;
    }
    Ok(())
}

fn print_code(explanation: &Explanation) -> Result<()> {
    print_line(format_args!("  means        {}", explanation.meaning))?;
    print_line(format_args!("  page says    {}", explanation.message))?;
    let status = match explanation.status {
        None => "none; our own page is shown".to_owned(),
        Some((top, None)) => short_status(top).to_owned(),
        Some((top, Some(second))) => format!("{}, {}", short_status(top), short_status(second)),
    };
    print_line(format_args!("  status sent  {status}"))?;
    print_line(format_args!(
        "  who fixes it {}",
        explanation.responsible.description()
    ))?;
    print_line(format_args!(
        "  how          {}",
        remedy::fix_words(explanation.fix)
    ))?;
    if let Some(clause) = explanation.clause {
        print_line(format_args!("  written in   {clause}"))?;
    }
    Ok(())
}

fn print_audit_entry(decision: &AuditEntry) -> Result<()> {
    let row = &decision.row;
    let reference = decision
        .reference()
        .map(|reference| reference.to_string())
        .unwrap_or_default();
    print_line(format_args!("{} {reference}", row.outcome))?;
    let (message, details) = decision.parsed_detail();
    if !message.is_empty() {
        print_line(format_args!("  {message}"))?;
    }
    print_line(format_args!(
        "\n  when         {}",
        row.at.format("%Y-%m-%d %H:%M:%S UTC")
    ))?;
    print_line(format_args!("  what         {}", row.action))?;
    match (&decision.application, row.application) {
        (Some(application), _) => print_line(format_args!(
            "  application  {} ({})",
            application.name,
            application.slug.as_str()
        ))?,
        (None, Some(id)) => print_line(format_args!("  application  removed since; its id was {id}"))?,
        (None, None) => {}
    }
    match (&decision.user, row.user) {
        (Some(person), _) => print_line(format_args!(
            "  person       {} <{}>",
            person.full_name(),
            person.email
        ))?,
        (None, Some(id)) => print_line(format_args!("  person       removed since; the id was {id}"))?,
        (None, None) => {}
    }
    if let Some(address) = row.address {
        print_line(format_args!("  from         {address}"))?;
    }
    if let Some(actor) = &row.actor {
        print_line(format_args!("  by           {actor}"))?;
    }
    for change in &row.changes {
        print_line(format_args!("  changed      {}", describe_change(change)))?;
    }
    if let Some(id) = &row.request_id {
        print_line(format_args!("  request id   {id}"))?;
    }
    if row.occurrences > 1 {
        print_line(format_args!(
            "  flood        one of {} such refusals of that minute, which share this row and this reference; the first of them is shown",
            row.occurrences
        ))?;
    }
    if !details.is_empty() {
        print_line(format_args!(
            "\n  The message, as its sender wrote it (nothing of it is proven):"
        ))?;
        for (name, value) in details {
            print_line(format_args!("  {name:22} {value}"))?;
        }
    }
    if let Some(application) = &decision.application {
        print_line(format_args!(
            "\n  Registered now for {}:",
            application.slug.as_str()
        ))?;
        for (name, value) in registered_values(application) {
            print_line(format_args!("  {name:22} {value}"))?;
        }
    }
    for hint in &decision.hints {
        print_line(format_args!("\n  Look: {}", hint.with_words(remedy::words)))?;
    }
    if let Some(explanation) = decision.explanation {
        print_line(format_args!(""))?;
        print_code(explanation)?;
    }
    if let Some(command) = remedy::command_of(decision) {
        print_line(format_args!("\n{command}"))?;
    }
    Ok(())
}

fn short_status(status: &str) -> &str {
    status.rsplit(':').next().unwrap_or(status)
}
