//! What every replica caches, read from one state of the database: all of it, or what changed since a generation.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    model::{
        application::Application, id::GroupId, installation::Installation, key::SealedKey,
        oidc_key::SealedOidcKey, rollover::ApplicationDraft, second_factor::SecondFactorPolicy,
        unreadable::UnreadableRow,
    },
    store::{connection::Tx, error::Error},
};

/// What was read, with the unreadable rows of each kind.
#[derive(Debug)]
pub struct Configuration {
    /// Our entity ID, and the generation that everything here belongs to.
    pub installation: Installation,
    /// `None` if neither keys nor entity ID nor base URL changed.
    pub keys: Option<(Vec<SealedKey>, Vec<UnreadableRow>)>,
    /// The keys of OpenID Connect, under the same condition.
    pub oidc_keys: Option<Vec<SealedOidcKey>>,
    /// `None` if no draft changed.
    pub drafts: Option<(Vec<ApplicationDraft>, Vec<UnreadableRow>)>,
    pub applications: Vec<Arc<Application>>,
    /// What groups say about second factors.
    pub group_policies: BTreeMap<GroupId, SecondFactorPolicy>,
    /// Unreadable applications.
    pub unreadable: Vec<UnreadableRow>,
    /// The row IDs of the applications that may have changed; those that are not in `applications` or `unreadable` were
    /// removed. `None` if all applications were read.
    pub changed: Option<BTreeSet<String>>,
}

impl Tx {
    /// What changed since the generation `since`, or everything; `None` before the first start.
    pub fn configuration(&mut self, since: Option<i64>) -> Result<Option<Configuration>, Error> {
        self.repeatable_read(|tx| {
            let Some(installation) = tx.installation()? else {
                return Ok(None);
            };
            let what = match since {
                Some(since) => tx.changes_between(since, installation.generation)?,
                None => None,
            };
            let read_keys = what.as_ref().is_none_or(|what| what.identity);
            let read_drafts = what.as_ref().is_none_or(|what| what.drafts);
            let changed = what.map(|what| what.applications);
            let ids = match &changed {
                Some(changed) => changed.iter().cloned().collect(),
                None => tx.application_ids()?,
            };
            let mut applications = Vec::with_capacity(ids.len());
            let unreadable =
                tx.each_application(&ids, &mut |application| applications.push(Arc::new(application)))?;
            Ok(Some(Configuration {
                keys: read_keys.then(|| tx.readable_keys()).transpose()?,
                oidc_keys: read_keys.then(|| tx.oidc_keys()).transpose()?,
                group_policies: tx.group_policies()?,
                drafts: read_drafts.then(|| tx.drafts_and_unreadable()).transpose()?,
                installation,
                applications,
                unreadable,
                changed,
            }))
        })
    }
}
