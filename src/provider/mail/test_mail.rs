//! Sends a mail while somebody waits for the server's answer.

use crate::{
    mail::{Delivered, Mail, SendError},
    model::{audit_action::AuditAction, id::JobId, mail::Recipient, use_case::UseCase, user::Email},
    provider::{error::Error, handle::Mails},
};

impl Mails<'_> {
    /// Sends a mail to `email` at once, and returns what the server said.
    pub fn send_test(&self, email: &Email) -> Result<Result<Delivered, SendError>, Error> {
        self.may(UseCase::Change(AuditAction::MailSent))?;
        Ok(self.send_test_now(email))
    }

    fn send_test_now(&self, email: &Email) -> Result<Delivered, SendError> {
        let mailer = &self.dependencies().mailer;
        let settings = mailer.settings().ok_or(SendError::NotSetUp)?;
        let to = Recipient {
            user: None,
            name: None,
            email: email.clone(),
            language: None,
        };
        let mail = self.compose(&Mail::Test, &to, &settings)?;
        let now = self.now();
        let id = JobId::new(now, self.random());
        let our_host = self.endpoints().base.host().to_owned();
        mailer.send(&mail, &id.to_string(), &our_host, now)
    }
}
