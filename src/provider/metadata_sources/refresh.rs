//! Fetches sources again when they are due: one replica at a time. The old copy remains in force while fetching fails.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    fetch::{self, CacheValidators, FetchRequest, Fetched},
    model::{
        audit_action::AuditAction,
        id::MetadataSourceId,
        metadata_source::{
            AcceptedAggregate, ImportedEntity, MetadataSource, MetadataSourceKind, MetadataSourceState,
        },
        remedy::Remediable,
        use_case::UseCase,
    },
    process::ProcessIdentity,
    provider::{
        error::Error,
        handle::MetadataSources,
        metadata_sources::{
            limits::{AGGREGATE_TIMEOUT, ENTITY_TIMEOUT, MAX_AGGREGATE_BYTES, max_entity_bytes},
            progress::{ImportProgress, OnProgress},
            report::UpdateReport,
            schedule,
            source_error::SourceError,
        },
    },
    store::Lease,
};

/// How long a process holds a source that it fetches; renewed while an aggregate is read.
const LEASE: TimeDelta = TimeDelta::minutes(15);
/// The longest error that is stored, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// The outcome of refreshing a source.
#[derive(Debug)]
pub enum RefreshOutcome {
    Unchanged,
    /// A new copy was accepted.
    Updated(Box<UpdateReport>),
    /// It failed; what was accepted before remains in force.
    Failed(SourceError),
    /// It has no URL: it was imported from a file.
    NoUrl,
}

/// The exclusive right to work on a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceClaim {
    pub(super) lease: Lease,
    /// Accepts an older copy, and the delisting of most entities.
    pub(super) force: bool,
}

/// What a copy says about itself, and the result of processing it.
#[derive(Debug)]
pub(super) struct SourceUpdate {
    /// Only for an aggregate.
    pub(super) copy: Option<AcceptedAggregate>,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) cache_duration: Option<TimeDelta>,
    pub(super) report: UpdateReport,
}

impl MetadataSources<'_> {
    /// Fetches the sources that are due, one after the other, and returns how many; called by a timer.
    pub fn refresh_sources(&self) -> Result<usize, Error> {
        self.may(UseCase::Change(AuditAction::MetadataSource))?;
        let mut done = 0;
        loop {
            let (now, lease) = (self.now(), self.new_lease());
            let claimed = self
                .store()
                .write(|tx| tx.claim_due_metadata_source(now, &lease, now + LEASE))?;
            let Some(id) = claimed else { return Ok(done) };
            if let Some(source) = self.store().read(|tx| tx.metadata_source(id))? {
                let job = SourceClaim { lease, force: false };
                if let RefreshOutcome::Failed(SourceError::Fetch(fetch::Error::Stopped)) =
                    self.refresh_claimed_source(&source, &job, &mut |_progress| {})?
                {
                    return Ok(done);
                }
            }
            done += 1;
        }
    }

    /// Aborts the fetch in progress and all later ones; called when the daemon stops.
    pub fn stop_fetching(&self) {
        self.dependencies().fetcher.stop();
    }

    /// Fetches one source now. `force` accepts an older copy, and the delisting of most entities.
    pub fn refresh_source(
        &self,
        source: &MetadataSource,
        force: bool,
        on_progress: OnProgress<'_>,
    ) -> Result<RefreshOutcome, Error> {
        self.may(UseCase::Change(AuditAction::MetadataSource))?;
        if source.url.is_none() {
            return Ok(RefreshOutcome::NoUrl);
        }
        match self.claim_source(source.id, force)? {
            Some(job) => self.refresh_claimed_source(source, &job, on_progress),
            None => Ok(RefreshOutcome::Failed(SourceError::Busy)),
        }
    }

    /// Claims a source, unless another process holds it.
    pub(super) fn claim_source(
        &self,
        source: MetadataSourceId,
        force: bool,
    ) -> Result<Option<SourceClaim>, Error> {
        let (now, lease) = (self.now(), self.new_lease());
        let claim = || {
            self.store()
                .write(|tx| tx.claim_metadata_source(source, now, &lease, now + LEASE))
        };
        let claimed = claim()? || (self.release_abandoned_source(source)? && claim()?);
        Ok(claimed.then_some(SourceClaim { lease, force }))
    }

    /// Releases a source whose holder has exited: a process that was killed could not release it.
    fn release_abandoned_source(&self, source: MetadataSourceId) -> Result<bool, Error> {
        let Some(lease) = self.store().read(|tx| tx.metadata_source_lease(source))? else {
            return Ok(false);
        };
        let owner = lease.first_chunk::<8>();
        if !owner.is_some_and(|owner| ProcessIdentity::current().has_exited(*owner)) {
            return Ok(false);
        }
        Ok(self
            .store()
            .write(|tx| tx.release_metadata_source(source, &lease))?)
    }

    /// A unique lease that identifies the process that holds it.
    fn new_lease(&self) -> Lease {
        let mut lease = [0; 16];
        let (owner, which) = lease.split_at_mut(8);
        owner.copy_from_slice(&ProcessIdentity::current().to_bytes());
        which.copy_from_slice(&self.random::<8>());
        lease
    }

    /// Stores imported entities and renews the lease; returns `false`, and stores nothing, if another process holds the
    /// source by now.
    pub(super) fn write_entities(
        &self,
        source: MetadataSourceId,
        job: &SourceClaim,
        known: &[ImportedEntity],
    ) -> Result<bool, Error> {
        let until = self.now() + LEASE;
        Ok(self.store().write(|tx| {
            let is_ours = tx.renew_metadata_source_lease(source, &job.lease, until)?;
            if is_ours && !known.is_empty() {
                tx.save_imported_entities(known)?;
            }
            Ok(is_ours)
        })?)
    }

    pub(super) fn refresh_claimed_source(
        &self,
        source: &MetadataSource,
        job: &SourceClaim,
        on_progress: OnProgress<'_>,
    ) -> Result<RefreshOutcome, Error> {
        match self.fetch_source(source, &mut |bytes| on_progress(ImportProgress::Fetched(bytes))) {
            Ok(Fetched::NotModified) => {
                self.finish_source(source, job, &self.state_if_unchanged(source))?;
                Ok(RefreshOutcome::Unchanged)
            }
            Ok(Fetched::Document {
                document,
                etag,
                last_modified,
            }) => {
                let taken = match source.kind {
                    MetadataSourceKind::Entity => self.update_from_entity(source, document),
                    MetadataSourceKind::Aggregate => {
                        self.update_from_aggregate(source, job, document, on_progress)
                    }
                };
                match taken {
                    Ok(Ok(update)) => {
                        let state = MetadataSourceState {
                            etag,
                            last_modified,
                            ..self.state_after_update(source, &update)
                        };
                        self.finish_updated(source, job, &state, update)
                    }
                    Ok(Err(source_error)) => self.finish_failed(source, job, source_error),
                    // Whatever prevents a copy from being accepted is recorded in the state of the source: no source
                    // may expire without a message.
                    Err(error) => self.finish_failed(source, job, SourceError::Internal(Box::new(error))),
                }
            }
            Err(source_error) => self.finish_failed(source, job, source_error.into()),
        }
    }

    fn fetch_source(
        &self,
        source: &MetadataSource,
        on_progress: &mut dyn FnMut(u64),
    ) -> Result<Fetched, fetch::Error> {
        let Some(url) = &source.url else {
            return Ok(Fetched::NotModified);
        };
        let (max_bytes, timeout) = match source.kind {
            MetadataSourceKind::Entity => (max_entity_bytes(), ENTITY_TIMEOUT),
            MetadataSourceKind::Aggregate => (MAX_AGGREGATE_BYTES, AGGREGATE_TIMEOUT),
        };
        // An expired copy is fetched in full, even if it has not changed.
        let is_over = source.state.valid_until.is_some_and(|end| end <= self.now());
        let validators = CacheValidators {
            etag: source.state.etag.as_deref().filter(|_etag| !is_over),
            last_modified: source.state.last_modified.as_deref().filter(|_date| !is_over),
        };
        let wanted = FetchRequest {
            url,
            max_bytes,
            timeout,
            validators,
        };
        self.dependencies().fetcher.fetch(&wanted, on_progress)
    }

    fn state_if_unchanged(&self, source: &MetadataSource) -> MetadataSourceState {
        let now = self.now();
        let state = source.state.clone();
        MetadataSourceState {
            next_fetch_at: Some(schedule::next_fetch(now, state.cache_duration, state.valid_until)),
            fetched_at: Some(now),
            failing_since: None,
            failures: 0,
            last_error: None,
            ..state
        }
    }

    /// The state after a copy was accepted.
    pub(super) fn state_after_update(
        &self,
        source: &MetadataSource,
        update: &SourceUpdate,
    ) -> MetadataSourceState {
        let now = self.now();
        let next = schedule::next_fetch(now, update.cache_duration, update.valid_until);
        MetadataSourceState {
            etag: None,
            last_modified: None,
            valid_until: update.valid_until,
            cache_duration: update.cache_duration,
            fetched_at: Some(now),
            next_fetch_at: source.url.is_some().then_some(next),
            failing_since: None,
            failures: 0,
            last_error: None,
            round: source.state.round + 1,
        }
    }

    /// Records the accepted copy, and releases the source.
    pub(super) fn finish_updated(
        &self,
        source: &MetadataSource,
        job: &SourceClaim,
        state: &MetadataSourceState,
        update: SourceUpdate,
    ) -> Result<RefreshOutcome, Error> {
        if let Some(copy) = &update.copy {
            self.store()
                .write(|tx| tx.record_accepted_aggregate(source.id, copy))?;
        }
        self.finish_source(source, job, state)?;
        Ok(RefreshOutcome::Updated(Box::new(update.report)))
    }

    /// Stores the state, and releases the source.
    pub(super) fn finish_source(
        &self,
        source: &MetadataSource,
        job: &SourceClaim,
        state: &MetadataSourceState,
    ) -> Result<(), Error> {
        let recovered = source.state.failing_since.is_some() && state.failing_since.is_none();
        let event = recovered.then(|| self.source_event(source, "ok", "it can be fetched again"));
        self.store().write_config(|tx| {
            tx.save_metadata_source_state(source.id, &job.lease, state)?;
            event.iter().try_for_each(|event| tx.add_audit_event(event))
        })?;
        Ok(())
    }

    pub(super) fn finish_failed(
        &self,
        source: &MetadataSource,
        job: &SourceClaim,
        source_error: SourceError,
    ) -> Result<RefreshOutcome, Error> {
        if matches!(source_error, SourceError::Fetch(fetch::Error::Stopped)) {
            self.finish_source(source, job, &source.state)?;
            return Ok(RefreshOutcome::Failed(source_error));
        }
        let now = self.now();
        let remedy = source_error.remedy();
        let remedy = remedy.as_ref().map(self.dependencies().remedy_words);
        let why = error_with_causes(&source_error) + &remedy.unwrap_or_default();
        let why: String = why.chars().take(MAX_ERROR_CHARS).collect();
        let failures = source.state.failures.saturating_add(1);
        let since = source.state.failing_since.unwrap_or(now);
        tracing::warn!(
            source = source.label(),
            why,
            failures,
            since = %since.format("%Y-%m-%dT%H:%M:%SZ"),
            "metadata could not be fetched; what was known before goes on"
        );
        let state = MetadataSourceState {
            failing_since: Some(since),
            failures,
            last_error: Some(why.clone()),
            next_fetch_at: source.url.is_some().then(|| schedule::next_retry(now, failures)),
            ..source.state.clone()
        };
        let event = (failures == 1).then(|| self.source_event(source, "failed", &why));
        self.store().write_config(|tx| {
            tx.save_metadata_source_state(source.id, &job.lease, &state)?;
            event.iter().try_for_each(|event| tx.add_audit_event(event))
        })?;
        Ok(RefreshOutcome::Failed(source_error))
    }
}

/// An error and its causes, on one line.
fn error_with_causes(error: &dyn std::error::Error) -> String {
    let mut detail = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        detail.push_str(": ");
        detail.push_str(&inner.to_string());
        cause = inner.source();
    }
    detail
}
