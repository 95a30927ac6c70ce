//! What `app list` prints: applications, and below them drafts.

use anyhow::Result;
use serde::Serialize;

use crate::{
    cli::{
        app::show::{Shown, kind},
        output::{self, say, time},
    },
    model::rollover::Draft,
    provider::Provider,
};

/// An application, or a draft, which has less.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Application(Box<Shown>),
    Draft(ShownDraft),
}

#[derive(Serialize)]
struct ShownDraft {
    slug: String,
    name: String,
    kind: &'static str,
    enabled: bool,
    created_at: String,
}

impl From<&Draft> for ShownDraft {
    fn from(draft: &Draft) -> Self {
        Self {
            slug: draft.slug.to_string(),
            name: draft.name.clone(),
            kind: "draft",
            enabled: false,
            created_at: time(draft.created_at),
        }
    }
}

pub(super) fn list(provider: &Provider, json: bool) -> Result<()> {
    let (applications, drafts) = (provider.applications()?, provider.drafts()?);
    if json {
        let registered = applications
            .iter()
            .map(|one| Line::Application(Box::new(Shown::from(&**one))));
        let drafts = drafts.iter().map(|draft| Line::Draft(draft.into()));
        return output::json(&registered.chain(drafts).collect::<Vec<_>>());
    }
    if applications.is_empty() && drafts.is_empty() {
        return say(format_args!(
            "None yet: `hallpass app draft --name ChatGPT` prints what to paste at ChatGPT, `hallpass app add chatgpt --acs URL --audience TEXT` registers it."
        ));
    }
    row("SHORT NAME", "NAME", "KIND", "STATE", "ENTITY ID")?;
    for one in &applications {
        let state = if one.enabled { "on" } else { "switched off" };
        let entity_id = one.saml.entity_id.as_str();
        row(one.slug.as_str(), &one.name, kind(one.kind), state, entity_id)?;
    }
    for draft in &drafts {
        row(
            draft.slug.as_str(),
            &draft.name,
            "draft",
            "not yet registered",
            "",
        )?;
    }
    Ok(())
}

fn row(slug: &str, name: &str, kind: &str, state: &str, entity_id: &str) -> Result<()> {
    let line = format!("{slug:24} {name:32} {kind:14} {state:18} {entity_id}");
    say(format_args!("{}", line.trim_end()))
}
