//! Sources that are due, fetched again: by one replica at a time, and the old copy goes on while the new
//! one fails.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    fetch::{self, Fetched, Known, Wanted},
    model::{
        id::SourceId,
        metadata_source::{KnownEntity, MetadataSource, SourceKind, SourceState, TakenCopy},
    },
    process::ProcessMark,
    provider::{
        Provider,
        error::Error,
        sources::{
            AGGREGATE_WITHIN, MOST_OF_AGGREGATE, Progress, Told, Trouble, WITHIN, most_of_entity,
            report::Taken, schedule,
        },
    },
    store::Lease,
};

/// How long whoever fetches a source has it for himself; kept up while an aggregate is read.
const LEASE: TimeDelta = TimeDelta::minutes(15);
/// The longest error that is kept, in characters.
const LONGEST_ERROR: usize = 500;

/// What came of fetching a source by hand.
#[derive(Debug)]
pub enum Refreshed {
    /// Nothing new.
    Unchanged,
    /// A new copy was taken up.
    Taken(Box<Taken>),
    /// It was not; what was known before goes on.
    Failed(Trouble),
    /// It is not fetched: it came from a file.
    NoUrl,
}

/// The right to work on a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) lease: Lease,
    /// Whether entities may go in masses.
    pub(super) force: bool,
}

/// What a copy says of itself, and what came of taking it up.
#[derive(Debug)]
pub(super) struct Took {
    /// The copy itself, where it is signed.
    pub(super) copy: Option<TakenCopy>,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) cache_duration: Option<TimeDelta>,
    pub(super) report: Taken,
}

impl Provider {
    /// Fetches the sources that are due, one after the other, and says how many; called by a timer.
    pub fn refresh_sources(&self) -> Result<usize, Error> {
        let mut done = 0;
        loop {
            let (now, lease) = (self.now(), self.lease());
            let claimed = self
                .store()
                .write(|tx| tx.claim_due_source(now, &lease, now + LEASE))?;
            let Some(id) = claimed else { return Ok(done) };
            if let Some(source) = self.store().read(|tx| tx.source(id))? {
                let job = Job { lease, force: false };
                if let Refreshed::Failed(Trouble::Fetch(fetch::Error::Stopped)) =
                    self.refresh_claimed(&source, &job, &mut |_progress| {})?
                {
                    return Ok(done);
                }
            }
            done += 1;
        }
    }

    /// Ends what is being fetched, and everything after it; called when the daemon stops.
    pub fn stop_fetching(&self) {
        self.parts().fetcher.stop();
    }

    /// Fetches one source now. `force` lets most of an aggregate's entities go.
    pub fn refresh_source(
        &self,
        source: &MetadataSource,
        force: bool,
        told: Told<'_>,
    ) -> Result<Refreshed, Error> {
        if source.url.is_none() {
            return Ok(Refreshed::NoUrl);
        }
        match self.claim(source.id, force)? {
            Some(job) => self.refresh_claimed(source, &job, told),
            None => Ok(Refreshed::Failed(Trouble::Busy)),
        }
    }

    /// Takes a source for oneself, if nobody else has it.
    pub(super) fn claim(&self, source: SourceId, force: bool) -> Result<Option<Job>, Error> {
        let (now, lease) = (self.now(), self.lease());
        let claim = || {
            self.store()
                .write(|tx| tx.claim_source(source, now, &lease, now + LEASE))
        };
        let claimed = claim()? || (self.left_behind(source)? && claim()?);
        Ok(claimed.then_some(Job { lease, force }))
    }

    /// Lets a source go that a process had taken which is gone: one that was killed does not do so itself.
    fn left_behind(&self, source: SourceId) -> Result<bool, Error> {
        let Some(lease) = self.store().read(|tx| tx.lease_of(source))? else {
            return Ok(false);
        };
        let whose = lease.first_chunk::<8>();
        if !whose.is_some_and(|whose| ProcessMark::own().is_gone(*whose)) {
            return Ok(false);
        }
        Ok(self.store().write(|tx| tx.release_source(source, &lease))?)
    }

    /// A lease nobody else has, which tells whose it is.
    fn lease(&self) -> Lease {
        let mut lease = [0; 16];
        let (whose, which) = lease.split_at_mut(8);
        whose.copy_from_slice(&ProcessMark::own().to_bytes());
        which.copy_from_slice(&self.chance::<8>());
        lease
    }

    /// Writes entities that are known now, and keeps the source; `false`, and nothing is written, if somebody
    /// else has it by now.
    pub(super) fn keep(&self, source: SourceId, job: &Job, known: &[KnownEntity]) -> Result<bool, Error> {
        let until = self.now() + LEASE;
        Ok(self.store().write(|tx| {
            let is_mine = tx.keep_source(source, &job.lease, until)?;
            if is_mine && !known.is_empty() {
                tx.write_known(known)?;
            }
            Ok(is_mine)
        })?)
    }

    pub(super) fn refresh_claimed(
        &self,
        source: &MetadataSource,
        job: &Job,
        told: Told<'_>,
    ) -> Result<Refreshed, Error> {
        match self.fetch_source(source, &mut |bytes| told(Progress::Fetched(bytes))) {
            Ok(Fetched::Unchanged) => {
                self.done(source, job, &self.unchanged(source))?;
                Ok(Refreshed::Unchanged)
            }
            Ok(Fetched::Document {
                document,
                etag,
                last_modified,
            }) => {
                let taken = match source.kind {
                    SourceKind::Entity => self.take_entity(source, document),
                    SourceKind::Aggregate => self.take_aggregate(source, job, document, told),
                };
                match taken {
                    Ok(Ok(took)) => {
                        let state = SourceState {
                            etag,
                            last_modified,
                            ..self.fresh(source, &took)
                        };
                        self.taken(source, job, &state, took)
                    }
                    Ok(Err(trouble)) => self.failed(source, job, trouble),
                    // Whatever keeps a copy from being taken is the source's state: it must not expire unsaid.
                    Err(error) => self.failed(source, job, Trouble::Ours(Box::new(error))),
                }
            }
            Err(trouble) => self.failed(source, job, trouble.into()),
        }
    }

    fn fetch_source(
        &self,
        source: &MetadataSource,
        told: &mut dyn FnMut(u64),
    ) -> Result<Fetched, fetch::Error> {
        let Some(url) = &source.url else {
            return Ok(Fetched::Unchanged);
        };
        let (most, within) = match source.kind {
            SourceKind::Entity => (most_of_entity(), WITHIN),
            SourceKind::Aggregate => (MOST_OF_AGGREGATE, AGGREGATE_WITHIN),
        };
        // A copy that has ended is worth nothing, unchanged or not.
        let is_over = source.state.valid_until.is_some_and(|end| end <= self.now());
        let known = Known {
            etag: source.state.etag.as_deref().filter(|_etag| !is_over),
            last_modified: source.state.last_modified.as_deref().filter(|_date| !is_over),
        };
        let wanted = Wanted {
            url,
            most,
            within,
            known,
        };
        self.parts().fetcher.fetch(&wanted, told)
    }

    fn unchanged(&self, source: &MetadataSource) -> SourceState {
        let now = self.now();
        let state = source.state.clone();
        SourceState {
            next_at: Some(schedule::next(now, state.cache_duration, state.valid_until)),
            fetched_at: Some(now),
            failing_since: None,
            failures: 0,
            last_error: None,
            ..state
        }
    }

    /// The state after a copy was taken up.
    pub(super) fn fresh(&self, source: &MetadataSource, took: &Took) -> SourceState {
        let now = self.now();
        let next = schedule::next(now, took.cache_duration, took.valid_until);
        SourceState {
            etag: None,
            last_modified: None,
            valid_until: took.valid_until,
            cache_duration: took.cache_duration,
            fetched_at: Some(now),
            next_at: source.url.is_some().then_some(next),
            failing_since: None,
            failures: 0,
            last_error: None,
            round: source.state.round + 1,
        }
    }

    /// Notes the copy that was taken, and lets the source go.
    pub(super) fn taken(
        &self,
        source: &MetadataSource,
        job: &Job,
        state: &SourceState,
        took: Took,
    ) -> Result<Refreshed, Error> {
        if let Some(copy) = &took.copy {
            self.store().write(|tx| tx.note_copy(source.id, copy))?;
        }
        self.done(source, job, state)?;
        Ok(Refreshed::Taken(Box::new(took.report)))
    }

    /// Writes the state down and lets the source go.
    pub(super) fn done(&self, source: &MetadataSource, job: &Job, state: &SourceState) -> Result<(), Error> {
        let recovered = source.state.failing_since.is_some() && state.failing_since.is_none();
        let event = recovered.then(|| self.about_source(source, "ok", "it can be fetched again"));
        self.store().write(|tx| {
            // Until when an application's metadata counts is among what every replica keeps in memory.
            if tx.finish_source(source.id, &job.lease, state)?
                && state.valid_until != source.state.valid_until
            {
                tx.raise_generation()?;
            }
            event.iter().try_for_each(|event| tx.add_audit(event))
        })?;
        Ok(())
    }

    pub(super) fn failed(
        &self,
        source: &MetadataSource,
        job: &Job,
        trouble: Trouble,
    ) -> Result<Refreshed, Error> {
        if matches!(trouble, Trouble::Fetch(fetch::Error::Stopped)) {
            self.done(source, job, &source.state)?;
            return Ok(Refreshed::Failed(trouble));
        }
        let now = self.now();
        let why: String = said(&trouble).chars().take(LONGEST_ERROR).collect();
        let failures = source.state.failures.saturating_add(1);
        let since = source.state.failing_since.unwrap_or(now);
        tracing::warn!(
            source = source.called(),
            why,
            failures,
            since = %since.format("%Y-%m-%dT%H:%M:%SZ"),
            "metadata could not be fetched; what was known before goes on"
        );
        let state = SourceState {
            failing_since: Some(since),
            failures,
            last_error: Some(why.clone()),
            next_at: source.url.is_some().then(|| schedule::retry(now, failures)),
            ..source.state.clone()
        };
        let event = (failures == 1).then(|| self.about_source(source, "failed", &why));
        self.store().write(|tx| {
            tx.finish_source(source.id, &job.lease, &state)?;
            event.iter().try_for_each(|event| tx.add_audit(event))
        })?;
        Ok(Refreshed::Failed(trouble))
    }
}

/// The whole of an error on one line.
fn said(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    words
}
