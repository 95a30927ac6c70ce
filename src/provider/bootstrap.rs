//! Initializes the database at the first start, and checks it at later starts.

use crate::{
    clock::Clock,
    crypto::{generate, pem, seal::SealingKey},
    entropy::Entropy,
    model::{
        application::EntityId,
        endpoint::{Endpoints, is_loopback_subject, path},
        id::KeyId,
        installation::Installation,
        key::{KeyState, SealedKey, SigningKey},
    },
    provider::{error::Error, key_rows, keys::ring},
    store::{Store, Tx},
};

/// What the start needs.
#[derive(Debug)]
pub struct Bootstrap<'a> {
    pub clock: &'a dyn Clock,
    pub entropy: &'a dyn Entropy,
    pub store: &'a Store,
    /// Seals the private keys that are generated or imported.
    pub sealing_key: &'a SealingKey,
    /// Our public URLs, as configured now.
    pub endpoints: &'a Endpoints,
    /// The entity ID that the administrator configured, for a migration.
    pub entity_id: Option<EntityId>,
    /// The contents of the key file and the certificate file that the administrator configured.
    pub configured_key: Option<(Vec<u8>, Vec<u8>)>,
}

/// What an administrator should know about this start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BootstrapNotice {
    /// A key and a certificate were generated.
    KeyGenerated {
        /// The certificate's SHA-256.
        sha256: String,
    },
    /// The administrator's own key was imported into the key ring.
    KeyImported {
        /// The certificate's SHA-256.
        sha256: String,
    },
    /// The configured key is not the active one: a rollover has taken place since it was imported, or is prepared. The
    /// key ring stays as it is.
    ConfiguredKeyNotActive {
        /// The certificate's SHA-256.
        sha256: String,
        state: KeyState,
    },
    /// The certificate that was generated for a loopback host was replaced; no application knew it.
    CertificateReplaced {
        /// The host that the new certificate names.
        host: String,
    },
    /// The base URL changed and the entity ID did not: service providers still know us by it.
    BaseUrlChanged {
        /// The base URL of the last start.
        before: String,
        entity_id: EntityId,
    },
    /// An installation that is older than OpenID Connect has its issuer now, and keeps it.
    IssuerFixed { issuer: String },
    /// The base URL changed and the issuer did not: clients still compare it.
    IssuerDiffers { issuer: String },
    /// The configured entity ID differs from the stored one, and has replaced it.
    EntityIdChanged { before: EntityId },
}

impl Bootstrap<'_> {
    /// Creates what is missing, exactly once however many replicas start, and returns what an administrator should
    /// know.
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
            issuer: self.endpoints.base.origin().to_owned(),
            base_url: self.endpoints.base.origin().to_owned(),
            generation: 1,
            passkey_rp_id: None,
        };
        self.store
            .write(|tx| tx.initialize_installation(&wanted))
            .map_err(Error::of_own_row)
    }

    /// The entity ID if none is stored: the configured one, or else the metadata URL.
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
        let sealed = key_rows::readable(self.store)?;
        if let Some(configured) = &self.configured_key {
            return self.import_configured_key(configured, &sealed, had_applications, notices);
        }
        if sealed.is_empty() {
            let key = self.generate()?;
            let sealed = self.seal(&key)?;
            if self.store.write_config(|tx| tx.add_first_key(&sealed))? {
                notices.push(BootstrapNotice::KeyGenerated {
                    sha256: key.certificate.sha256,
                });
            }
            return Ok(());
        }
        // Opening all keys proves that the sealing key is theirs, before anything else happens.
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
            // A key that was imported once stays in the state that the key ring gave it: a restart undoes no rollover.
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
            // Applications trust the previous key: it stays published, and can become active again.
            self.replace_active_key(active, &key, had_applications)?
        } else {
            let sealed = self.seal(&key)?;
            self.store.write_config(|tx| tx.add_first_key(&sealed))?
        };
        if imported {
            notices.push(BootstrapNotice::KeyImported {
                sha256: key.certificate.sha256,
            });
        }
        Ok(())
    }

    /// Stores the entity ID and the base URL. As long as there is no application, nobody has copied either of them:
    /// both then follow the configuration.
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
            self.store.write_config(|tx| tx.set_entity_id(&entity_id))?;
            if had_applications {
                notices.push(BootstrapNotice::EntityIdChanged {
                    before: stored.entity_id.clone(),
                });
            }
        }
        self.settle_issuer(stored, notices)?;
        if stored.base_url != origin {
            if had_applications {
                notices.push(BootstrapNotice::BaseUrlChanged {
                    before: stored.base_url.clone(),
                    entity_id,
                });
            }
            self.store.write_config(|tx| tx.set_base_url(origin))?;
        }
        Ok(())
    }

    /// The issuer follows the base URL until a client has read it.
    fn settle_issuer(&self, stored: &Installation, notices: &mut Vec<BootstrapNotice>) -> Result<(), Error> {
        let origin = self.endpoints.base.origin();
        let (has_issuer, has_clients) = self
            .store
            .read(|tx| Ok((tx.has_issuer()?, tx.has_oidc_clients()?)))?;
        if has_clients {
            if stored.issuer != origin {
                notices.push(BootstrapNotice::IssuerDiffers {
                    issuer: stored.issuer.clone(),
                });
            }
            return Ok(());
        }
        if !has_issuer || stored.issuer != origin {
            self.store.write_config(|tx| tx.set_issuer(origin))?;
        }
        if !has_issuer {
            notices.push(BootstrapNotice::IssuerFixed {
                issuer: origin.to_owned(),
            });
        }
        Ok(())
    }

    fn replace_active_key(&self, active: &SealedKey, by: &SigningKey, keep: bool) -> Result<bool, Error> {
        let sealed = self.seal(by)?;
        Ok(self
            .store
            .write_config(|tx| tx.replace_active_key(&sealed, active, keep))?)
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
