//! Mail that waits to be sent.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    mail::{Mail, OutgoingMail, SendError, compose},
    model::{
        audit_action::AuditAction,
        job::{Job, JobKind},
        mail::{MailSettings, Recipient},
        use_case::UseCase,
    },
    provider::{error::Error, handle::Mails},
};

/// How long the worker tries to send a mail that stays useful.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(1);

impl Mails<'_> {
    /// Whether mail is set up. Whoever wants to send some finds another way where it is not.
    pub fn is_set_up(&self) -> bool {
        self.dependencies().mailer.settings().is_some()
    }

    /// Writes a mail. It is sent if the caller stores it, by `Tx::add_job`, in the transaction of the change that it
    /// tells of. It is given up at `useful_until`, such as when a link in it ends, or after a day. Nothing where mail is
    /// not set up.
    pub fn prepare(
        &self,
        mail: &Mail,
        to: &Recipient,
        useful_until: Option<DateTime<Utc>>,
    ) -> Result<Option<Job>, Error> {
        let Some(settings) = self.dependencies().mailer.settings() else {
            return Ok(None);
        };
        let longest = self.now() + LONGEST_WAIT;
        let expires_at = useful_until.map_or(longest, |until| until.min(longest));
        let payload = self.compose(mail, to, &settings)?.to_bytes()?;
        self.new_job(JobKind::Mail, to.user, &payload, expires_at)
            .map(Some)
    }

    /// Has a mail sent that belongs to no change; `false` where mail is not set up.
    pub fn queue(&self, mail: &Mail, to: &Recipient) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::MailSent))?;
        let Some(job) = self.prepare(mail, to, None)? else {
            return Ok(false);
        };
        self.store().write(|tx| tx.add_job(&job))?;
        Ok(true)
    }

    /// Writes a mail in the recipient's language.
    pub(super) fn compose(
        &self,
        mail: &Mail,
        to: &Recipient,
        settings: &MailSettings,
    ) -> Result<OutgoingMail, SendError> {
        let address = self.endpoints().base.origin();
        let words = compose(
            mail,
            to.language.unwrap_or(settings.language),
            &settings.organisation,
            address,
        )
        .map_err(|why| SendError::Unwritable(why.to_string()))?;
        Ok(OutgoingMail::new(mail.name(), to, words))
    }
}
