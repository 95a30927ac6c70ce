//! Rows of the audit log, of which a page at a time is in memory.

use anyhow::Result;

use crate::{
    cli::{actor, page},
    provider::{
        Provider,
        audit::explain::{AuditEntry, AuditQuery},
    },
};

/// Calls `each` with the first `limit` rows that match, in the order of the query. Returns whether there are more.
pub(super) fn each_entry(
    provider: &Provider,
    mut query: AuditQuery,
    limit: u32,
    each: impl FnMut(&AuditEntry) -> Result<()>,
) -> Result<bool> {
    let read = |after, limit| {
        (query.after, query.limit) = (after, limit);
        Ok(provider.audit(actor::current()).audit_entries(&query)?)
    };
    page::each_row(limit, read, |decision| decision.row.id, each)
}
