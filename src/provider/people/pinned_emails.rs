//! The addresses that applications keep receiving for a person: listing, pinning and unpinning them.

use crate::{
    model::{
        application::{Application, Slug},
        audit::{AuditEvent, ValueChange},
        audit_action::AuditAction,
        id::ApplicationId,
        participant::EnteredApplication,
        use_case::UseCase,
        user::{Email, User},
    },
    provider::{error::Error, handle::People, people::email_guard::pin_name},
};

/// The outcome of pinning an address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PinOutcome {
    /// The application receives this address from the next sign-in on.
    Pinned(Email),
    /// It did so already: nothing was written.
    Unchanged(Email),
    /// The person has never signed in to it, so it knows them by no address.
    NotEntered,
    /// It has never received that address for them; it was sent these.
    NeverSent(Vec<Email>),
    /// The address is somebody else's by now: the application would take the two for one person.
    OfAnother,
}

impl People<'_> {
    /// What each application that `user` has signed in to has received, and what is pinned for it.
    pub fn entered_applications(&self, user: &User) -> Result<Vec<EnteredApplication>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.entered_applications(&[user.id]))?)
    }

    /// Lets `application` keep receiving an address that it has received for `user`: the last one, or the one that is
    /// given.
    pub fn pin_email(
        &self,
        application: &Application,
        user: &User,
        email: Option<&Email>,
    ) -> Result<PinOutcome, Error> {
        let change = UseCase::Change(AuditAction::UserPin);
        self.may(change)?;
        self.may_change(change, user.role)?;
        let known = self
            .store()
            .read(|tx| tx.application_identity(application.id, user.id))?;
        let Some(known) = known else {
            return Ok(PinOutcome::NotEntered);
        };
        let email = email.unwrap_or(&known.last_email);
        if known.pinned_email.as_ref() == Some(email) {
            return Ok(PinOutcome::Unchanged(email.clone()));
        }
        let mut sent = vec![known.first_email.clone(), known.last_email.clone()];
        sent.dedup();
        if !sent.contains(email) {
            return Ok(PinOutcome::NeverSent(sent));
        }
        let event = self.pin_event(
            application.id,
            &application.slug,
            user,
            known.pinned_email.as_ref(),
            Some(email),
        );
        let pinned = self.store().write(|tx| {
            if !tx.pin_email(application.id, user.id, email)? {
                return Ok(false);
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(if pinned {
            PinOutcome::Pinned(email.clone())
        } else {
            PinOutcome::OfAnother
        })
    }

    /// Lets an application receive the person's own address again. Returns the address that was pinned, if there was
    /// one.
    pub fn unpin_email(&self, entered: &EnteredApplication, user: &User) -> Result<Option<Email>, Error> {
        let change = UseCase::Change(AuditAction::UserPin);
        self.may(change)?;
        self.may_change(change, user.role)?;
        let Some(pinned) = &entered.identity.pinned_email else {
            return Ok(None);
        };
        let application = entered.identity.application;
        let event = self.pin_event(application, &entered.slug, user, Some(pinned), None);
        let unpinned = self.store().write(|tx| {
            if !tx.unpin_email(application, user.id)? {
                return Ok(false);
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(unpinned.then(|| pinned.clone()))
    }

    fn pin_event(
        &self,
        application: ApplicationId,
        slug: &Slug,
        user: &User,
        before: Option<&Email>,
        after: Option<&Email>,
    ) -> AuditEvent {
        AuditEvent {
            application: Some(application),
            changes: vec![ValueChange {
                name: pin_name(slug),
                old: before.map(ToString::to_string),
                new: after.map(ToString::to_string),
            }],
            ..self.user_event(AuditAction::UserPin, user.id)
        }
    }
}
