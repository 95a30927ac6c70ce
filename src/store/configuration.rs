//! What every replica keeps in memory, of one state of the database: all of it, or what changed since a generation.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    model::{
        application::Application, installation::Installation, key::SealedKey, rollover::ApplicationDraft,
        unreadable::UnreadableRow,
    },
    store::{connection::Tx, error::Error},
};

/// What was read, with the rows of each kind that cannot be.
#[derive(Debug)]
pub struct Configuration {
    /// Our name, and the generation of all this.
    pub installation: Installation,
    /// None where neither they nor our name changed.
    pub keys: Option<(Vec<SealedKey>, Vec<UnreadableRow>)>,
    /// None where they did not change.
    pub drafts: Option<(Vec<ApplicationDraft>, Vec<UnreadableRow>)>,
    /// Applications that can be read.
    pub applications: Vec<Arc<Application>>,
    /// Applications that cannot.
    pub unreadable: Vec<UnreadableRow>,
    /// The row ids of the applications that may have changed, of which `applications` holds what is left; none where
    /// it holds all there are.
    pub changed: Option<BTreeSet<String>>,
}

impl Tx {
    /// What changed since the generation `since`, or all there is; nothing before the first start.
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
            let unreadable = tx.each_application(&ids, &mut |one| applications.push(Arc::new(one)))?;
            Ok(Some(Configuration {
                keys: read_keys.then(|| tx.readable_keys()).transpose()?,
                drafts: read_drafts.then(|| tx.drafts_and_unreadable()).transpose()?,
                installation,
                applications,
                unreadable,
                changed,
            }))
        })
    }
}
