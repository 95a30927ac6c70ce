//! What `app list` prints: the applications, then the drafts.

use anyhow::Result;
use serde::Serialize;

use crate::{
    cli::{
        app::show::{ApplicationOutput, kind_name},
        output::{self, format_rfc3339, print_line},
    },
    model::rollover::ApplicationDraft,
    provider::Provider,
};

/// An application, or a draft, which has fewer values.
#[derive(Serialize)]
#[serde(untagged)]
enum ListEntryOutput {
    Application(Box<ApplicationOutput>),
    Draft(ListedDraftOutput),
}

#[derive(Serialize)]
struct ListedDraftOutput {
    slug: String,
    name: String,
    kind: &'static str,
    enabled: bool,
    created_at: String,
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
    if json {
        let registered = applications
            .iter()
            .map(|one| ListEntryOutput::Application(Box::new(ApplicationOutput::from(&**one))));
        let drafts = drafts.iter().map(|draft| ListEntryOutput::Draft(draft.into()));
        return output::json(&registered.chain(drafts).collect::<Vec<_>>());
    }
    if applications.is_empty() && drafts.is_empty() {
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
    Ok(())
}

fn print_row(slug: &str, name: &str, kind: &str, state: &str, entity_id: &str) -> Result<()> {
    let line = format!("{slug:24} {name:32} {kind:14} {state:18} {entity_id}");
    print_line(format_args!("{}", line.trim_end()))
}
