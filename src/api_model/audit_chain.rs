//! The chain of the audit log, and its size, as JSON.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{
    model::{
        audit_chain::{ChainEnd, ChainFault, ChainFaultKind},
        text::hex,
    },
    provider::audit::verify::{AuditSize, ChainReport},
};

#[derive(Debug, Serialize)]
pub struct ChainReportOutput {
    fits: bool,
    anchor: ChainEndOutput,
    last: ChainEndOutput,
    batches: u64,
    rows: u64,
    open_rows: u64,
    unnumbered_rows: u64,
    expected_found: Option<bool>,
    fault: Option<ChainFaultOutput>,
}

#[derive(Debug, Serialize)]
struct ChainEndOutput {
    number: i64,
    digest: String,
}

#[derive(Debug, Serialize)]
struct ChainFaultOutput {
    number: i64,
    id: Option<String>,
    kind: &'static str,
    message: String,
}

impl From<&ChainEnd> for ChainEndOutput {
    fn from(end: &ChainEnd) -> Self {
        Self {
            number: end.number,
            digest: hex(&end.digest),
        }
    }
}

impl From<&ChainReport> for ChainReportOutput {
    fn from(report: &ChainReport) -> Self {
        Self {
            fits: report.is_intact(),
            anchor: (&report.anchor).into(),
            last: (&report.end).into(),
            batches: report.batches,
            rows: report.rows,
            open_rows: report.open_rows,
            unnumbered_rows: report.unnumbered_rows,
            expected_found: report.is_expected_found,
            fault: report.fault.as_ref().map(|fault| ChainFaultOutput {
                number: fault.number,
                id: fault.id.clone(),
                kind: kind_name(fault.kind),
                message: fault_words(fault),
            }),
        }
    }
}

const fn kind_name(kind: ChainFaultKind) -> &'static str {
    match kind {
        ChainFaultKind::RowChanged => "row_changed",
        ChainFaultKind::RowMissing => "row_missing",
        ChainFaultKind::RowFilledAgain => "row_filled_again",
        ChainFaultKind::NumberMissing => "number_missing",
        ChainFaultKind::BatchChanged => "batch_changed",
        ChainFaultKind::BatchDoesNotFollow => "batch_does_not_follow",
    }
}

/// What does not fit, for the administrator.
pub fn fault_words(fault: &ChainFault) -> String {
    let row = match &fault.id {
        Some(id) => format!("row {} ({id})", fault.number),
        None => format!("row {}", fault.number),
    };
    match fault.kind {
        ChainFaultKind::RowChanged => format!("{row} is not what it was when its batch was closed"),
        ChainFaultKind::RowMissing => format!("{row} was removed"),
        ChainFaultKind::RowFilledAgain => {
            format!("{row} was erased together with its person, and has words again")
        }
        ChainFaultKind::NumberMissing => format!("{row} was removed, and its number too"),
        ChainFaultKind::BatchChanged => format!("the batch that begins with {row} was changed"),
        ChainFaultKind::BatchDoesNotFollow => {
            format!("the batch that begins with {row} does not follow the one before it")
        }
    }
}

#[derive(Debug, Serialize)]
pub struct AuditSizeOutput {
    rows: u64,
    unproven_rows: u64,
    bytes: u64,
    oldest_at: Option<DateTime<Utc>>,
    /// None if rows are kept for ever.
    retention_seconds: Option<i64>,
}

impl AuditSizeOutput {
    pub fn new(size: &AuditSize, retention: Option<TimeDelta>) -> Self {
        Self {
            rows: size.rows,
            unproven_rows: size.unproven_rows,
            bytes: size.bytes,
            oldest_at: size.oldest_at,
            retention_seconds: retention.map(|retention| retention.num_seconds()),
        }
    }
}
