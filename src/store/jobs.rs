//! `jobs`: work that waits until it is done. A job is done at least once: a process that is killed after the work and
//! before [`Tx::finish_job`] leaves it to the next one.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Nullable, Text, Timestamp},
};

use crate::{
    model::{
        id::{JobId, UserId},
        job::{Job, JobKind, SealedJob},
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        saml::metadata_sources::Lease,
        schema::jobs,
    },
};

impl Tx {
    /// Adds a job, which is done if and when this transaction is committed.
    pub fn add_job(&mut self, job: &Job) -> Result<(), Error> {
        diesel::insert_into(jobs::table)
            .values(NewRow {
                id: job.id.to_string(),
                kind: job.kind.name(),
                user_id: job.user.map(|user| user.to_string()),
                payload: &job.sealed,
                run_at: job.run_at.naive_utc(),
                attempts: i64::from(job.attempts),
                created_at: job.created_at.naive_utc(),
                expires_at: job.expires_at.naive_utc(),
            })
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Whether a job waits to be done now. Asked often, and so without a write.
    pub fn has_due_job(&mut self, now: DateTime<Utc>) -> Result<bool, Error> {
        let free = jobs::leased_until
            .is_null()
            .or(jobs::leased_until.le(now.naive_utc()));
        let due = jobs::table
            .filter(jobs::done_at.is_null())
            .filter(jobs::run_at.le(now.naive_utc()))
            .filter(jobs::kind.eq_any(JobKind::ALL.map(JobKind::name)))
            .filter(free)
            .select(jobs::id);
        Ok(due.first::<String>(&mut self.0).optional()?.is_some())
    }

    /// Claims the job that has been due for longest, so that nobody else does it before `until`. Kinds that only another
    /// version knows are left to it.
    pub fn claim_due_job(
        &mut self,
        now: DateTime<Utc>,
        lease: &Lease,
        until: DateTime<Utc>,
    ) -> Result<Option<Job>, Error> {
        let skip = self.skip_locked();
        let kinds = JobKind::ALL.map(|kind| format!("'{}'", kind.name())).join(", ");
        let claimed: Option<ClaimedRow> = diesel::sql_query(format!(
            "UPDATE jobs SET lease = $1, leased_until = $2 WHERE id = \
             (SELECT id FROM jobs WHERE done_at IS NULL AND run_at <= $3 AND kind IN ({kinds}) \
              AND (leased_until IS NULL OR leased_until <= $3) ORDER BY run_at LIMIT 1{skip}) \
             RETURNING id, kind, user_id, payload, run_at, attempts, created_at, expires_at"
        ))
        .bind::<Binary, _>(lease.as_slice())
        .bind::<Timestamp, _>(until.naive_utc())
        .bind::<Timestamp, _>(now.naive_utc())
        .get_result(&mut self.0)
        .optional()?;
        claimed.map(Job::try_from).transpose()
    }

    /// Leaves a job that is held under `lease` for later; `false` if somebody else holds it by now.
    pub fn retry_job(
        &mut self,
        id: JobId,
        lease: &Lease,
        run_at: DateTime<Utc>,
        why: &str,
    ) -> Result<bool, Error> {
        let held = jobs::table
            .find(id.to_string())
            .filter(jobs::lease.eq(lease.as_slice()));
        let rows = diesel::update(held)
            .set((
                jobs::run_at.eq(run_at.naive_utc()),
                jobs::attempts.eq(jobs::attempts + 1),
                jobs::last_error.eq(why),
                jobs::lease.eq(None::<Vec<u8>>),
                jobs::leased_until.eq(None::<NaiveDateTime>),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Ends a job that is held under `lease`, done or given up because of `why`, and erases its payload; `false` if
    /// somebody else holds it by now.
    pub fn finish_job(
        &mut self,
        id: JobId,
        lease: &Lease,
        now: DateTime<Utc>,
        why: Option<&str>,
    ) -> Result<bool, Error> {
        let held = jobs::table
            .find(id.to_string())
            .filter(jobs::lease.eq(lease.as_slice()));
        let rows = diesel::update(held)
            .set((
                jobs::done_at.eq(now.naive_utc()),
                jobs::payload.eq(None::<Vec<u8>>),
                jobs::attempts.eq(jobs::attempts + 1),
                jobs::last_error.eq(why),
                jobs::lease.eq(None::<Vec<u8>>),
                jobs::leased_until.eq(None::<NaiveDateTime>),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// The jobs that somebody holds.
    pub fn held_jobs(&mut self) -> Result<Vec<(JobId, Lease)>, Error> {
        let rows = jobs::table
            .filter(jobs::lease.is_not_null())
            .select(HeldRow::as_select())
            .load(&mut self.0)?;
        rows.into_iter()
            .map(|row| {
                let name = RowContext::new("jobs", &row.id);
                let lease = row.lease.unwrap_or_default().try_into();
                Ok((name.valid(row.id.parse())?, name.column("lease").valid(lease)?))
            })
            .collect()
    }

    /// Lets a job go that is held under `lease`, without an attempt.
    pub fn release_job(&mut self, id: JobId, lease: &Lease) -> Result<(), Error> {
        let held = jobs::table
            .find(id.to_string())
            .filter(jobs::lease.eq(lease.as_slice()));
        diesel::update(held)
            .set((
                jobs::lease.eq(None::<Vec<u8>>),
                jobs::leased_until.eq(None::<NaiveDateTime>),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// What is sealed of the jobs that wait.
    pub fn sealed_jobs(&mut self) -> Result<Vec<SealedJob>, Error> {
        let rows = jobs::table
            .filter(jobs::payload.is_not_null())
            .select(SealedRow::as_select())
            .load(&mut self.0)?;
        rows.into_iter()
            .map(|row| {
                Ok(SealedJob {
                    id: RowContext::new("jobs", &row.id).valid(row.id.parse())?,
                    kind: row.kind,
                    sealed: row.payload.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Replaces what is sealed of a job, unless it has changed since it was read.
    pub fn reseal_job(&mut self, id: JobId, before: &[u8], after: &[u8]) -> Result<(), Error> {
        let unchanged = jobs::table.find(id.to_string()).filter(jobs::payload.eq(before));
        diesel::update(unchanged)
            .set(jobs::payload.eq(after))
            .execute(&mut self.0)?;
        Ok(())
    }
}

#[derive(Insertable)]
#[diesel(table_name = jobs)]
struct NewRow<'a> {
    id: String,
    kind: &'static str,
    user_id: Option<String>,
    payload: &'a [u8],
    run_at: NaiveDateTime,
    attempts: i64,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct SealedRow {
    id: String,
    kind: String,
    payload: Option<Vec<u8>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct HeldRow {
    id: String,
    lease: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    payload: Option<Vec<u8>>,
    #[diesel(sql_type = Timestamp)]
    run_at: NaiveDateTime,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
}

impl TryFrom<ClaimedRow> for Job {
    type Error = Error;

    fn try_from(row: ClaimedRow) -> Result<Self, Error> {
        let name = RowContext::new("jobs", &row.id);
        Ok(Self {
            id: name.valid(row.id.parse())?,
            kind: name.column("kind").required(JobKind::from_name(&row.kind))?,
            user: name.optional(row.user_id, |id| id.parse::<UserId>())?,
            sealed: row.payload.unwrap_or_default(),
            run_at: row.run_at.and_utc(),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
        })
    }
}
