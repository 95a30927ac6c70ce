//! A source of metadata, as JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::output::time,
    model::application::Slug,
    provider::sources::{ApplicationSource, Listed, SourceKind},
};

#[derive(Serialize)]
pub(super) struct Shown {
    name: Option<String>,
    kind: &'static str,
    url: Option<String>,
    fetched_at: Option<String>,
    next_at: Option<String>,
    valid_until: Option<String>,
    failing_since: Option<String>,
    failures: u32,
    last_error: Option<String>,
    known: i64,
    gone: i64,
    enables: String,
    applications: Vec<ShownLink>,
}

#[derive(Serialize)]
struct ShownLink {
    slug: String,
    entity_id: String,
    gone_at: Option<String>,
    waiting: Option<ShownChange>,
}

#[derive(Serialize)]
struct ShownChange {
    id: String,
    why: String,
    since: String,
}

impl From<&Listed> for Shown {
    fn from(listed: &Listed) -> Self {
        let (source, state) = (&listed.source, listed.source.state.clone());
        let optional = |at: Option<DateTime<Utc>>| at.map(time);
        let link = |(slug, from): &(Slug, ApplicationSource)| ShownLink {
            slug: slug.as_str().to_owned(),
            entity_id: from.entity_id.to_string(),
            gone_at: optional(from.gone_at),
            waiting: from.waiting.as_ref().map(|change| ShownChange {
                id: change.id.clone(),
                why: change.why.clone(),
                since: time(change.since),
            }),
        };
        Self {
            name: source.name.clone(),
            kind: match source.kind {
                SourceKind::Entity => "entity",
                SourceKind::Aggregate => "aggregate",
            },
            url: source.url.as_ref().map(ToString::to_string),
            fetched_at: optional(state.fetched_at),
            next_at: optional(state.next_at),
            valid_until: optional(state.valid_until),
            failing_since: optional(state.failing_since),
            failures: state.failures,
            last_error: state.last_error,
            known: listed.known,
            gone: listed.gone,
            enables: source.rule.to_string(),
            applications: listed.applications.iter().map(link).collect(),
        }
    }
}
