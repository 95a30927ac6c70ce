//! The part of the database that is cached in memory: applications, drafts, active key, publication.
//!
//! Every change of these raises one number, the generation, which is read with every session: if the snapshot is of
//! another generation, what changed is read first, so that a change takes effect at the next sign-in on every replica.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    model::{
        application::{Application, ClientId, EntityId, Slug},
        id::{ApplicationId, GroupId},
        installation::Installation,
        policy::Policy,
        remedy::Remediable,
        rollover::ApplicationDraft,
        second_factor::SecondFactorPolicy,
        unreadable::{UnreadableKind, UnreadableRow},
    },
    provider::{
        application_set::ApplicationSet, dependencies::Dependencies, error::Error, key_rows,
        keys::ring::KeyRing, oidc::publication::OidcPublication, saml::publication::Publication,
    },
    saml::signer::Signer,
    store::{Configuration, Store},
};

/// The cached data of one generation. The next snapshot shares with it what did not change.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The generation and our entity ID.
    pub installation: Installation,
    /// Every application that can be read.
    pub applications: ApplicationSet,
    /// Drafts have a metadata address before they become applications.
    pub drafts: Arc<Vec<ApplicationDraft>>,
    pub unreadable: Arc<Vec<UnreadableRow>>,
    /// What groups say about second factors.
    pub group_policies: BTreeMap<GroupId, SecondFactorPolicy>,
    pub signer: Arc<Signer>,
    /// What anybody may fetch.
    pub publication: Arc<Publication>,
    /// The same for clients of OpenID Connect.
    pub oidc: Arc<OidcPublication>,
}

impl Snapshot {
    /// Reads what changed since `before`, or everything if that is `None` or the changes are not known.
    pub(super) fn load(
        dependencies: &Dependencies,
        store: &Store,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let is_signed = dependencies.policy.load().sign_metadata;
        let before = before.filter(|before| before.publication.is_signed == is_signed);
        let since = before.map(|before| before.installation.generation);
        let read = store.read(|tx| tx.configuration(since));
        let read = read.map_err(Error::of_own_row)?;
        let mut read = read.ok_or(Error::NotInitialized("entity ID"))?;
        let known = before.map_or(&[][..], |before| before.unreadable.as_slice());
        let unreadable = unreadable(&mut read, known);
        for row in unreadable.iter().filter(|row| !known.contains(row)) {
            tracing::error!(id = row.id, "{}", row.with_words(dependencies.remedy_words));
        }
        let applications = match (before, &read.changed) {
            (Some(before), Some(changed)) => {
                let mut applications = before.applications.clone();
                for id in changed.iter().filter_map(|id| id.parse().ok()) {
                    applications.remove(id);
                }
                for application in &read.applications {
                    applications.put(application);
                }
                applications
            }
            (None, _) | (_, None) => ApplicationSet::new(&read.applications),
        };
        let (signer, publication) = match (before, read.keys) {
            (Some(before), None) => (Arc::clone(&before.signer), Arc::clone(&before.publication)),
            (_, keys) => {
                let (keys, _unreadable) = keys.unwrap_or_default();
                let ring = KeyRing::open(&keys, &dependencies.sealing_key)?;
                let signer = Signer::new(&ring.active).map_err(|why| Error::Signing(Box::new(why)))?;
                let publication =
                    Publication::new(dependencies, &read.installation, &ring, &signer, is_signed)?;
                (Arc::new(signer), Arc::new(publication))
            }
        };
        let oidc = match (before, read.oidc_keys) {
            (Some(before), None) => Arc::clone(&before.oidc),
            (_, keys) => Arc::new(OidcPublication::new(
                &read.installation,
                &dependencies.endpoints.oidc,
                &keys.unwrap_or_default(),
                &dependencies.sealing_key,
            )?),
        };
        let drafts = match (before, read.drafts) {
            (Some(before), None) => Arc::clone(&before.drafts),
            (_, drafts) => Arc::new(drafts.unwrap_or_default().0),
        };
        Ok(Self {
            installation: read.installation,
            group_policies: read.group_policies,
            applications,
            drafts,
            unreadable: Arc::new(unreadable),
            signer,
            publication,
            oidc,
        })
    }

    /// Whether this is what `policy` wants of `generation`.
    pub(super) fn is_of(&self, generation: i64, policy: &Policy) -> bool {
        self.installation.generation == generation && self.publication.is_signed == policy.sign_metadata
    }

    /// The applications with this entity ID, enabled or not, by name.
    pub fn by_entity_id(&self, entity_id: &EntityId) -> Vec<&Arc<Application>> {
        self.applications.by_entity_id(entity_id)
    }

    pub fn by_client_id(&self, client_id: &ClientId) -> Option<&Arc<Application>> {
        self.applications.by_client_id(client_id)
    }

    pub fn by_slug(&self, slug: &Slug) -> Option<&Arc<Application>> {
        self.applications.by_slug(slug)
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
        self.applications.by_id(id)
    }
}

/// All unreadable rows: those found in what was read again, and from `known` those in what was not. Removes keys from
/// `read` whose certificate cannot be read.
fn unreadable(read: &mut Configuration, known: &[UnreadableRow]) -> Vec<UnreadableRow> {
    let mut all = std::mem::take(&mut read.unreadable);
    if let Some((keys, unreadable)) = &mut read.keys {
        all.append(unreadable);
        all.extend(key_rows::set_aside(keys));
    }
    if let Some((_drafts, unreadable)) = &mut read.drafts {
        all.append(unreadable);
    }
    let stays = |row: &&UnreadableRow| match row.kind {
        UnreadableKind::Application => read
            .changed
            .as_ref()
            .is_some_and(|changed| !changed.contains(&row.id)),
        UnreadableKind::Draft => read.drafts.is_none(),
        UnreadableKind::SigningKey => read.keys.is_none(),
    };
    all.extend(known.iter().filter(stays).cloned());
    all.sort();
    all
}
