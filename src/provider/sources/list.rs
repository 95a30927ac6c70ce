//! Sources and known entities, shown and forgotten.

use crate::{
    model::{
        application::Slug,
        id::ApplicationId,
        metadata_source::{ApplicationSource, KnownLine, MetadataSource, SourceKind},
    },
    provider::{Provider, error::Error},
    store::Tx,
};

/// A source, and what hangs on it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Itself.
    pub source: MetadataSource,
    /// Entities that it lists.
    pub known: i64,
    /// Entities that it lists no more.
    pub gone: i64,
    /// Applications that follow it, by slug, and how.
    pub applications: Vec<(Slug, ApplicationSource)>,
}

impl Provider {
    /// Every source.
    pub fn sources(&self) -> Result<Vec<Listed>, Error> {
        let sources = self.store().read(Tx::sources)?;
        sources.into_iter().map(|source| self.listed(source)).collect()
    }

    /// The aggregate of this name, without what is known from it.
    pub fn aggregate_source(&self, name: &str) -> Result<Option<MetadataSource>, Error> {
        Ok(self.store().read(|tx| tx.source_by_name(name))?)
    }

    /// The aggregate of this name.
    pub fn aggregate(&self, name: &str) -> Result<Option<Listed>, Error> {
        let found = self.aggregate_source(name)?;
        found.map(|source| self.listed(source)).transpose()
    }

    /// What the application's metadata comes from.
    pub fn source_of(
        &self,
        application: ApplicationId,
    ) -> Result<Option<(MetadataSource, ApplicationSource)>, Error> {
        Ok(self.store().read(|tx| {
            let Some(from) = tx.application_source(application)? else {
                return Ok(None);
            };
            Ok(tx.source(from.source)?.map(|source| (source, from)))
        })?)
    }

    /// Lets an application follow nothing any more; it stays as it is. `false` if it followed nothing.
    pub fn unfollow(&self, application: ApplicationId) -> Result<bool, Error> {
        let words = "it no longer follows a source";
        let event = self.about_metadata("app.source", "ok", application, words);
        Ok(self.store().write(|tx| {
            let is_done = tx.remove_application_source(application)?;
            if is_done {
                tx.remove_idle_sources()?;
                tx.raise_generation()?;
                tx.add_audit(&event)?;
            }
            Ok(is_done)
        })?)
    }

    /// Forgets an aggregate and all that is known from it; applications that were made of it stay as they
    /// are, and follow nothing any more. `false` if there is none of that name.
    pub fn forget_aggregate(&self, name: &str) -> Result<bool, Error> {
        let Some(source) = self.store().read(|tx| tx.source_by_name(name))? else {
            return Ok(false);
        };
        let event = self.about_source(&source, "ok", "it is forgotten");
        Ok(self.store().write(|tx| {
            let is_done = tx.remove_source(source.id)?;
            if is_done {
                tx.raise_generation()?;
                tx.add_audit(&event)?;
            }
            Ok(is_done)
        })?)
    }

    /// Known entities whose entity ID or name holds `search`; at most `most`.
    pub fn known(&self, search: &str, most: i64) -> Result<Vec<KnownLine>, Error> {
        Ok(self.store().read(|tx| tx.known_lines(search, most))?)
    }

    fn listed(&self, source: MetadataSource) -> Result<Listed, Error> {
        let snapshot = self.current()?;
        let ((known, gone), linked) = self
            .store()
            .read(|tx| Ok((tx.count_known(source.id)?, tx.applications_of_source(source.id)?)))?;
        let (known, gone) = match source.kind {
            SourceKind::Entity => (1, 0),
            SourceKind::Aggregate => (known, gone),
        };
        let applications = linked.into_iter().filter_map(|from| {
            let application = snapshot.by_id(from.application)?;
            Some((application.slug.clone(), from))
        });
        Ok(Listed {
            applications: applications.collect(),
            source,
            known,
            gone,
        })
    }
}
