//! What applications hold for a person by OpenID Connect.

use crate::{
    model::{
        application::{Application, Slug},
        audit_action::AuditAction,
        use_case::UseCase,
        user::{Email, User},
    },
    provider::{error::Error, handle::People},
};

/// The outcome of ending the grants of a person.
#[derive(Debug)]
pub enum RevokeOutcome {
    /// How many ended.
    Done(usize),
    UnknownUser,
    UnknownApplication,
}

impl People<'_> {
    /// Ends every token that applications hold for a person, or one application holds. Their sessions go on.
    pub fn revoke_tokens(&self, email: &Email, slug: Option<&Slug>) -> Result<RevokeOutcome, Error> {
        let change = UseCase::Change(AuditAction::GrantEnd);
        self.may(change)?;
        let Some(user) = self.store().read(|tx| tx.user_by_email(email))? else {
            return Ok(RevokeOutcome::UnknownUser);
        };
        self.may_change(change, user.role)?;
        let application = match slug {
            None => None,
            Some(slug) => match self.store().read(|tx| tx.application_by_slug(slug))? {
                Some(application) => Some(application),
                None => return Ok(RevokeOutcome::UnknownApplication),
            },
        };
        self.end_grants(&user, application.as_ref())
    }

    fn end_grants(&self, user: &User, application: Option<&Application>) -> Result<RevokeOutcome, Error> {
        let now = self.now();
        let mut event = self.event(AuditAction::GrantEnd, "ok", None);
        event.user = Some(user.id);
        event.application = application.map(|application| application.id);
        let ended = self.store().write(|tx| {
            let ended = tx.end_grants_of_user(user.id, application.map(|application| application.id), now)?;
            event.detail = Some(format!("grants that ended: {ended}"));
            tx.add_audit_event(&event)?;
            Ok(ended)
        })?;
        Ok(RevokeOutcome::Done(ended))
    }
}
