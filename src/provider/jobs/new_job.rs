//! A job that is to be done.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        id::{JobId, UserId},
        job::{Job, JobKind},
    },
    provider::{core::Provider, error::Error},
};

impl Provider {
    /// A job that is due at once. Whoever stores it (`Tx::add_job`) does so in the transaction of the change that it
    /// follows from.
    pub(in crate::provider) fn new_job(
        &self,
        kind: JobKind,
        user: Option<UserId>,
        payload: &[u8],
        expires_at: DateTime<Utc>,
    ) -> Result<Job, Error> {
        let now = self.now();
        let id = JobId::new(now, self.random());
        Ok(Job {
            id,
            kind,
            user,
            sealed: self.job_key().seal(id, kind.name(), payload, self.random())?,
            run_at: now,
            attempts: 0,
            created_at: now,
            expires_at,
        })
    }
}
