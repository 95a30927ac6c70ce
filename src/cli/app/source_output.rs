//! A source of metadata, as JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::output::format_rfc3339,
    model::application::Slug,
    provider::metadata_sources::{ApplicationMetadataSource, MetadataSourceKind, SourceOverview},
};

#[derive(Serialize)]
pub(super) struct SourceOutput {
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
    applications: Vec<SourceApplicationOutput>,
}

#[derive(Serialize)]
struct SourceApplicationOutput {
    slug: String,
    entity_id: String,
    gone_at: Option<String>,
    waiting: Option<PendingChangeOutput>,
}

#[derive(Serialize)]
struct PendingChangeOutput {
    id: String,
    why: String,
    since: String,
}

impl From<&SourceOverview> for SourceOutput {
    fn from(listed: &SourceOverview) -> Self {
        let (source, state) = (&listed.source, listed.source.state.clone());
        let optional = |at: Option<DateTime<Utc>>| at.map(format_rfc3339);
        let link = |(slug, from): &(Slug, ApplicationMetadataSource)| SourceApplicationOutput {
            slug: slug.as_str().to_owned(),
            entity_id: from.entity_id.to_string(),
            gone_at: optional(from.delisted_at),
            waiting: from.pending_change.as_ref().map(|change| PendingChangeOutput {
                id: change.id.clone(),
                why: change.reason.clone(),
                since: format_rfc3339(change.pending_since),
            }),
        };
        Self {
            name: source.name.clone(),
            kind: match source.kind {
                MetadataSourceKind::Entity => "entity",
                MetadataSourceKind::Aggregate => "aggregate",
            },
            url: source.url.as_ref().map(ToString::to_string),
            fetched_at: optional(state.fetched_at),
            next_at: optional(state.next_fetch_at),
            valid_until: optional(state.valid_until),
            failing_since: optional(state.failing_since),
            failures: state.failures,
            last_error: state.last_error,
            known: listed.listed_count,
            gone: listed.delisted_count,
            enables: source.rule.to_string(),
            applications: listed.applications.iter().map(link).collect(),
        }
    }
}
