//! "Forgot your password?": the answer is the same whether somebody has the address or not, in content and in work. The
//! request only counts and leaves a job; who has the address is looked up by the worker.

use chrono::TimeDelta;

use crate::{
    model::{
        actor::Actor,
        audit::AuditEvent,
        audit_action::AuditAction,
        job::{Job, JobKind},
        one_time_link::LinkPurpose,
        secret::Secret,
        throttle::{RateLimit, ThrottlePolicy, address_key},
        user::{Email, canonical_account},
    },
    provider::{
        error::Error,
        handle::{Jobs, SignIn},
        jobs::outcome::JobOutcome,
        visitor::Visitor,
    },
};

/// How many links one address may ask for in an hour.
const REQUESTS_FROM_AN_ADDRESS: ThrottlePolicy = ThrottlePolicy {
    free: 20,
    first_pause: TimeDelta::hours(1),
    longest_pause: TimeDelta::hours(1),
    forget_after: TimeDelta::hours(1),
};

/// A request that the worker comes to later than this is of no use.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(30);

impl SignIn<'_> {
    /// Has a link mailed to whoever has the address, if somebody has it; at most 20 an hour from one client.
    pub fn request_recovery(&self, typed_email: &str, visitor: &Visitor) -> Result<(), Error> {
        let Ok(email) = Email::parse(&canonical_account(typed_email)) else {
            return Ok(());
        };
        let now = self.now();
        let job = self.new_job(
            JobKind::Recovery,
            None,
            email.as_str().as_bytes(),
            now + LONGEST_WAIT,
        )?;
        let bucket = format!("recovery:{}", address_key(visitor.address));
        Ok(self.store().write(
            |tx| match tx.count_attempt(&bucket, &REQUESTS_FROM_AN_ADDRESS, now)? {
                RateLimit::Allowed => tx.add_job(&job),
                RateLimit::RetryAfter(_) => Ok(()),
            },
        )?)
    }
}

impl Jobs<'_> {
    /// Does what [`SignIn::request_recovery`] left.
    pub(in crate::provider) fn answer_recovery(
        &self,
        job: &Job,
        payload: Option<&Secret<Vec<u8>>>,
    ) -> Result<JobOutcome, Error> {
        let email = payload
            .and_then(|payload| std::str::from_utf8(payload.expose()).ok())
            .and_then(|text| Email::parse(text).ok())
            .filter(|_email| self.now() < job.expires_at);
        let Some(email) = email else {
            return Ok(JobOutcome::Over);
        };
        let user = self.store().read(|tx| tx.user_by_email(&email))?;
        let Some(user) = user.filter(|user| user.enabled) else {
            return Ok(JobOutcome::Over);
        };
        let new = self.new_link(&user, LinkPurpose::Recovery, true)?;
        // Mail was set up when the person asked.
        if !new.is_mailed() {
            return Ok(JobOutcome::Over);
        }
        let event = AuditEvent {
            user: Some(user.id),
            detail: Some("asked for on the sign-in page".to_owned()),
            ..self.event_by(&Actor::Itself, AuditAction::UserRecoveryLink, "ok", None)
        };
        self.store().write(|tx| new.write(tx, &user.email, &event))?;
        Ok(JobOutcome::Over)
    }
}
