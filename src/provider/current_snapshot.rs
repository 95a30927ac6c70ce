//! The snapshot of the current generation: kept in memory, loaded by one thread.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    provider::{core::Provider, error::Error, snapshot::Snapshot},
    store::Tx,
};

impl Provider {
    /// The cached snapshot, of whatever generation.
    pub(super) fn cached_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        match self.kept()? {
            Some(kept) => Ok(kept),
            None => self.fresh_snapshot(),
        }
    }

    /// The cached snapshot, if one was loaded.
    pub(super) fn kept(&self) -> Result<Option<Arc<Snapshot>>, Error> {
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
        let mut kept = self.kept();
        let fitting = |kept: &Result<Option<Arc<Snapshot>>, Error>| match kept {
            Ok(Some(kept)) if kept.installation.generation == generation => Some(Arc::clone(kept)),
            Ok(_) | Err(_) => None,
        };
        if let Some(fitting) = fitting(&kept) {
            return Ok(fitting);
        }
        let turn = self.0.loading.turn(|| {
            kept = self.kept();
            fitting(&kept)
        });
        let turn = match turn {
            Ok(loaded) => return Ok(loaded),
            Err(turn) => turn,
        };
        let kept = kept?;
        let now = self.store().read(Tx::generation)?;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.installation.generation == now) {
            return Ok(Arc::clone(kept));
        }
        // Requests may be waiting for this load, so their limit on waiting for the database applies to it, even if a
        // background thread loads.
        let fresh = Snapshot::load(self.dependencies(), &self.0.store_for_requests, kept.as_deref())?;
        let fresh = Arc::new(fresh);
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        let mut guard = self.0.snapshot.write().map_err(|_poisoned| Error::Poisoned)?;
        if turn.is_the_last() {
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
