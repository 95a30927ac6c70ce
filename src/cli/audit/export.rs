//! `hallpass audit export`: rows for another program, which keeps them.

use anyhow::Result;

use crate::{
    api_model::audit::AuditRowOutput,
    cli::{
        audit::{entries::each_entry, filter::FilterArguments},
        output::JsonLines,
    },
    provider::{Provider, audit::explain::AuditQuery},
};

pub(super) fn export(filter: &FilterArguments, provider: &Provider) -> Result<()> {
    let query = AuditQuery {
        oldest_first: true,
        ..filter.query(provider)?
    };
    let mut lines = JsonLines::begin();
    each_entry(provider, query, u32::MAX, |entry| {
        lines.push(&AuditRowOutput::from(entry))
    })?;
    lines.end()
}
