//! `configuration_changes`: what each generation changed; and the transaction that records it.

use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
};

use diesel::prelude::*;

use crate::{
    model::id::ApplicationId,
    store::{
        connection::Tx,
        error::Error,
        schema::{configuration_changes, installation},
    },
};

/// The number of generations whose changes are stored. A replica that is further behind reads everything; usually it is
/// one or two behind, since it looks every second.
const MAX_GENERATIONS: i64 = 1000;

/// If more applications than this were changed, in one generation or in several together, all are read again: changed
/// ones are read one at a time.
const MAX_CHANGED_APPLICATIONS: usize = 100;

const IDENTITY: &str = "identity";
const DRAFTS: &str = "drafts";
const APPLICATIONS: &str = "applications";
const GROUP_POLICIES: &str = "groups";

/// What changed between two generations.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ConfigChanges {
    /// Our entity ID, our base URL, or our keys.
    pub(super) identity: bool,
    pub(super) drafts: bool,
    /// What groups say about second factors. It is read with every change: this makes it one.
    pub(super) group_policies: bool,
    /// The ids of applications that were added, edited or removed.
    pub(super) applications: BTreeSet<String>,
}

impl ConfigChanges {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether so many applications were changed that reading everything is cheaper.
    fn is_everything(&self) -> bool {
        self.applications.len() > MAX_CHANGED_APPLICATIONS
    }
}

/// A transaction that may change what every replica caches. It records what it changes, and raises the generation at
/// its end if it changed anything. Only one such transaction runs at a time, from its beginning on, so that each
/// statement sees everything that earlier ones changed.
#[derive(Debug)]
pub struct ConfigTx<'t> {
    tx: &'t mut Tx,
    changes: ConfigChanges,
}

impl Deref for ConfigTx<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        self.tx
    }
}

impl DerefMut for ConfigTx<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        self.tx
    }
}

impl<'t> ConfigTx<'t> {
    /// Locks the installation's row, for which every other such transaction waits.
    pub(super) fn begin(tx: &'t mut Tx) -> Result<Self, Error> {
        diesel::update(installation::table)
            .set(installation::generation.eq(installation::generation))
            .execute(&mut tx.0)?;
        Ok(Self {
            tx,
            changes: ConfigChanges::default(),
        })
    }

    pub(super) fn changed_application(&mut self, id: ApplicationId) {
        self.changes.applications.insert(id.to_string());
    }

    pub(super) fn changed_applications(&mut self, ids: impl IntoIterator<Item = String>) {
        self.changes.applications.extend(ids);
    }

    pub(super) const fn changed_drafts(&mut self) {
        self.changes.drafts = true;
    }

    /// What groups say about second factors.
    pub const fn changed_group_policies(&mut self) {
        self.changes.group_policies = true;
    }

    pub(super) const fn changed_identity(&mut self) {
        self.changes.identity = true;
    }

    /// Raises the generation if anything changed, and records what. An installation that is not initialized yet has no
    /// generation.
    pub(super) fn end(self) -> Result<(), Error> {
        let Self { tx, changes } = self;
        if changes.is_nothing() {
            return Ok(());
        }
        let raised = diesel::update(installation::table)
            .set(installation::generation.eq(installation::generation + 1))
            .returning(installation::generation)
            .get_result::<i64>(&mut tx.0)
            .optional()?;
        let Some(generation) = raised else { return Ok(()) };
        let is_everything = changes.is_everything();
        let subjects = [
            (changes.identity, IDENTITY),
            (changes.drafts, DRAFTS),
            (changes.group_policies, GROUP_POLICIES),
            (is_everything, APPLICATIONS),
        ];
        let subjects = subjects.iter().filter(|(is, _)| *is).map(|(_, subject)| *subject);
        let ids = changes.applications.iter().filter(|_id| !is_everything);
        for subject in subjects.chain(ids.map(String::as_str)) {
            diesel::insert_into(configuration_changes::table)
                .values((
                    configuration_changes::generation.eq(generation),
                    configuration_changes::subject.eq(subject),
                ))
                .execute(&mut tx.0)?;
        }
        diesel::delete(
            configuration_changes::table
                .filter(configuration_changes::generation.le(generation - MAX_GENERATIONS)),
        )
        .execute(&mut tx.0)?;
        Ok(())
    }
}

impl Tx {
    /// What changed after the generation `since`, up to `now`; `None` if that is not known for every generation between
    /// them, or if so much changed that reading everything is cheaper.
    pub(super) fn changes_between(&mut self, since: i64, now: i64) -> Result<Option<ConfigChanges>, Error> {
        if now < since || now - since > MAX_GENERATIONS {
            return Ok(None);
        }
        let rows = configuration_changes::table
            .filter(configuration_changes::generation.gt(since))
            .filter(configuration_changes::generation.le(now))
            .order((configuration_changes::generation, configuration_changes::subject))
            .load::<(i64, String)>(&mut self.0)?;
        let mut changes = ConfigChanges::default();
        let mut last = since;
        for (generation, subject) in rows {
            // A generation without a row: it was raised by an older version, which does not write this table.
            if generation > last + 1 {
                return Ok(None);
            }
            last = generation;
            match subject.as_str() {
                IDENTITY => changes.identity = true,
                DRAFTS => changes.drafts = true,
                GROUP_POLICIES => changes.group_policies = true,
                APPLICATIONS => return Ok(None),
                _ => {
                    changes.applications.insert(subject);
                }
            }
        }
        Ok((last == now && !changes.is_everything()).then_some(changes))
    }
}
