//! Replaces the sealing key of the stored signing keys, of second factors, and of jobs that wait.

use std::collections::BTreeMap;

use crate::{
    crypto::{factor_key::FactorKey, job_key::JobKey, seal::SealingKey},
    model::{audit_action::AuditAction, id::SecondFactorId, job::SealedJob, use_case::UseCase},
    provider::{error::Error, handle::Keys, keys::ring::KeyRing},
    store::{StoredFactor, Tx},
};

impl Keys<'_> {
    /// Seals every private key under `next`, in all rows or in none. Returns how many; `None` if another administrator
    /// changed the keys at the same time. The generation stays the same: a running daemon that has opened the keys
    /// continues with them.
    pub fn reseal(&self, next: &SealingKey) -> Result<Option<usize>, Error> {
        self.may(UseCase::Change(AuditAction::KeyReseal))?;
        let (rows, sealing) = (
            self.store().read(Tx::signing_keys)?,
            &self.dependencies().sealing_key,
        );
        KeyRing::open(&rows, sealing)?;
        let mut sealed_again = Vec::new();
        for row in &rows {
            if let Some(before) = &row.sealed {
                let private = sealing.open(row.id, before)?;
                sealed_again.push((
                    row.id,
                    before,
                    next.seal(row.id, private.expose(), self.random())?,
                ));
            }
        }
        let token_keys = self.store().read(Tx::oidc_keys)?;
        let mut token_keys_sealed_again = Vec::new();
        for key in &token_keys {
            if let Some(before) = &key.sealed {
                let private = sealing.open(key.id, before)?;
                let after = next.seal(key.id, private.expose(), self.random())?;
                token_keys_sealed_again.push((key.id, before, after));
            }
        }
        let factors = self.store().read(Tx::sealed_factors)?;
        let factors_sealed_again = self.reseal_factors(&factors, next)?;
        let jobs = self.store().read(Tx::sealed_jobs)?;
        let jobs_sealed_again = self.reseal_jobs(&jobs, next)?;
        let event = self.event(AuditAction::KeyReseal, "ok", None);
        let resealed = self.store().write_config(|tx| {
            // A concurrent change of the keys waits for this transaction, or the comparison below finds it.
            if tx.signing_keys()? != rows || tx.oidc_keys()? != token_keys {
                return Ok(false);
            }
            for (id, before, after) in &sealed_again {
                tx.reseal_key(*id, before, after)?;
            }
            for (id, before, after) in &token_keys_sealed_again {
                tx.reseal_oidc_key(*id, before, after)?;
            }
            // One that was added meanwhile would stay sealed with the key of before; one that is done by now is of no
            // interest.
            if tx.sealed_jobs()?.iter().any(|job| !jobs.contains(job)) {
                return Ok(false);
            }
            // One that was added meanwhile, or used: the same.
            if !is_same_secrets(&tx.sealed_factors()?, &factors) {
                return Ok(false);
            }
            for (id, after) in &factors_sealed_again {
                tx.reseal_factor(*id, after)?;
            }
            for (job, after) in &jobs_sealed_again {
                tx.reseal_job(job.id, &job.sealed, after)?;
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        });
        match resealed {
            Ok(true) => Ok(Some(sealed_again.len())),
            Ok(false) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What waits to be done, sealed under `next`. What neither this key nor `next` has sealed stays as it is: nobody
    /// can open it, and it expires.
    fn reseal_jobs<'j>(
        &self,
        jobs: &'j [SealedJob],
        next: &SealingKey,
    ) -> Result<Vec<(&'j SealedJob, Vec<u8>)>, Error> {
        let next_key = JobKey::from_sealing_key(next)?;
        let mut sealed_again = Vec::new();
        for job in jobs {
            if let Some(payload) = self.job_key().open(job.id, &job.kind, &job.sealed)? {
                let after = next_key.seal(job.id, &job.kind, payload.expose(), self.random())?;
                sealed_again.push((job, after));
            }
        }
        Ok(sealed_again)
    }

    /// The secrets of second factors, sealed under `next`. What neither this key nor `next` has sealed stays as it is:
    /// nobody can use it.
    fn reseal_factors(
        &self,
        factors: &[StoredFactor],
        next: &SealingKey,
    ) -> Result<Vec<(SecondFactorId, Vec<u8>)>, Error> {
        let next_key = FactorKey::from_sealing_key(next)?;
        let mut sealed_again = Vec::new();
        for StoredFactor { factor, sealed, .. } in factors {
            if let Some(secret) = self.factor_key().open(factor.id, factor.user, sealed)? {
                let after = next_key.seal(factor.id, factor.user, secret.expose(), self.random())?;
                sealed_again.push((factor.id, after));
            }
        }
        Ok(sealed_again)
    }

    /// Removes deleted data from the files of an SQLite database; `false` if a reader prevented it.
    pub fn purge_deleted(&self) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::KeyReseal))?;
        Ok(self.store().purge_deleted()?)
    }

    /// The same after a key was destroyed. If a reader prevented it, the log says so.
    pub(in crate::provider) fn purge_destroyed_key(&self) -> Result<(), Error> {
        if !self.purge_deleted()? {
            tracing::warn!(
                "the write-ahead log could not be emptied: what was destroyed remains in it for a while"
            );
        }
        Ok(())
    }
}

/// Whether each of `now` was read `before`, with the same secret.
fn is_same_secrets(now: &[StoredFactor], before: &[StoredFactor]) -> bool {
    let known: BTreeMap<_, _> = before
        .iter()
        .map(|stored| (stored.factor.id, &stored.sealed))
        .collect();
    now.iter()
        .all(|stored| known.get(&stored.factor.id) == Some(&&stored.sealed))
}
