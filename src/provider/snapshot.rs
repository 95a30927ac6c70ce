//! The part of the database that is cached in memory: applications, active key, publication.
//!
//! Every change of these raises one number, the generation, which is read with every session: a snapshot of another
//! generation is discarded, so that a change takes effect at the next sign-in on every replica.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    keys::ring::KeyRing,
    model::{
        application::{Application, EntityId, Slug},
        id::ApplicationId,
        installation::Installation,
    },
    provider::{Dependencies, Provider, error::Error, saml::publish::Publication},
    saml::signer::Signer,
    store::{Store, Tx},
};

/// The cached data of one generation.
#[derive(Debug)]
pub struct Snapshot {
    /// The generation and our entity ID.
    pub installation: Installation,
    /// All applications, by name.
    pub applications: Vec<Arc<Application>>,
    by_entity_id: BTreeMap<EntityId, Vec<Arc<Application>>>,
    by_slug: BTreeMap<Slug, Arc<Application>>,
    by_id: BTreeMap<ApplicationId, Arc<Application>>,
    pub signer: Signer,
    /// What anybody may fetch.
    pub publication: Publication,
}

impl Snapshot {
    pub(super) fn load(parts: &Dependencies, store: &Store) -> Result<Self, Error> {
        let (installation, sealed, applications, drafts) = store.read(|tx| {
            // The generation first: what is read after it is at least as new.
            Ok((
                tx.installation()?,
                tx.signing_keys()?,
                tx.applications()?,
                tx.application_drafts()?,
            ))
        })?;
        let installation = installation.ok_or(Error::NotInitialized("entity ID"))?;
        let ring = KeyRing::open(&sealed, &parts.sealing_key)?;
        let signer = Signer::new(&ring.active).map_err(|why| Error::Signing(Box::new(why)))?;
        let publication = Publication::new(parts, &installation, &ring, &signer, drafts)?;
        let applications: Vec<_> = applications.into_iter().map(Arc::new).collect();
        let mut by_entity_id: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for application in &applications {
            by_entity_id
                .entry(application.saml.entity_id.clone())
                .or_default()
                .push(Arc::clone(application));
        }
        let keyed = || applications.iter().map(Arc::clone);
        Ok(Self {
            installation,
            by_entity_id,
            by_slug: keyed().map(|one| (one.slug.clone(), one)).collect(),
            by_id: keyed().map(|one| (one.id, one)).collect(),
            applications,
            signer,
            publication,
        })
    }

    /// The applications with this entity ID, enabled or not.
    pub fn by_entity_id(&self, entity_id: &EntityId) -> &[Arc<Application>] {
        self.by_entity_id.get(entity_id).map_or(&[], Vec::as_slice)
    }

    pub fn by_slug(&self, slug: &Slug) -> Option<&Arc<Application>> {
        self.by_slug.get(slug)
    }

    /// The slugs of these applications, for the audit log; the ID for one that was removed.
    pub(super) fn slugs(&self, ids: impl Iterator<Item = ApplicationId>) -> String {
        let name = |id| {
            self.by_id(id)
                .map_or_else(|| id.to_string(), |app| app.slug.to_string())
        };
        ids.map(name).collect::<Vec<_>>().join(", ")
    }

    pub fn by_id(&self, id: ApplicationId) -> Option<&Arc<Application>> {
        self.by_id.get(&id)
    }
}

impl Provider {
    /// The cached snapshot, of whatever generation.
    pub(super) fn cached_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let guard = self.0.snapshot.read().map_err(|_poisoned| Error::Poisoned)?;
        Ok(Arc::clone(&guard))
    }

    /// The snapshot of the current generation of the database.
    pub(super) fn fresh_snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        let generation = self.store().read(Tx::generation)?;
        self.snapshot_at_generation(generation)
    }

    /// The snapshot of at least `generation`, loaded if necessary.
    pub(super) fn snapshot_at_generation(&self, generation: i64) -> Result<Arc<Snapshot>, Error> {
        let cached = self.cached_snapshot()?;
        if cached.installation.generation == generation {
            return Ok(cached);
        }
        let fresh = Arc::new(Snapshot::load(self.dependencies(), self.store())?);
        let mut guard = self.0.snapshot.write().map_err(|_poisoned| Error::Poisoned)?;
        // If two were loaded at the same time, the newer one stays: what was published must not be withdrawn.
        if guard.installation.generation < fresh.installation.generation {
            *guard = Arc::clone(&fresh);
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
