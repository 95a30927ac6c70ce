//! The hash chain over the audit log: housekeeping numbers committed rows, closes batches of them, and removes whole
//! batches by age. Nobody who signs in waits for any of it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        audit_chain::{AuditBatch, AuditChain, ChainedRow, Salt},
        id::AuditId,
    },
    provider::{core::Provider, error::Error, handle::Audit},
};

/// Rows of a full batch, and rows that are numbered in one write: few enough that no sign-in waits long for it.
const BATCH_ROWS: usize = 500;
const MAX_BATCH_ROWS: i64 = 500;
/// Batches that are numbered, closed or removed in one round: 50,000 rows every 30 seconds.
const MAX_BATCHES: usize = 100;
const MAX_NUMBERED: i64 = 50_000;
/// A batch that is not full is closed when its oldest row is this old.
const CLOSE_AFTER: TimeDelta = TimeDelta::minutes(10);
/// When a row that counts repeated events no longer changes: its minute is over, and at the latest half a minute later
/// what was counted in it was written.
const FOLDED_SETTLED_AFTER: TimeDelta = TimeDelta::minutes(4);
/// How long after its id was made a row may commit and still be found by the next round; one that commits later is found
/// when all rows are looked through.
const LATE_COMMIT: TimeDelta = TimeDelta::minutes(5);
/// How often all rows are looked through.
const SWEEP_INTERVAL: TimeDelta = TimeDelta::days(1);

impl Audit<'_> {
    /// Numbers committed rows and closes batches of them, up to a limit. Returns the number of rows that were numbered.
    pub(in crate::provider) fn extend_chain(&self) -> Result<usize, Error> {
        let chain = self.audit_chain()?;
        let numbered = self.number_rows(chain)?;
        for _batch in 0..MAX_BATCHES {
            if !self.close_batch()? {
                break;
            }
        }
        Ok(numbered)
    }

    /// Removes batches whose rows are all from before `before`, up to a limit. Returns the number of rows.
    pub(in crate::provider) fn remove_old_batches(&self, before: DateTime<Utc>) -> Result<usize, Error> {
        let mut removed = 0;
        for _batch in 0..MAX_BATCHES {
            match self.store().write(|tx| tx.remove_oldest_audit_batch(before))? {
                Some(rows) => removed += rows,
                None => break,
            }
        }
        Ok(removed)
    }

    fn number_rows(&self, mut chain: AuditChain) -> Result<usize, Error> {
        let now = self.now();
        if chain.sweep_from.is_none() && now - chain.swept_at >= SWEEP_INTERVAL {
            chain.sweep_from = Some(String::new());
        }
        let from = chain.sweep_from.as_deref().unwrap_or(&chain.numbered_from);
        let settled = now - FOLDED_SETTLED_AFTER;
        let ids = self
            .store()
            .read(|tx| tx.unnumbered_audit_events(from, settled, MAX_NUMBERED))?;
        let mut numbered = 0;
        for ids in ids.chunks(BATCH_ROWS) {
            // After a power cut they are numbered again.
            numbered += self.store().write_relaxed(|tx| tx.number_audit_events(ids))?;
        }
        let recent = AuditId::new(now - LATE_COMMIT, [0; 10]).to_string();
        let are_all_found = i64::try_from(ids.len()).is_ok_and(|found| found < MAX_NUMBERED);
        let last = ids.last().cloned().unwrap_or_default();
        if are_all_found {
            if chain.sweep_from.take().is_some() {
                chain.swept_at = now;
            }
            chain.numbered_from = recent;
        } else if chain.sweep_from.is_some() {
            chain.sweep_from = Some(last);
        } else {
            chain.numbered_from = recent.min(last);
        }
        self.store().write_relaxed(|tx| tx.save_audit_progress(&chain))?;
        Ok(numbered)
    }

    /// Closes the next batch if it is full or old enough.
    fn close_batch(&self) -> Result<bool, Error> {
        let now = self.now();
        let (chain, end, rows) = self.store().read(|tx| {
            // First: what changes afterwards raises its version.
            let chain = tx.audit_chain()?;
            let end = tx.audit_chain_end()?;
            let rows = tx.chained_rows_between(end.number + 1, end.number + MAX_BATCH_ROWS)?;
            Ok((chain, end, rows))
        })?;
        let Some(chain) = chain else { return Ok(false) };
        let rows = with_missing_rows(end.number, chain.last_number, rows);
        let times = rows.iter().filter_map(|row| row.event.as_ref()).map(|row| row.at);
        let is_old = times.min().is_none_or(|oldest| oldest <= now - CLOSE_AFTER);
        if rows.is_empty() || (rows.len() < BATCH_ROWS && !is_old) {
            return Ok(false);
        }
        let salts: Vec<Salt> = rows.iter().map(|_row| self.random()).collect();
        let batch = AuditBatch::close(&end, &rows, salts, now);
        Ok(self.store().write(|tx| {
            // A person's fields were erased meanwhile, or another replica closed this batch.
            if !tx.lock_audit_chain_at(chain.version)? {
                return Ok(false);
            }
            tx.add_audit_batch(&batch)?;
            Ok(true)
        })?)
    }
}

/// The rows of the next batch, which come after the number `previous` and not after `last`: with one in the place of each
/// whose number was taken away, so that the batch says so.
fn with_missing_rows(previous: i64, last: i64, rows: Vec<ChainedRow>) -> Vec<ChainedRow> {
    let mut rows = rows.into_iter().peekable();
    (previous + 1..=last)
        .take(BATCH_ROWS)
        .map(|number| {
            let row = rows.next_if(|row| row.number == Some(number));
            row.unwrap_or_else(|| ChainedRow {
                number: Some(number),
                id: String::new(),
                personal_hash: None,
                event: None,
            })
        })
        .collect()
}

impl Provider {
    /// The chain, which begins if there is none.
    pub(in crate::provider) fn audit_chain(&self) -> Result<AuditChain, Error> {
        loop {
            if let Some(chain) = self.store().read(crate::store::Tx::audit_chain)? {
                return Ok(chain);
            }
            self.store().write(crate::store::Tx::begin_audit_chain)?;
        }
    }
}
