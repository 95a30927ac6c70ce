//! What `app list` prints: the applications, then the drafts.

use anyhow::Result;

use crate::{
    api_model::{
        application::{ApplicationOutput, ListEntryOutput, UnreadableOutput, kind_name},
        remedy,
    },
    cli::{
        actor,
        app::lookup::find_application,
        output::{JsonArray, print_line, print_note},
        page,
    },
    model::{remedy::Remediable, unreadable::UnreadableKind},
    provider::Provider,
};

/// Which applications to list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArguments {
    /// After the application with this short name: the last one of a page leads to the next page
    #[arg(long, value_name = "SLUG")]
    after: Option<String>,
    /// How many, or all; 100 if left out, and with --json all
    #[arg(long, value_name = "NUMBER", value_parser = page::parse_count)]
    limit: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn list(provider: &Provider, args: &ListArguments) -> Result<()> {
    let after = args.after.as_deref();
    let after = after.map(|slug| find_application(provider, slug)).transpose()?;
    let (mut applications, drafts) = (
        provider.applications(actor::current()).all_applications()?,
        provider.applications(actor::current()).drafts()?,
    );
    if let Some(after) = after {
        applications.retain(|one| (&one.name, one.id) > (&after.name, after.id));
    }
    let default = if args.json { u32::MAX } else { page::DEFAULT_LIMIT };
    let limit = usize::try_from(args.limit.unwrap_or(default)).unwrap_or(usize::MAX);
    let are_more = applications.len() > limit;
    applications.truncate(limit);
    let next = applications.last().filter(|_last| are_more).map(|last| {
        let slug = &last.slug;
        format!("there are more: add --after {slug} for the next page")
    });
    let unreadable = provider.repair(actor::current()).unreadable()?;
    let set_aside = || {
        unreadable
            .iter()
            .filter(|print_row| print_row.kind != UnreadableKind::SigningKey)
    };
    if args.json {
        let mut array = JsonArray::begin();
        for one in &applications {
            array.push(&ListEntryOutput::Application(Box::new(ApplicationOutput::from(
                &**one,
            ))))?;
        }
        for draft in &drafts {
            array.push(&ListEntryOutput::Draft(draft.into()))?;
        }
        for print_row in set_aside() {
            array.push(&ListEntryOutput::Unreadable(UnreadableOutput::from(print_row)))?;
        }
        array.end()?;
        if let Some(next) = next {
            print_note(&next);
        }
        return Ok(());
    }
    if applications.is_empty() && drafts.is_empty() && unreadable.is_empty() {
        return print_line(format_args!(
            "None yet: `hallpass app draft --name ChatGPT` prints what to paste at ChatGPT, `hallpass app add chatgpt --acs URL --audience TEXT` registers it."
        ));
    }
    print_row("SHORT NAME", "NAME", "KIND", "STATE", "ENTITY ID")?;
    for one in &applications {
        let state = if one.enabled { "on" } else { "switched off" };
        let entity_id = one.entity_id().map_or("", |entity_id| entity_id.as_str());
        print_row(
            one.slug.as_str(),
            &one.name,
            kind_name(one.kind),
            state,
            entity_id,
        )?;
    }
    for draft in &drafts {
        print_row(
            draft.slug.as_str(),
            &draft.name,
            "draft",
            "not yet registered",
            "",
        )?;
    }
    for one in set_aside() {
        let name = one.name.as_deref().unwrap_or_default();
        print_row(one.handle(), name, "", "cannot be read", "")?;
    }
    for one in unreadable.iter() {
        print_line(format_args!("\n! {}", one.with_words(remedy::words)))?;
    }
    if let Some(next) = next {
        print_line(format_args!("… {next}"))?;
    }
    Ok(())
}

fn print_row(slug: &str, name: &str, kind: &str, state: &str, entity_id: &str) -> Result<()> {
    let line = format!("{slug:24} {name:32} {kind:14} {state:18} {entity_id}");
    print_line(format_args!("{}", line.trim_end()))
}
