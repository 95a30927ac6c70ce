//! Does jobs that are due, one at a time.

use chrono::TimeDelta;

use crate::{
    model::{
        actor::Actor,
        job::{Job, JobKind},
    },
    process::ProcessIdentity,
    provider::{
        error::Error,
        handle::Jobs,
        jobs::{backoff::next_attempt, outcome::JobOutcome},
    },
    store::{Lease, Tx},
};

/// How long a job is ours: longer than any attempt takes.
const LEASE: TimeDelta = TimeDelta::minutes(10);

impl Jobs<'_> {
    /// Lets jobs go that are held by processes of this machine which have exited, such as a daemon that was stopped while
    /// a mail server was slow. Called when the daemon starts.
    pub fn release_abandoned(&self) -> Result<(), Error> {
        for (id, lease) in self.store().read(Tx::held_jobs)? {
            let owner = lease.first_chunk::<8>();
            if owner.is_some_and(|owner| ProcessIdentity::current().has_exited(*owner)) {
                self.store().write(|tx| tx.release_job(id, &lease))?;
            }
        }
        Ok(())
    }

    /// Does the job that has been due for longest; `false` if there is none. Called by one thread of the daemon.
    pub fn run_due_job(&self) -> Result<bool, Error> {
        let now = self.now();
        if !self.store().read(|tx| tx.has_due_job(now))? {
            return Ok(false);
        }
        let lease = self.new_job_lease();
        let claimed = self
            .store()
            .write(|tx| tx.claim_due_job(now, &lease, now + LEASE))?;
        let Some(job) = claimed else { return Ok(false) };
        let outcome = self.attempt(&job)?;
        self.record(&job, &lease, outcome)?;
        Ok(true)
    }

    fn attempt(&self, job: &Job) -> Result<JobOutcome, Error> {
        let payload = self.job_key().open(job.id, job.kind.name(), &job.sealed)?;
        match job.kind {
            JobKind::Recovery => self.answer_recovery(job, payload.as_ref()),
            JobKind::Mail => Ok(self.mail(&Actor::Itself).deliver(job, payload.as_ref())),
        }
    }

    /// Writes down what became of an attempt, unless somebody else holds the job by now. If this fails, the job is done
    /// again when the lease has ended.
    fn record(&self, job: &Job, lease: &Lease, outcome: JobOutcome) -> Result<(), Error> {
        let now = self.now();
        let kind = job.kind.name();
        let (why, event) = match outcome {
            JobOutcome::Done(event) => (None, Some(event)),
            JobOutcome::Over => (None, None),
            JobOutcome::GivenUp { why, given_up } => (Some(why), Some(given_up)),
            JobOutcome::Failed { why, given_up } => {
                let [random] = self.random();
                match next_attempt(now, job.attempts.saturating_add(1), job.expires_at, random) {
                    Some(next) => {
                        tracing::warn!(
                            job = %job.id,
                            kind,
                            attempts = job.attempts.saturating_add(1),
                            next_attempt = %next.format("%Y-%m-%d %H:%M:%SZ"),
                            "a job failed, and is tried again: {why}"
                        );
                        self.store().write(|tx| tx.retry_job(job.id, lease, next, &why))?;
                        return Ok(());
                    }
                    None => (Some(why), Some(given_up)),
                }
            }
        };
        let was_ours = self.store().write(|tx| {
            let was_ours = tx.finish_job(job.id, lease, now, why.as_deref())?;
            if let (true, Some(event)) = (was_ours, &event) {
                tx.add_audit_event(event)?;
            }
            Ok(was_ours)
        })?;
        match why {
            Some(why) if was_ours => {
                tracing::error!(job = %job.id, kind, "a job was given up: {why}");
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// A unique lease, with the process that holds it.
    fn new_job_lease(&self) -> Lease {
        let mut lease = [0; 16];
        let (owner, which) = lease.split_at_mut(8);
        owner.copy_from_slice(&ProcessIdentity::current().to_bytes());
        which.copy_from_slice(&self.random::<8>());
        lease
    }
}
