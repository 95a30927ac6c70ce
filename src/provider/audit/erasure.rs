//! Erases what the audit log says about a person, and leaves the hashes by which the chain still fits.

use std::collections::BTreeSet;

use crate::{
    model::{
        audit_chain::{AuditBatch, ChainDigest, Salt},
        id::UserId,
        user::Email,
    },
    provider::{error::Error, handle::Audit},
};

/// How many rows lose their personal fields in one write: few enough that no sign-in waits long for it.
const ROWS_PER_WRITE: usize = 500;
/// How many times a write is tried again because housekeeping changed the chain meanwhile.
const MAX_TRIES: usize = 20;

impl Audit<'_> {
    /// Erases detail, changes and network address of every row about `user`, and of every other row that contains the
    /// address `email` or one that was theirs before. Of rows in closed batches the salt goes too, and the salted hash stays.
    pub(in crate::provider) fn erase_personal_fields(
        &self,
        user: UserId,
        email: &Email,
    ) -> Result<(), Error> {
        // The batches of rows without a number cannot be closed unnoticed once there is a chain.
        self.audit_chain()?;
        let ids: BTreeSet<String> = self.store().read(|tx| {
            let mut ids = tx.audit_events_mentioning(user, email)?;
            for former in tx.former_emails(user)? {
                ids.extend(tx.audit_events_mentioning(user, &former)?);
            }
            ids.extend(tx.audit_events_about(user)?);
            Ok(ids.into_iter().collect())
        })?;
        for ids in ids.into_iter().collect::<Vec<_>>().chunks(ROWS_PER_WRITE) {
            let mut tries = 0;
            while !self.erase_rows(ids)? {
                tries += 1;
                if tries == MAX_TRIES {
                    return Err(Error::ChainContended);
                }
            }
        }
        Ok(())
    }

    /// Returns `false` if the chain changed meanwhile, and nothing was erased.
    fn erase_rows(&self, ids: &[String]) -> Result<bool, Error> {
        let (version, rows, mut batches) = self.store().read(|tx| {
            // The version first: what changes afterwards raises it.
            let version = tx.audit_chain()?.map(|chain| chain.version);
            let rows = tx.chained_rows(ids)?;
            let numbers: BTreeSet<i64> = rows.iter().filter_map(|row| row.number).collect();
            let mut batches: Vec<AuditBatch> = Vec::new();
            for number in numbers {
                if batches.last().is_none_or(|batch| batch.last_number < number) {
                    batches.extend(tx.audit_batch_after(number - 1)?);
                }
            }
            Ok((version, rows, batches))
        })?;
        let erased: Vec<(String, Option<ChainDigest>)> = rows
            .into_iter()
            .map(|row| {
                let salt = row.number.and_then(|number| {
                    batches
                        .iter_mut()
                        .find_map(|batch| batch.salt_index(number).and_then(|at| batch.salts.get_mut(at)))
                });
                // Without a salt it is in no closed batch, and nothing was hashed yet.
                let hash = salt.map(|salt| {
                    let hash = row.personal_hash(salt);
                    *salt = Salt::default();
                    hash
                });
                (row.id, hash)
            })
            .collect();
        Ok(self.store().write(|tx| {
            let Some(version) = version else { return Ok(false) };
            if !tx.lock_audit_chain_at(version)? {
                return Ok(false);
            }
            tx.erase_personal_fields(&erased)?;
            for batch in &batches {
                tx.set_audit_salts(batch.last_number, &batch.salts)?;
            }
            Ok(true)
        })?)
    }
}
