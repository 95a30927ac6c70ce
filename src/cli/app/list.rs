//! What `app list` prints: the applications, then the drafts.

use anyhow::Result;

use crate::{
    api_model::{
        application::{ApplicationOutput, ListEntryOutput, UnreadableOutput, kind_name},
        remedy,
    },
    cli::output::{self, print_line},
    model::{remedy::Remediable, unreadable::UnreadableKind},
    provider::Provider,
};

pub(super) fn list(provider: &Provider, json: bool) -> Result<()> {
    let (applications, drafts) = (provider.applications()?, provider.drafts()?);
    let unreadable = provider.unreadable()?;
    let set_aside = || {
        unreadable
            .iter()
            .filter(|print_row| print_row.kind != UnreadableKind::SigningKey)
    };
    if json {
        let registered = applications
            .iter()
            .map(|one| ListEntryOutput::Application(Box::new(ApplicationOutput::from(&**one))));
        let drafts = drafts.iter().map(|draft| ListEntryOutput::Draft(draft.into()));
        let unreadable = set_aside().map(|row| ListEntryOutput::Unreadable(UnreadableOutput::from(row)));
        return output::json(&registered.chain(drafts).chain(unreadable).collect::<Vec<_>>());
    }
    if applications.is_empty() && drafts.is_empty() && unreadable.is_empty() {
        return print_line(format_args!(
            "None yet: `hallpass app draft --name ChatGPT` prints what to paste at ChatGPT, `hallpass app add chatgpt --acs URL --audience TEXT` registers it."
        ));
    }
    print_row("SHORT NAME", "NAME", "KIND", "STATE", "ENTITY ID")?;
    for one in &applications {
        let state = if one.enabled { "on" } else { "switched off" };
        let entity_id = one.saml.entity_id.as_str();
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
    Ok(())
}

fn print_row(slug: &str, name: &str, kind: &str, state: &str, entity_id: &str) -> Result<()> {
    let line = format!("{slug:24} {name:32} {kind:14} {state:18} {entity_id}");
    print_line(format_args!("{}", line.trim_end()))
}
