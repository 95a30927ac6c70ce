//! The hash chain over the audit log: what a digest covers, and what does not fit.

use chrono::{DateTime, Utc};

use crate::model::hash::{sha256, sha256_of_parts};

/// A SHA-256.
pub type ChainDigest = [u8; 32];

pub const SALT_LEN: usize = 16;

/// Keeps the hash of personal fields from being guessed. All zeros once the fields were erased.
pub type Salt = [u8; SALT_LEN];

/// The state of the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditChain {
    /// Raised by every change.
    pub version: i64,
    /// The last number that was given.
    pub last_number: i64,
    /// Rows with smaller ids have numbers, but for those that committed late.
    pub numbered_from: String,
    /// Where a look through all rows, for those that committed late, goes on; none if none is under way.
    pub sweep_from: Option<String>,
    /// When the last one ended.
    pub swept_at: DateTime<Utc>,
    /// The end of the last batch that was removed by its age.
    pub anchor: ChainEnd,
}

/// Where a batch ends, and the next one begins.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChainEnd {
    /// The number of its last row; 0 before the first.
    pub number: i64,
    pub digest: ChainDigest,
}

/// A row with its number. All fields are as they are stored, so that a row that cannot be read has a digest too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainedRow {
    /// None until housekeeping has numbered it.
    pub number: Option<i64>,
    pub id: String,
    /// What is left of personal fields that were erased.
    pub personal_hash: Option<ChainDigest>,
    /// None if the row is not there any more.
    pub event: Option<ChainedEvent>,
}

/// The columns of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainedEvent {
    pub at: DateTime<Utc>,
    pub action: String,
    pub outcome: String,
    pub detail: Option<String>,
    pub user: Option<String>,
    pub application: Option<String>,
    pub session: Option<String>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub occurrences: i64,
    pub unproven: bool,
    pub actor: Option<String>,
    pub changes: Option<String>,
}

/// Rows that follow one another, and whose digests were taken together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditBatch {
    pub first_number: i64,
    pub last_number: i64,
    pub closed_at: DateTime<Utc>,
    /// The time of its newest row.
    pub newest_at: DateTime<Utc>,
    pub previous_digest: ChainDigest,
    pub digest: ChainDigest,
    pub row_digests: Vec<ChainDigest>,
    pub salts: Vec<Salt>,
}

/// The first thing that does not fit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChainFault {
    /// The number of the row; of a batch that does not fit as a whole, that of its first row.
    pub number: i64,
    /// The id of the row, where it is known.
    pub id: Option<String>,
    pub kind: ChainFaultKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChainFaultKind {
    /// The row is not what it was when its batch was closed.
    RowChanged,
    /// The row is gone.
    RowMissing,
    /// Personal fields of the row were erased, and it has some again.
    RowFilledAgain,
    /// No row has this number.
    NumberMissing,
    /// The batch that begins here is not what it was.
    BatchChanged,
    /// The batch that begins here does not follow the one before: one was removed, added or changed.
    BatchDoesNotFollow,
}

impl AuditBatch {
    /// Closes a batch of `rows`, each with its salt: at least one row, with numbers that follow `previous` without a gap.
    pub fn close(
        previous: &ChainEnd,
        rows: &[ChainedRow],
        salts: Vec<Salt>,
        closed_at: DateTime<Utc>,
    ) -> Self {
        let row_digests = rows
            .iter()
            .zip(&salts)
            .zip(previous.number + 1..)
            .map(|((row, salt), number)| row.digest(number, salt))
            .collect();
        let times = rows.iter().filter_map(|row| row.event.as_ref()).map(|row| row.at);
        let mut batch = Self {
            first_number: previous.number + 1,
            last_number: previous.number + i64::try_from(rows.len()).unwrap_or_default(),
            closed_at,
            newest_at: times.max().unwrap_or(closed_at),
            previous_digest: previous.digest,
            digest: ChainDigest::default(),
            row_digests,
            salts,
        };
        batch.digest = batch.compute_digest();
        batch
    }

    /// Verifies that the batch follows `previous` and that `rows`, which are those with its numbers, are as they were
    /// when it was closed.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit.
    pub fn verify(&self, previous: &ChainEnd, rows: &[ChainedRow]) -> Result<(), ChainFault> {
        let of_batch = |kind| ChainFault {
            number: self.first_number,
            id: rows
                .first()
                .filter(|row| row.number == Some(self.first_number))
                .map(|row| row.id.clone()),
            kind,
        };
        if self.first_number != previous.number + 1 || self.previous_digest != previous.digest {
            return Err(of_batch(ChainFaultKind::BatchDoesNotFollow));
        }
        let count = usize::try_from(self.last_number - self.first_number + 1).unwrap_or_default();
        if count == 0 || self.row_digests.len() != count || self.salts.len() != count {
            return Err(of_batch(ChainFaultKind::BatchChanged));
        }
        let mut rows = rows.iter().peekable();
        for ((number, digest), salt) in (self.first_number..).zip(&self.row_digests).zip(&self.salts) {
            let Some(row) = rows.next_if(|row| row.number == Some(number)) else {
                return Err(ChainFault {
                    number,
                    id: None,
                    kind: ChainFaultKind::NumberMissing,
                });
            };
            if let Some(kind) = row.fault(number, salt, digest) {
                let id = Some(row.id.clone());
                return Err(ChainFault { number, id, kind });
            }
        }
        // Every row fits its own digest: then it is the digest of the batch or its times.
        if self.digest != self.compute_digest() {
            return Err(of_batch(ChainFaultKind::BatchChanged));
        }
        Ok(())
    }

    /// Where the next batch begins.
    pub const fn end(&self) -> ChainEnd {
        ChainEnd {
            number: self.last_number,
            digest: self.digest,
        }
    }

    /// Where the salt of the row with this number is.
    pub fn salt_index(&self, number: i64) -> Option<usize> {
        usize::try_from(number - self.first_number)
            .ok()
            .filter(|index| *index < self.salts.len())
    }

    fn compute_digest(&self) -> ChainDigest {
        Fields::new("audit-chain/batch/1")
            .bytes(&self.previous_digest)
            .number(self.first_number)
            .number(self.last_number)
            .number(self.closed_at.timestamp_micros())
            .number(self.newest_at.timestamp_micros())
            .bytes(&sha256_of_parts(&self.row_digests))
            .digest()
    }
}

impl ChainedRow {
    /// The hash of the personal fields. That of erased ones is the one that was kept.
    pub fn personal_hash(&self, salt: &Salt) -> ChainDigest {
        self.personal_hash.unwrap_or_else(|| {
            let event = self.event.as_ref();
            Fields::new("audit-chain/personal-fields/1")
                .bytes(salt)
                .optional(event.and_then(|event| event.detail.as_deref()))
                .optional(event.and_then(|event| event.changes.as_deref()))
                .optional(event.and_then(|event| event.address.as_deref()))
                .digest()
        })
    }

    /// All zeros if the row was gone before its batch was closed.
    fn digest(&self, number: i64, salt: &Salt) -> ChainDigest {
        let Some(event) = &self.event else {
            return ChainDigest::default();
        };
        Fields::new("audit-chain/row/1")
            .number(number)
            .bytes(self.id.as_bytes())
            .number(event.at.timestamp_micros())
            .bytes(event.action.as_bytes())
            .bytes(event.outcome.as_bytes())
            .optional(event.user.as_deref())
            .optional(event.application.as_deref())
            .optional(event.session.as_deref())
            .optional(event.request_id.as_deref())
            .optional(event.actor.as_deref())
            .number(event.occurrences)
            .number(i64::from(event.unproven))
            .bytes(&self.personal_hash(salt))
            .digest()
    }

    fn fault(&self, number: i64, salt: &Salt, expected: &ChainDigest) -> Option<ChainFaultKind> {
        let Some(event) = &self.event else {
            return Some(ChainFaultKind::RowMissing);
        };
        let has_personal = event.detail.is_some() || event.changes.is_some() || event.address.is_some();
        if self.personal_hash.is_some() && has_personal {
            return Some(ChainFaultKind::RowFilledAgain);
        }
        (self.digest(number, salt) != *expected).then_some(ChainFaultKind::RowChanged)
    }
}

/// Fields one behind the other, each with its length, so that no two lists of fields are the same bytes.
struct Fields(Vec<u8>);

impl Fields {
    fn new(what: &str) -> Self {
        Self(Vec::with_capacity(512)).bytes(what.as_bytes())
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push(1);
        self.0
            .extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.extend(bytes);
        self
    }

    fn optional(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            return self.bytes(text.as_bytes());
        }
        self.0.push(0);
        self
    }

    fn number(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    fn digest(self) -> ChainDigest {
        sha256(self.0)
    }
}

#[cfg(test)]
#[path = "audit_chain_tests.rs"]
mod tests;
