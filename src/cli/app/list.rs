//! What `app list` prints: the applications, then the drafts.

use anyhow::Result;
use serde::Serialize;

use crate::{
    cli::{
        app::show::{ApplicationOutput, kind_name},
        output::{self, format_rfc3339, print_line},
    },
    model::{
        rollover::ApplicationDraft,
        unreadable::{UnreadableKind, UnreadableRow},
    },
    provider::Provider,
};

/// An application, or a draft, which has fewer values.
#[derive(Serialize)]
#[serde(untagged)]
enum ListEntryOutput {
    Application(Box<ApplicationOutput>),
    Draft(ListedDraftOutput),
    Unreadable(ShownUnreadable),
}

#[derive(Serialize)]
struct ListedDraftOutput {
    slug: String,
    name: String,
    kind: &'static str,
    enabled: bool,
    created_at: String,
}

/// A row that is set aside because it cannot be read.
#[derive(Serialize)]
struct ShownUnreadable {
    slug: String,
    name: Option<String>,
    kind: &'static str,
    enabled: bool,
    id: String,
    problem: String,
}

impl From<&UnreadableRow> for ShownUnreadable {
    fn from(print_row: &UnreadableRow) -> Self {
        Self {
            slug: print_row.handle().to_owned(),
            name: print_row.name.clone(),
            kind: "unreadable",
            enabled: false,
            id: print_row.id.clone(),
            problem: print_row.words(),
        }
    }
}

impl From<&ApplicationDraft> for ListedDraftOutput {
    fn from(draft: &ApplicationDraft) -> Self {
        Self {
            slug: draft.slug.to_string(),
            name: draft.name.clone(),
            kind: "draft",
            enabled: false,
            created_at: format_rfc3339(draft.created_at),
        }
    }
}

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
        let unreadable = set_aside().map(|print_row| ListEntryOutput::Unreadable(print_row.into()));
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
        print_line(format_args!("\n! {}", one.words()))?;
    }
    Ok(())
}

fn print_row(slug: &str, name: &str, kind: &str, state: &str, entity_id: &str) -> Result<()> {
    let line = format!("{slug:24} {name:32} {kind:14} {state:18} {entity_id}");
    print_line(format_args!("{}", line.trim_end()))
}
