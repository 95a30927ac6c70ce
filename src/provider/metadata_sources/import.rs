//! Importing aggregates for an administrator.

use chrono::TimeDelta;

use crate::{
    model::{
        application::Slug,
        audit_action::AuditAction,
        id::MetadataSourceId,
        key::Certificate,
        metadata_source::{EnableRule, MetadataSource, MetadataSourceKind, MetadataSourceState, MetadataUrl},
        use_case::UseCase,
    },
    provider::{
        error::Error,
        handle::MetadataSources,
        metadata_sources::{
            input::MetadataInput,
            limits::MAX_AGGREGATE_BYTES,
            progress::OnProgress,
            refresh::{RefreshOutcome, SourceClaim},
            report::UpdateReport,
            source_error::SourceError,
        },
    },
    store::Tx,
};

/// [`ImportRequest::longest_validity`], unless the administrator says otherwise.
pub const DEFAULT_LONGEST_VALIDITY: TimeDelta = TimeDelta::days(35);

/// An administrator's request to import an aggregate.
#[derive(Debug)]
pub struct ImportRequest<'w> {
    /// The name of the source; derived from the URL if absent.
    pub name: Option<Slug>,
    pub input: MetadataInput<'w>,
    /// The certificates whose keys may have signed it.
    pub signed_by: Vec<Certificate>,
    /// Which of its entities become applications.
    pub rule: EnableRule,
    /// The longest accepted time until its `validUntil`; if absent, any `validUntil` is accepted, and none is needed.
    pub longest_validity: Option<TimeDelta>,
    /// Accepts a copy even if it is older than the accepted one, or most of the entities are missing from it.
    pub force: bool,
}

#[derive(Debug)]
pub enum ImportOutcome {
    Done {
        source: Box<MetadataSource>,
        report: Box<UpdateReport>,
    },
    /// Nothing was imported; an aggregate of this name that was imported before remains in force.
    Failed(SourceError),
}

impl MetadataSources<'_> {
    /// Imports an aggregate. It replaces the one with the same name or, if no name is given, with the same URL.
    pub fn import_aggregate(
        &self,
        request: ImportRequest<'_>,
        on_progress: OnProgress<'_>,
    ) -> Result<ImportOutcome, Error> {
        self.may(UseCase::Change(AuditAction::MetadataSource))?;
        let (url, reader) = match request.input {
            MetadataInput::Url(url) => (Some(url), None),
            MetadataInput::Reader(reader) => (None, Some(reader)),
        };
        let known = self.existing_aggregate(request.name.as_ref(), url.as_ref())?;
        let is_new = known.is_none();
        let now = self.now();
        let mut source = MetadataSource {
            id: known
                .as_ref()
                .map_or_else(|| MetadataSourceId::new(now, self.random()), |known| known.id),
            kind: MetadataSourceKind::Aggregate,
            name: known.as_ref().and_then(|known| known.name.clone()),
            url,
            signing_certificates: request
                .signed_by
                .into_iter()
                .map(|certificate| certificate.der)
                .collect(),
            rule: request.rule,
            max_validity: request.longest_validity,
            // The new copy is compared with what is stored, whatever validators the server would accept.
            state: MetadataSourceState {
                etag: None,
                last_modified: None,
                ..known.map(|known| known.state).unwrap_or_default()
            },
            created_at: now,
        };
        if is_new {
            self.add_aggregate(&mut source, request.name)?;
        } else {
            self.store().write(|tx| tx.edit_metadata_source(&source))?;
        }
        let outcome = match self.claim_source(source.id, request.force)? {
            None => RefreshOutcome::Failed(SourceError::Busy),
            Some(job) => match reader {
                None => self.refresh_claimed_source(&source, &job, on_progress)?,
                Some(reader) => self.update_from_file(&source, &job, reader, on_progress)?,
            },
        };
        match outcome {
            RefreshOutcome::Updated(report) => Ok(ImportOutcome::Done {
                source: Box::new(source),
                report,
            }),
            RefreshOutcome::Unchanged | RefreshOutcome::NoUrl => Ok(ImportOutcome::Done {
                source: Box::new(source),
                report: Box::default(),
            }),
            RefreshOutcome::Failed(source_error) => {
                if is_new {
                    self.store()
                        .write_config(|tx| tx.remove_metadata_source(source.id))?;
                }
                Ok(ImportOutcome::Failed(source_error))
            }
        }
    }

    fn update_from_file(
        &self,
        source: &MetadataSource,
        job: &SourceClaim,
        reader: &mut dyn std::io::Read,
        on_progress: OnProgress<'_>,
    ) -> Result<RefreshOutcome, Error> {
        let document = match self.dependencies().fetcher.copy_from(reader, MAX_AGGREGATE_BYTES) {
            Ok(document) => document,
            Err(why) => return self.finish_failed(source, job, why.into()),
        };
        match self.update_from_aggregate(source, job, document, on_progress) {
            Ok(Err(source_error)) => self.finish_failed(source, job, source_error),
            Err(error) => self.finish_failed(source, job, SourceError::Internal(Box::new(error))),
            Ok(Ok(took)) => {
                let state = self.state_after_update(source, &took);
                self.finish_updated(source, job, &state, took)
            }
        }
    }

    fn existing_aggregate(
        &self,
        name: Option<&Slug>,
        url: Option<&MetadataUrl>,
    ) -> Result<Option<MetadataSource>, Error> {
        let sources = self.store().read(Tx::named_metadata_sources)?;
        Ok(sources.into_iter().find(|source| {
            source.kind == MetadataSourceKind::Aggregate
                && match name {
                    Some(name) => source.name.as_deref() == Some(name.as_str()),
                    None => url.is_some() && source.url.as_ref() == url,
                }
        }))
    }

    fn add_aggregate(&self, source: &mut MetadataSource, name: Option<Slug>) -> Result<(), Error> {
        let host = source.url.as_ref().map(MetadataUrl::host).unwrap_or_default();
        let wanted = name.unwrap_or_else(|| Slug::from_name(if host.is_empty() { "import" } else { &host }));
        let detail = "it is imported from now on";
        for number in 1..100 {
            let name = if number == 1 {
                wanted.clone()
            } else {
                wanted.with_number(number)
            };
            source.name = Some(name.as_str().to_owned());
            let event = self.source_event(source, "ok", detail);
            let is_added = self.store().write(|tx| {
                let is_added = tx.add_metadata_source(source)?;
                if is_added {
                    tx.add_audit_event(&event)?;
                }
                Ok(is_added)
            })?;
            if is_added {
                return Ok(());
            }
        }
        Err(Error::NoFreeSlug(wanted))
    }
}
