//! Verifies the hash chain over the audit log, and says how large the log is.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        audit_chain::{ChainDigest, ChainEnd, ChainFault},
        use_case::UseCase,
    },
    provider::{error::Error, handle::Audit},
};

/// What is known about the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainReport {
    /// Where the chain begins: the end of the last batch that was removed by its age, or nothing.
    pub anchor: ChainEnd,
    /// The end of the last closed batch that fits.
    pub end: ChainEnd,
    /// Closed batches that fit, and their rows.
    pub batches: u64,
    pub rows: u64,
    /// Rows that have a number and are in no closed batch yet: nothing proves them.
    pub open_rows: u64,
    /// Rows that have no number yet, without unproven refusals, which never have one.
    pub unnumbered_rows: u64,
    /// Whether the digest that was looked for is in the chain; `None` if none was.
    pub is_expected_found: Option<bool>,
    /// The first thing that does not fit. What comes after it was not looked at.
    pub fault: Option<ChainFault>,
}

impl ChainReport {
    /// Whether everything fits that was looked at.
    pub const fn is_intact(&self) -> bool {
        self.fault.is_none() && !matches!(self.is_expected_found, Some(false))
    }
}

/// How large the audit log is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditSize {
    pub rows: u64,
    /// Those of `rows` that are unproven refusals.
    pub unproven_rows: u64,
    /// With indexes and chain.
    pub bytes: u64,
    pub oldest_at: Option<DateTime<Utc>>,
}

impl Audit<'_> {
    /// Verifies the chain from its anchor on, as it is at one moment. `expected` is a digest that was noted elsewhere.
    pub fn verify_chain(&self, expected: Option<&ChainDigest>) -> Result<ChainReport, Error> {
        self.may(UseCase::ReadAuditLog)?;
        Ok(self.store().in_snapshot(|tx| {
            let anchor = tx.audit_chain()?.map(|chain| chain.anchor).unwrap_or_default();
            let (open_rows, unnumbered_rows) = tx.unchained_audit_events()?;
            let is_expected = |end: &ChainEnd| expected == Some(&end.digest);
            // A chain from which nothing was removed begins with no digest.
            let mut is_found = anchor.number > 0 && is_expected(&anchor);
            let mut report = ChainReport {
                anchor,
                end: anchor,
                batches: 0,
                rows: 0,
                open_rows: to_count(open_rows),
                unnumbered_rows: to_count(unnumbered_rows),
                is_expected_found: None,
                fault: None,
            };
            while let Some(batch) = tx.audit_batch_after(report.end.number)? {
                let rows = tx.chained_rows_between(batch.first_number, batch.last_number)?;
                if let Err(fault) = batch.verify(&report.end, &rows) {
                    report.fault = Some(fault);
                    break;
                }
                report.end = batch.end();
                report.batches += 1;
                report.rows += u64::try_from(rows.len()).unwrap_or_default();
                is_found = is_found || is_expected(&report.end);
            }
            report.is_expected_found = expected.map(|_digest| is_found);
            Ok(report)
        })?)
    }

    /// Counts the rows and bytes of the audit log.
    pub fn audit_size(&self) -> Result<AuditSize, Error> {
        self.may(UseCase::ReadAuditLog)?;
        let (counts, bytes, oldest_at) = self
            .store()
            .in_snapshot(|tx| Ok((tx.audit_counts()?, tx.audit_bytes()?, tx.oldest_audit_event_at()?)))?;
        Ok(AuditSize {
            rows: to_count(counts.0),
            unproven_rows: to_count(counts.1),
            bytes: to_count(bytes),
            oldest_at,
        })
    }
}

fn to_count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}
