//! The domains that are the organisation's own.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct DomainsOutput {
    pub domains: Vec<String>,
}

/// How many grants ended.
#[derive(Debug, Serialize)]
pub struct RevokedOutput {
    pub grants: usize,
}
