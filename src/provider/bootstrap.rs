//! The first start of an installation, and what later starts find.

use crate::{
    clock::Clock,
    entropy::Entropy,
    keys::{generate, pem, ring, seal::SealingKey},
    model::{
        application::EntityId,
        endpoint::{Endpoints, is_loopback_subject, path},
        id::KeyId,
        installation::Installation,
        key::{KeyState, SealedKey, SigningKey},
    },
    provider::error::Error,
    store::{Store, Tx},
};

/// What a start brings along.
#[derive(Debug)]
pub struct Bootstrap<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// Chance.
    pub entropy: &'a dyn Entropy,
    /// Memory.
    pub store: &'a Store,
    /// Seals what is made.
    pub sealing_key: &'a SealingKey,
    /// Our public addresses, as configured now.
    pub endpoints: &'a Endpoints,
    /// The entity ID that the administrator set, for a migration.
    pub entity_id: Option<EntityId>,
    /// Key and certificate files that the administrator brought.
    pub configured_key: Option<(Vec<u8>, Vec<u8>)>,
}

/// What an administrator should know of this start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BootstrapNotice {
    /// A key and a certificate were made.
    KeyGenerated {
        /// The certificate's SHA-256.
        sha256: String,
    },
    /// The administrator's own key was taken into the ring.
    KeyImported {
        /// The certificate's SHA-256.
        sha256: String,
    },
    /// The configuration names a key that signs no longer, or not yet: the ring has gone on since it was
    /// imported, and stays as it is.
    ConfiguredKeyNotActive {
        /// The certificate's SHA-256.
        sha256: String,
        /// What the key is for now.
        state: KeyState,
    },
    /// The certificate made for loopback was replaced; no application knew it.
    CertificateReplaced {
        /// The host that it is for now.
        host: String,
    },
    /// The base URL changed, the entity ID did not: service providers go on knowing us by it.
    BaseUrlChanged {
        /// What the last start ran under.
        before: String,
        /// Our name, unchanged.
        entity_id: EntityId,
    },
    /// The configuration names another entity ID than the database; now it is the configuration's.
    EntityIdChanged {
        /// Until now.
        before: EntityId,
    },
}

impl Bootstrap<'_> {
    /// Makes what is missing, exactly once however many replicas start, and says what it found.
    pub fn initialize(&self) -> Result<Vec<BootstrapNotice>, Error> {
        let mut notices = Vec::new();
        let installation = self.installation()?;
        let had_applications = self.store.read(Tx::has_applications)?;
        self.prepare_signing_key(had_applications, &mut notices)?;
        self.settle_entity_id_and_base_url(&installation, had_applications, &mut notices)?;
        Ok(notices)
    }

    fn installation(&self) -> Result<Installation, Error> {
        let wanted = Installation {
            entity_id: self.default_entity_id(),
            base_url: self.endpoints.base.origin().to_owned(),
            generation: 1,
        };
        Ok(self.store.write(|tx| tx.initialize_installation(&wanted))?)
    }

    /// What the entity ID is where none is stored: the metadata URL.
    fn default_entity_id(&self) -> EntityId {
        self.entity_id
            .clone()
            .unwrap_or_else(|| EntityId::from_metadata_url(self.endpoints))
    }

    fn prepare_signing_key(
        &self,
        had_applications: bool,
        notices: &mut Vec<BootstrapNotice>,
    ) -> Result<(), Error> {
        let sealed = self.store.read(Tx::signing_keys)?;
        if let Some(configured) = &self.configured_key {
            return self.import_configured_key(configured, &sealed, had_applications, notices);
        }
        if sealed.is_empty() {
            let key = self.generate()?;
            let sealed = self.seal(&key)?;
            if self.store.write(|tx| tx.add_first_key(&sealed))? {
                notices.push(BootstrapNotice::KeyGenerated {
                    sha256: key.certificate.sha256,
                });
            }
            return Ok(());
        }
        // Opening them all proves that this is their sealing key, before anything else goes on.
        let ring = ring::KeyRing::open(&sealed, self.sealing_key)?;
        let host = self.endpoints.base.host();
        let subject = &ring.active.certificate.subject;
        let active = sealed.iter().find(|sealed| sealed.state == KeyState::Active);
        if subject != host
            && is_loopback_subject(subject)
            && !had_applications
            && let Some(active) = active
        {
            let key = self.generate()?;
            if self.replace_active_key(active, &key, false)? {
                notices.push(BootstrapNotice::CertificateReplaced {
                    host: host.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn import_configured_key(
        &self,
        (key, certificate): &(Vec<u8>, Vec<u8>),
        sealed: &[SealedKey],
        had_applications: bool,
        notices: &mut Vec<BootstrapNotice>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let key = pem::import_key(KeyId::new(now, self.random()), key, certificate, now)?;
        if !sealed.is_empty() {
            ring::KeyRing::open(sealed, self.sealing_key)?;
        }
        let stored_key = sealed
            .iter()
            .find(|sealed| sealed.certificate == key.certificate.der);
        if let Some(stored_key) = stored_key {
            // Once taken in, a key goes its way in the ring: a rollover is not undone by a restart.
            if stored_key.state != KeyState::Active {
                notices.push(BootstrapNotice::ConfiguredKeyNotActive {
                    sha256: key.certificate.sha256,
                    state: stored_key.state,
                });
            }
            return Ok(());
        }
        let active = sealed.iter().find(|sealed| sealed.state == KeyState::Active);
        let imported = if let Some(active) = active {
            // Applications trust the one before: it stays published, and can sign again.
            self.replace_active_key(active, &key, had_applications)?
        } else {
            let sealed = self.seal(&key)?;
            self.store.write(|tx| tx.add_first_key(&sealed))?
        };
        if imported {
            notices.push(BootstrapNotice::KeyImported {
                sha256: key.certificate.sha256,
            });
        }
        Ok(())
    }

    /// Settles entity ID and base URL. While no application exists, nobody has pasted either: then both
    /// simply follow the configuration.
    fn settle_entity_id_and_base_url(
        &self,
        stored: &Installation,
        had_applications: bool,
        notices: &mut Vec<BootstrapNotice>,
    ) -> Result<(), Error> {
        let origin = self.endpoints.base.origin();
        let default_before = EntityId::parse(&format!("{}{}", stored.base_url, path::METADATA));
        let is_default = !had_applications && default_before.is_ok_and(|default| default == stored.entity_id);
        let entity_id = match &self.entity_id {
            Some(set) => set.clone(),
            None if is_default => self.default_entity_id(),
            None => stored.entity_id.clone(),
        };
        if entity_id != stored.entity_id {
            self.store.write(|tx| {
                tx.set_entity_id(&entity_id)?;
                tx.raise_generation()
            })?;
            if had_applications {
                notices.push(BootstrapNotice::EntityIdChanged {
                    before: stored.entity_id.clone(),
                });
            }
        }
        if stored.base_url != origin {
            if had_applications {
                notices.push(BootstrapNotice::BaseUrlChanged {
                    before: stored.base_url.clone(),
                    entity_id,
                });
            }
            self.store.write(|tx| tx.set_base_url(origin))?;
        }
        Ok(())
    }

    fn replace_active_key(&self, active: &SealedKey, by: &SigningKey, keep: bool) -> Result<bool, Error> {
        let sealed = self.seal(by)?;
        Ok(self
            .store
            .write(|tx| tx.replace_active_key(&sealed, active, keep))?)
    }

    fn seal(&self, key: &SigningKey) -> Result<SealedKey, Error> {
        Ok(ring::seal_new(
            key,
            KeyState::Active,
            self.sealing_key,
            self.random(),
            self.clock.now(),
        )?)
    }

    fn generate(&self) -> Result<SigningKey, Error> {
        let now = self.clock.now();
        Ok(generate::generate(
            KeyId::new(now, self.random()),
            self.endpoints.base.host(),
            now,
        )?)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
