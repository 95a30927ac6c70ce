//! Listing and removing sources and imported entities.

use crate::{
    model::{
        application::Slug,
        audit_action::AuditAction,
        id::{ApplicationId, MetadataSourceId},
        metadata_source::{
            ApplicationMetadataSource, ImportedEntitySummary, MetadataSource, MetadataSourceKind,
        },
        use_case::UseCase,
    },
    provider::{error::Error, handle::MetadataSources},
};

/// A source, with its entities and applications.
#[derive(Clone, Debug)]
pub struct SourceOverview {
    pub source: MetadataSource,
    /// The number of entities that it lists.
    pub listed_count: i64,
    /// The number of entities that it no longer lists.
    pub delisted_count: i64,
    /// The applications that follow it.
    pub applications: Vec<(Slug, ApplicationMetadataSource)>,
}

impl MetadataSources<'_> {
    /// At most `limit` sources after the one with the ID `after`, oldest first.
    pub fn sources(&self, after: Option<MetadataSourceId>, limit: u32) -> Result<Vec<SourceOverview>, Error> {
        self.may(UseCase::ReadMetadataSources)?;
        let sources = self.store().read(|tx| tx.metadata_sources(after, limit.into()))?;
        sources
            .into_iter()
            .map(|source| self.source_overview(source))
            .collect()
    }

    /// The aggregate of this name, without its entities and applications.
    pub fn aggregate_source(&self, name: &str) -> Result<Option<MetadataSource>, Error> {
        self.may(UseCase::ReadMetadataSources)?;
        Ok(self.store().read(|tx| tx.metadata_source_by_name(name))?)
    }

    /// The aggregate of this name.
    pub fn aggregate(&self, name: &str) -> Result<Option<SourceOverview>, Error> {
        self.may(UseCase::ReadMetadataSources)?;
        let found = self.aggregate_source(name)?;
        found.map(|source| self.source_overview(source)).transpose()
    }

    /// The source of the application's metadata.
    pub fn source_of(
        &self,
        application: ApplicationId,
    ) -> Result<Option<(MetadataSource, ApplicationMetadataSource)>, Error> {
        self.may(UseCase::ReadMetadataSources)?;
        Ok(self.store().read(|tx| {
            let Some(from) = tx.application_metadata_source(application)? else {
                return Ok(None);
            };
            Ok(tx.metadata_source(from.source)?.map(|source| (source, from)))
        })?)
    }

    /// Makes an application follow no source; it stays as it is. `false` if it followed none.
    pub fn unfollow_source(&self, application: ApplicationId) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationSource))?;
        let detail = "it no longer follows a source";
        let event = self.metadata_event(AuditAction::ApplicationSource, "ok", application, detail);
        Ok(self.store().write_config(|tx| {
            let is_done = tx.remove_application_metadata_source(application)?;
            if is_done {
                tx.remove_unused_metadata_sources()?;
                tx.add_audit_event(&event)?;
            }
            Ok(is_done)
        })?)
    }

    /// Removes an aggregate and its imported entities. Applications that were made of them stay as they are, and no
    /// longer follow a source. `false` if there is none of that name.
    pub fn remove_aggregate(&self, name: &str) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::MetadataSource))?;
        let Some(source) = self.store().read(|tx| tx.metadata_source_by_name(name))? else {
            return Ok(false);
        };
        let event = self.source_event(&source, "ok", "it is forgotten");
        Ok(self.store().write_config(|tx| {
            let is_done = tx.remove_metadata_source(source.id)?;
            if is_done {
                tx.add_audit_event(&event)?;
            }
            Ok(is_done)
        })?)
    }

    /// Imported entities whose entity ID or name contains `search`; at most `limit`.
    pub fn imported_entities(&self, search: &str, limit: i64) -> Result<Vec<ImportedEntitySummary>, Error> {
        self.may(UseCase::ReadMetadataSources)?;
        Ok(self
            .store()
            .read(|tx| tx.search_imported_entities(search, limit))?)
    }

    fn source_overview(&self, source: MetadataSource) -> Result<SourceOverview, Error> {
        let snapshot = self.fresh_snapshot()?;
        let ((known, gone), linked) = self.store().read(|tx| {
            Ok((
                tx.count_imported_entities(source.id)?,
                tx.applications_of_metadata_source(source.id)?,
            ))
        })?;
        let (known, gone) = match source.kind {
            MetadataSourceKind::Entity => (1, 0),
            MetadataSourceKind::Aggregate => (known, gone),
        };
        let applications = linked.into_iter().filter_map(|from| {
            let application = snapshot.by_id(from.application)?;
            Some((application.slug.clone(), from))
        });
        Ok(SourceOverview {
            applications: applications.collect(),
            source,
            listed_count: known,
            delisted_count: gone,
        })
    }
}
