//! The snapshot of the current generation: cached in memory, loaded by one thread.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    provider::{core::Provider, error::Error, snapshot::Snapshot},
    store::Tx,
};

impl Provider {
    /// The cached snapshot, of whatever generation.
    pub(super) fn cached_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        match self.loaded_snapshot()? {
            Some(snapshot) => Ok(snapshot),
            None => self.fresh_snapshot(),
        }
    }

    /// The cached snapshot, if one was loaded.
    pub(super) fn loaded_snapshot(&self) -> Result<Option<Arc<Snapshot>>, Error> {
        let guard = self.0.snapshot.read().map_err(|_poisoned| Error::Poisoned)?;
        Ok(guard.clone())
    }

    /// The snapshot of the current generation of the database.
    pub(super) fn fresh_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let generation = self.store().read(Tx::generation)?;
        self.snapshot_at_generation(generation)
    }

    /// The snapshot of at least `generation`. If it must be loaded, one thread does it and the others wait: an older
    /// snapshot might admit a user to an application that an administrator has disabled since.
    pub(super) fn snapshot_at_generation(&self, generation: i64) -> Result<Arc<Snapshot>, Error> {
        let mut cached = self.loaded_snapshot();
        let if_current = |cached: &Result<Option<Arc<Snapshot>>, Error>| match cached {
            Ok(Some(cached)) if cached.is_of(generation, &self.policy()) => Some(Arc::clone(cached)),
            Ok(_) | Err(_) => None,
        };
        if let Some(snapshot) = if_current(&cached) {
            return Ok(snapshot);
        }
        let outcome = self.0.loading.wait_or_lead(|| {
            cached = self.loaded_snapshot();
            if_current(&cached)
        });
        let leader = match outcome {
            Ok(loaded) => return Ok(loaded),
            Err(leader) => leader,
        };
        let cached = cached?;
        let newest = self.store().read(Tx::generation)?;
        if let Some(cached) = cached
            .as_ref()
            .filter(|cached| cached.is_of(newest, &self.policy()))
        {
            return Ok(Arc::clone(cached));
        }
        // Requests may be waiting for this load, so their limit on waiting for the database applies to it, even if a
        // background thread loads.
        let fresh = Snapshot::load(self.dependencies(), &self.0.store_for_requests, cached.as_deref())?;
        let fresh = Arc::new(fresh);
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        let mut guard = self.0.snapshot.write().map_err(|_poisoned| Error::Poisoned)?;
        if leader.is_latest() {
            *guard = Some(Arc::clone(&fresh));
        }
        Ok(fresh)
    }

    /// Loads what other processes have changed; called every second or two for what is served from memory alone.
    pub fn refresh_snapshot(&self) -> Result<(), Error> {
        let looked = self
            .fresh_snapshot()
            .and_then(|_| Ok(self.store().read(Tx::has_users)?));
        self.record_health_check(looked)
    }
}
