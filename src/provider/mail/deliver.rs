//! Sends a mail that waits.

use crate::{
    mail::OutgoingMail,
    model::{audit::AuditEvent, audit_action::AuditAction, job::Job, secret::Secret},
    provider::{audit::codes::MAIL_FAILED, handle::Mails, jobs::outcome::JobOutcome},
};

/// A daemon that was started before `key reseal` cannot open what was sealed anew, and the other way round. Both go by
/// themselves: at its restart, or when the mail expires.
const SEALED_OTHERWISE: &str =
    "it was sealed with another sealing key: after a change of that key, restart every daemon";
const UNREADABLE: &str = "another version wrote it in a form that this one cannot read";

impl Mails<'_> {
    /// Sends what `payload` holds; nothing if it could not be opened.
    pub(in crate::provider) fn deliver(&self, job: &Job, payload: Option<&Secret<Vec<u8>>>) -> JobOutcome {
        let Some(payload) = payload else {
            return JobOutcome::Failed {
                why: SEALED_OTHERWISE.to_owned(),
                given_up: self.failed(job, None, SEALED_OTHERWISE),
            };
        };
        let Some(mail) = OutgoingMail::from_bytes(payload.expose()) else {
            return JobOutcome::Failed {
                why: UNREADABLE.to_owned(),
                given_up: self.failed(job, None, UNREADABLE),
            };
        };
        let now = self.now();
        if now >= job.expires_at {
            let why = "it waited for so long that it is of no use any more";
            return JobOutcome::GivenUp {
                why: why.to_owned(),
                given_up: self.failed(job, Some(&mail), why),
            };
        }
        let our_host = self.endpoints().base.host().to_owned();
        let sent = self
            .dependencies()
            .mailer
            .send(&mail, &job.id.to_string(), &our_host, now);
        match sent {
            Ok(_) => {
                let mut event = self.event(AuditAction::MailSent, "ok", None);
                event.user = job.user;
                event.detail = Some(mail.kind);
                JobOutcome::Done(Box::new(event))
            }
            Err(error) => {
                let why = error.short();
                let given_up = self.failed(job, Some(&mail), &why);
                if error.is_permanent() {
                    JobOutcome::GivenUp { why, given_up }
                } else {
                    JobOutcome::Failed { why, given_up }
                }
            }
        }
    }

    fn failed(&self, job: &Job, mail: Option<&OutgoingMail>, why: &str) -> Box<AuditEvent> {
        let mut event = self.event(AuditAction::MailFailed, MAIL_FAILED, None);
        event.user = job.user;
        let kind = mail.map(|mail| format!("{}: ", mail.kind)).unwrap_or_default();
        event.detail = Some(format!("{kind}{why}"));
        Box::new(event)
    }
}
