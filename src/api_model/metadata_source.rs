//! Sources of metadata, what an import did, and imported entities.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    api_model::time::format_rfc3339,
    model::application::Slug,
    provider::metadata_sources::{
        ApplicationMetadataSource, ImportedEntitySummary, MetadataSourceKind, SourceOverview, UpdateReport,
    },
};

#[derive(Debug, Serialize)]
pub struct SourceOutput {
    pub name: Option<String>,
    pub kind: &'static str,
    pub url: Option<String>,
    pub fetched_at: Option<String>,
    pub next_at: Option<String>,
    pub valid_until: Option<String>,
    pub failing_since: Option<String>,
    pub failures: u32,
    pub last_error: Option<String>,
    pub known: i64,
    pub gone: i64,
    pub enables: String,
    pub applications: Vec<SourceApplicationOutput>,
}

#[derive(Debug, Serialize)]
pub struct SourceApplicationOutput {
    pub slug: String,
    pub entity_id: String,
    pub gone_at: Option<String>,
    pub waiting: Option<PendingChangeOutput>,
}

#[derive(Debug, Serialize)]
pub struct PendingChangeOutput {
    pub id: String,
    pub why: String,
    pub since: String,
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

#[derive(Debug, Serialize)]
pub struct ImportReportOutput<'r> {
    pub source: &'r str,
    pub listed: usize,
    pub new: usize,
    pub updated: usize,
    pub gone: usize,
    pub enabled: &'r [String],
    pub changed: &'r [String],
    pub waiting: &'r [String],
    pub disabled: &'r [String],
    pub returned: &'r [String],
    pub skipped: usize,
    pub skipped_words: &'r [String],
}

impl<'r> ImportReportOutput<'r> {
    pub fn new(source: &'r str, report: &'r UpdateReport) -> Self {
        Self {
            source,
            listed: report.listed,
            new: report.new,
            updated: report.updated,
            gone: report.delisted,
            enabled: &report.enabled,
            changed: &report.changed,
            waiting: &report.held_back,
            disabled: &report.disabled,
            returned: &report.re_enabled,
            skipped: report.skipped,
            skipped_words: &report.skipped_reasons,
        }
    }
}

#[derive(Debug, Serialize)]
pub struct ImportedEntityOutput<'l> {
    pub source: &'l str,
    pub entity_id: &'l str,
    pub name: &'l str,
    pub registration_authority: Option<&'l str>,
    pub gone_at: Option<String>,
    pub declined_at: Option<String>,
    pub application: Option<&'l str>,
}

impl<'l> From<&'l ImportedEntitySummary> for ImportedEntityOutput<'l> {
    fn from(line: &'l ImportedEntitySummary) -> Self {
        Self {
            source: &line.source,
            entity_id: &line.entity_id,
            name: &line.display_name,
            registration_authority: line.authority.as_deref(),
            gone_at: line.delisted_at.map(format_rfc3339),
            declined_at: line.declined_at.map(format_rfc3339),
            application: line.application.as_deref(),
        }
    }
}
