//! Makes applications of imported entities: one by one, or by the rule of their source.

use crate::{
    model::{
        application::{Application, ApplicationAccess, ApplicationKind, EntityId, Slug},
        audit_action::AuditAction,
        id::{ApplicationId, MetadataSourceId},
        metadata_source::ApplicationMetadataSource,
        text::hex,
        use_case::UseCase,
    },
    provider::{
        error::Error,
        handle::MetadataSources,
        metadata_sources::source_error::SourceError,
        saml::import::{ImportedMetadata, import},
    },
    store::{ConfigTx, Tx},
};

/// The outcome of enabling an imported entity.
#[derive(Debug)]
pub enum EnableOutcome {
    Done(Box<Application>),
    /// No source lists it.
    Unknown,
    /// Several sources list it; their names.
    Ambiguous(Vec<String>),
    /// It is registered as an application already.
    AlreadyRegistered(Slug),
    /// The slug is taken.
    Taken,
    /// It cannot be registered.
    Unusable(SourceError),
}

impl MetadataSources<'_> {
    /// Makes the imported entity `entity_id` an application; `from` names one of several sources.
    pub fn enable_imported(
        &self,
        entity_id: &EntityId,
        from: Option<&str>,
        slug: Option<&Slug>,
    ) -> Result<EnableOutcome, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationEnable))?;
        if let Some(application) = self.fresh_snapshot()?.by_entity_id(entity_id).first() {
            return Ok(EnableOutcome::AlreadyRegistered(application.slug.clone()));
        }
        let (known, sources) = self.store().read(|tx| {
            let known = tx.imported_entities(entity_id)?;
            let mut sources = Vec::new();
            for entity in &known {
                sources.extend(tx.metadata_source(entity.source)?);
            }
            Ok((known, sources))
        })?;
        let name_of = |id: MetadataSourceId| {
            let source = sources.iter().find(|source| source.id == id);
            source.map(|source| source.label().to_owned()).unwrap_or_default()
        };
        let mut matching: Vec<_> = known
            .into_iter()
            .filter(|entity| from.is_none_or(|wanted| name_of(entity.source) == wanted))
            .collect();
        if matching.len() > 1 {
            return Ok(EnableOutcome::Ambiguous(
                matching.iter().map(|entity| name_of(entity.source)).collect(),
            ));
        }
        let Some(entity) = matching.pop() else {
            return Ok(EnableOutcome::Unknown);
        };
        let imported = match import(&entity.metadata, None, self.now()) {
            Ok(imported) if imported.acs_endpoints.is_empty() => {
                return Ok(EnableOutcome::Unusable(SourceError::NoAcs));
            }
            Ok(imported) if imported.signs_requests && imported.signing_certificates.is_empty() => {
                let why = imported.check_keys().err();
                return Ok(EnableOutcome::Unusable(
                    why.map_or(SourceError::NoAcs, SourceError::from),
                ));
            }
            // The stored metadata of an entity contains only a `validUntil` of its own, not that of its aggregate.
            Ok(imported) => ImportedMetadata {
                own_valid_until: imported.valid_until,
                ..imported
            },
            Err(why) => return Ok(EnableOutcome::Unusable(why.into())),
        };
        let made =
            self.add_from_entities(entity.source, &[imported], slug, AuditAction::ApplicationEnable)?;
        Ok(match made.into_iter().next() {
            Some(application) => EnableOutcome::Done(Box::new(application)),
            None => EnableOutcome::Taken,
        })
    }

    /// Makes applications of entities, in one transaction.
    pub(super) fn add_from_entities(
        &self,
        source: MetadataSourceId,
        entities: &[ImportedMetadata],
        slug: Option<&Slug>,
        action: AuditAction,
    ) -> Result<Vec<Application>, Error> {
        let now = self.now();
        let promised = self.store().read(Tx::application_drafts)?;
        let drafts: Vec<_> = entities
            .iter()
            .map(|entity| {
                let id = ApplicationId::new(now, self.random());
                let detail = format!("enabled as {}", entity.entity_id);
                let event = self.metadata_event(action, "ok", id, &detail);
                let suffix = hex(&self.random::<4>());
                let own = Slug::from_name(&entity.name());
                // The publisher chose the name: it cannot have a reserved slug, nor one that an administrator has
                // reserved for a draft.
                let own = if own.is_reserved() || promised.iter().any(|draft| draft.slug == own) {
                    own.with_suffix(&suffix)
                } else {
                    own
                };
                let application = Application {
                    id,
                    slug: slug.cloned().unwrap_or(own),
                    name: entity.name(),
                    kind: ApplicationKind::Other,
                    enabled: true,
                    access: ApplicationAccess::Everyone,
                    second_factor: None,
                    tile_url: None,
                    protocol: entity.service_provider().into(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                (application, application_source(id, source, entity), event, suffix)
            })
            .collect();
        Ok(self.store().write_config(|tx| {
            let mut made = Vec::with_capacity(drafts.len());
            for (mut application, link, event, suffix) in drafts {
                if add_with_free_slug(tx, &mut application, slug.is_none().then_some(suffix.as_str()))? {
                    tx.clear_declined_entity(&link.entity_id)?;
                    tx.set_application_metadata_source(&link)?;
                    tx.add_audit_event(&event)?;
                    made.push(application);
                }
            }
            Ok(made)
        })?)
    }
}

fn application_source(
    application: ApplicationId,
    source: MetadataSourceId,
    entity: &ImportedMetadata,
) -> ApplicationMetadataSource {
    ApplicationMetadataSource {
        application,
        source,
        entity_id: entity.entity_id.clone(),
        applied_sha256: entity.sha256.clone(),
        signs_requests: entity.signs_requests,
        valid_until: entity.own_valid_until,
        delisted_at: None,
        pending_change: None,
        rejected_sha256: None,
    }
}

/// Adds the application under its slug, or with `suffix` appended if that is taken. Many entities of an aggregate may
/// have the same name, so numbers are not tried one after the other. The suffix is random: one derived from the entity
/// ID could be matched on purpose by whoever chooses the entity ID.
fn add_with_free_slug(
    tx: &mut ConfigTx<'_>,
    application: &mut Application,
    suffix: Option<&str>,
) -> Result<bool, crate::store::Error> {
    if tx.add_application(application)? {
        return Ok(true);
    }
    let Some(suffix) = suffix else {
        return Ok(false);
    };
    application.slug = application.slug.with_suffix(suffix);
    tx.add_application(application)
}
