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

pub(super) fn list(provider: &Provider, arguments: &ListArguments) -> Result<()> {
    let after = arguments.after.as_deref();
    let after = after.map(|slug| find_application(provider, slug)).transpose()?;
    let (mut applications, drafts) = (
        provider.applications(actor::current()).all_applications()?,
        provider.applications(actor::current()).drafts()?,
    );
    if let Some(after) = after {
        applications.retain(|application| (&application.name, application.id) > (&after.name, after.id));
    }
    let default = if arguments.json {
        u32::MAX
    } else {
        page::DEFAULT_LIMIT
    };
    let limit = usize::try_from(arguments.limit.unwrap_or(default)).unwrap_or(usize::MAX);
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
            .filter(|object| object.kind != UnreadableKind::SigningKey)
    };
    if arguments.json {
        let mut array = JsonArray::begin();
        for application in &applications {
            array.push(&ListEntryOutput::Application(Box::new(ApplicationOutput::from(
                &**application,
            ))))?;
        }
        for draft in &drafts {
            array.push(&ListEntryOutput::Draft(draft.into()))?;
        }
        for object in set_aside() {
            array.push(&ListEntryOutput::Unreadable(UnreadableOutput::from(object)))?;
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
    for application in &applications {
        let state = if application.enabled { "on" } else { "switched off" };
        let entity_id = application.entity_id().map_or("", |entity_id| entity_id.as_str());
        print_row(
            application.slug.as_str(),
            &application.name,
            kind_name(application.kind),
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
    for object in set_aside() {
        let name = object.name.as_deref().unwrap_or_default();
        print_row(object.handle(), name, "", "cannot be read", "")?;
    }
    for object in unreadable.iter() {
        print_line(format_args!("\n! {}", object.with_words(remedy::words)))?;
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
