//! Applications whose metadata is fetched from a URL of its own.

use chrono::{DateTime, Utc};

use crate::{
    fetch::{CacheValidators, Document, FetchRequest, Fetched},
    model::{
        application::EntityId,
        audit::AuditEvent,
        audit_action::AuditAction,
        id::{ApplicationId, MetadataSourceId},
        metadata_source::{
            ApplicationMetadataSource, EnableRule, MetadataSource, MetadataSourceKind, MetadataSourceState,
            MetadataUrl,
        },
        text::hex,
        use_case::UseCase,
    },
    provider::{
        applications::{bad_application::BadApplication, finding::ApplicationFinding},
        error::Error,
        handle::MetadataSources,
        metadata_sources::{
            change::{self, MetadataTrust, ReceivedMetadata},
            input::{MetadataInput, read_text},
            limits::{ENTITY_TIMEOUT, max_entity_bytes},
            refresh::SourceUpdate,
            report::UpdateReport,
            schedule,
            source_error::SourceError,
        },
        saml::import::{ImportedMetadata, import},
    },
    saml::metadata::sp::BadMetadata,
    store::{ConfigTx, Tx},
};

/// The longest detail in the audit log, in characters.
const MAX_DETAIL_CHARS: usize = 2000;

/// Metadata that was read for an administrator.
#[derive(Debug)]
pub struct ObtainedMetadata {
    pub imported: ImportedMetadata,
    fetched_from: Option<(MetadataUrl, Option<String>, Option<String>)>,
}

/// That an application follows another source than before, or none. It is written with the application itself.
#[derive(Debug)]
pub(in crate::provider) struct FollowChange {
    application: ApplicationId,
    /// The source, and how the application follows it; `None` if it follows none.
    source: Option<(MetadataSource, ApplicationMetadataSource)>,
    event: AuditEvent,
}

impl FollowChange {
    pub(in crate::provider) fn write(&self, tx: &mut ConfigTx<'_>) -> Result<(), crate::store::Error> {
        tx.remove_application_metadata_source(self.application)?;
        if let Some((source, link)) = &self.source {
            tx.add_metadata_source(source)?;
            tx.set_application_metadata_source(link)?;
        }
        tx.remove_unused_metadata_sources()?;
        tx.add_audit_event(&self.event)
    }

    /// What the administrator should know about it.
    pub(in crate::provider) fn finding(self) -> ApplicationFinding {
        match self.source.and_then(|(source, _link)| source.url) {
            Some(url) => ApplicationFinding::FollowsUrl(url),
            None => ApplicationFinding::FollowsNothing,
        }
    }
}

impl MetadataSources<'_> {
    /// Reads the metadata of one service provider; `wanted` selects one of several.
    pub fn read_metadata(
        &self,
        input: MetadataInput<'_>,
        wanted: Option<&EntityId>,
    ) -> Result<ObtainedMetadata, SourceError> {
        self.may(UseCase::Change(AuditAction::ApplicationMetadata))
            .map_err(|denied| SourceError::Internal(Box::new(denied)))?;
        let fetcher = &self.dependencies().fetcher;
        let (document, fetched_from) = match input {
            MetadataInput::Reader(application_source) => {
                (fetcher.copy_from(application_source, max_entity_bytes())?, None)
            }
            MetadataInput::Url(url) => {
                let wanted = FetchRequest {
                    url: &url,
                    max_bytes: max_entity_bytes(),
                    timeout: ENTITY_TIMEOUT,
                    validators: CacheValidators::default(),
                };
                match fetcher.fetch(&wanted, &mut |_bytes| {})? {
                    Fetched::NotModified => return Err(crate::fetch::Error::Status(304).into()),
                    Fetched::Document {
                        document,
                        etag,
                        last_modified,
                    } => (document, Some((url, etag, last_modified))),
                }
            }
        };
        let text = read_text(document)?;
        let imported = match import(&text, wanted, self.now()) {
            // If the document contains one entity only, an administrator may give another entity ID; of several, one
            // must be named.
            Err(why) if why.is_entity_absent() && wanted.is_some() => import(&text, None, self.now()),
            imported => imported,
        };
        match imported {
            Ok(imported) => Ok(ObtainedMetadata {
                imported,
                fetched_from,
            }),
            Err(BadApplication::Metadata(why)) => Err(self.clarify(why, &text).into()),
            Err(why) => Err(why.into()),
        }
    }

    /// A more helpful error, if the document is recognizably something else.
    fn clarify(&self, why: BadMetadata, text: &str) -> BadMetadata {
        let start = text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .to_ascii_lowercase();
        let is_page = start.starts_with("<!doctype html") || start.starts_with("<html");
        if matches!(why, BadMetadata::NoServiceProvider(_)) && text.contains("IDPSSODescriptor") {
            let is_own = self
                .saml()
                .entity_id()
                .is_ok_and(|own| text.contains(own.as_str()));
            BadMetadata::IdentityProvider(if is_own { " (it is ours)" } else { "" }.to_owned())
        } else if matches!(why, BadMetadata::Malformed(_)) && is_page {
            BadMetadata::WebPage
        } else {
            why
        }
    }

    /// Prepares that an application follows the URL that its metadata was fetched from or, if the metadata came from a
    /// file, no longer follows a source. `None` if it followed none and will follow none.
    pub(in crate::provider) fn prepare_follow(
        &self,
        application: ApplicationId,
        obtained: &ObtainedMetadata,
    ) -> Result<Option<FollowChange>, Error> {
        let now = self.now();
        let imported = &obtained.imported;
        let source = obtained
            .fetched_from
            .as_ref()
            .map(|(url, etag, last_modified)| MetadataSource {
                id: MetadataSourceId::new(now, self.random()),
                kind: MetadataSourceKind::Entity,
                name: None,
                url: Some(url.clone()),
                signing_certificates: Vec::new(),
                rule: EnableRule::Nothing,
                max_validity: None,
                state: MetadataSourceState {
                    etag: etag.clone(),
                    last_modified: last_modified.clone(),
                    valid_until: imported.valid_until,
                    cache_duration: imported.cache_duration,
                    fetched_at: Some(now),
                    next_fetch_at: Some(schedule::next_fetch(
                        now,
                        imported.cache_duration,
                        imported.valid_until,
                    )),
                    round: 1,
                    ..MetadataSourceState::default()
                },
                created_at: now,
            });
        if source.is_none() {
            let before = self
                .store()
                .read(|tx| tx.application_metadata_source(application))?;
            if before.is_none() {
                return Ok(None);
            }
        }
        let detail = source.as_ref().map_or_else(
            || "it no longer follows a source".to_owned(),
            |source| format!("it follows {}", source.label()),
        );
        Ok(Some(FollowChange {
            application,
            event: self.metadata_event(AuditAction::ApplicationSource, "ok", application, &detail),
            source: source.map(|source| {
                let link = ApplicationMetadataSource {
                    application,
                    source: source.id,
                    entity_id: imported.entity_id.clone(),
                    applied_sha256: imported.sha256.clone(),
                    signs_requests: imported.signs_requests,
                    valid_until: None,
                    delisted_at: None,
                    pending_change: None,
                    rejected_sha256: None,
                };
                (source, link)
            }),
        }))
    }

    /// Processes a new copy of one application's metadata.
    pub(super) fn update_from_entity(
        &self,
        source: &MetadataSource,
        document: Document,
    ) -> Result<Result<SourceUpdate, SourceError>, Error> {
        let mut report = UpdateReport::default();
        let linked = self
            .store()
            .read(|tx| tx.applications_of_metadata_source(source.id))?
            .pop();
        let application = match &linked {
            Some(application_source) => self
                .fresh_snapshot()?
                .by_id(application_source.application)
                .cloned(),
            None => None,
        };
        let (Some(application_source), Some(application)) = (linked, application) else {
            // The application was removed while its metadata was being fetched.
            self.store().write(Tx::remove_unused_metadata_sources)?;
            return Ok(Ok(SourceUpdate {
                copy: None,
                valid_until: None,
                cache_duration: None,
                report,
            }));
        };
        let new = match self.reread_entity(document, &application_source.entity_id) {
            Ok(new) => new,
            Err(source_error) => return Ok(Err(source_error)),
        };
        report.listed = 1;
        let decision = change::decide(
            &application,
            &application_source,
            &new,
            self.received_metadata(None, MetadataTrust::TlsOnly),
        );
        self.apply_decisions(vec![decision], &mut report)?;
        Ok(Ok(SourceUpdate {
            copy: None,
            valid_until: new.valid_until,
            cache_duration: new.cache_duration,
            report,
        }))
    }

    /// Reads the entity that the application follows; if the document no longer contains that entity ID, its only
    /// entity.
    fn reread_entity(
        &self,
        document: Document,
        entity_id: &EntityId,
    ) -> Result<ImportedMetadata, SourceError> {
        let text = read_text(document)?;
        let new = match import(&text, Some(entity_id), self.now()) {
            Ok(same) => same,
            Err(why) if why.is_entity_absent() => import(&text, None, self.now())?,
            Err(why) => return Err(why.into()),
        };
        if new.acs_endpoints.is_empty() {
            return Err(SourceError::NoAcs);
        }
        Ok(new)
    }

    pub(super) fn received_metadata(
        &self,
        own_end: Option<DateTime<Utc>>,
        vouching: MetadataTrust,
    ) -> ReceivedMetadata {
        ReceivedMetadata {
            own_valid_until: own_end,
            trust: vouching,
            change_id: hex(&self.random::<8>()),
            now: self.now(),
            remedy_words: self.dependencies().remedy_words,
        }
    }

    /// An audit event about an application's metadata.
    pub(super) fn metadata_event(
        &self,
        action: AuditAction,
        outcome: &str,
        application: ApplicationId,
        detail: &str,
    ) -> AuditEvent {
        let detail: String = detail.chars().take(MAX_DETAIL_CHARS).collect();
        AuditEvent {
            application: Some(application),
            detail: Some(detail).filter(|detail| !detail.is_empty()),
            ..self.event(action, outcome, None)
        }
    }

    /// An audit event about a source as a whole.
    pub(super) fn source_event(&self, source: &MetadataSource, outcome: &str, detail: &str) -> AuditEvent {
        let detail: String = detail.chars().take(MAX_DETAIL_CHARS).collect();
        AuditEvent {
            detail: Some(format!("{}: {detail}", source.label())),
            ..self.event(AuditAction::MetadataSource, outcome, None)
        }
    }
}
