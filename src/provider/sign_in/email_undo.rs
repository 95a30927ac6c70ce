//! The old address of a user undoes a change of it: for whoever reads its mail, signed in or not.

use crate::{
    mail::EmailMail,
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        email_change::EmailChange,
        job::Job,
        secret::Token,
        user::{Email, User},
    },
    provider::{error::Error, handle::SignIn, sign_in::email_change::email_changes, visitor::Visitor},
    store::{EditOutcome, Error as StoreError},
};

/// How many times it is tried again because somebody changed the account at the same moment.
const MAX_TRIES: usize = 5;

impl SignIn<'_> {
    /// The address that this link brings back, without using it up: mail scanners open links too.
    pub fn email_undo(&self, token: &Token) -> Result<Option<Email>, Error> {
        Ok(self.undoable(token)?.map(|(change, _user)| change.old_email))
    }

    /// Uses the link up: the user has the address of before again, and every session, device and link of theirs ends.
    /// Later changes are undone with it, so that it wins over whoever changed the address again. Returns the address;
    /// `None` if the link works no more.
    pub fn undo_email_change(&self, token: &Token, visitor: &Visitor) -> Result<Option<Email>, Error> {
        let mut tries = 0;
        loop {
            let Some((change, before)) = self.undoable(token)? else {
                return Ok(None);
            };
            let mails = self.undone_mails(&before, &change.old_email)?;
            match self.write_undo(token, (&change, &before), &mails, visitor) {
                Ok(true) => return Ok(Some(change.old_email)),
                Ok(false) => return Ok(None),
                Err(StoreError::PeopleChanged) if tries < MAX_TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn undoable(&self, token: &Token) -> Result<Option<(EmailChange, User)>, Error> {
        let now = self.now();
        let found = self.store().read(|tx| {
            let Some(change) = tx.undoable_email_change(token.hash(), now)? else {
                return Ok(None);
            };
            Ok(tx.user(change.user)?.map(|user| (change, user)))
        })?;
        Ok(found.filter(|(_change, user)| user.deleted_at.is_none()))
    }

    /// To both addresses.
    fn undone_mails(&self, user: &User, old_email: &Email) -> Result<Vec<Job>, Error> {
        let mut mails = Vec::new();
        let mut addresses = vec![old_email, &user.email];
        addresses.dedup();
        for to in addresses {
            let mail = EmailMail::Undone {
                greeting: user.names.greeting().to_owned(),
                email: old_email.to_string(),
            };
            mails.extend(self.email_mail(mail, user, to, None)?);
        }
        Ok(mails)
    }

    fn write_undo(
        &self,
        token: &Token,
        (change, before): (&EmailChange, &User),
        mails: &[Job],
        visitor: &Visitor,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let user = User {
            email: change.old_email.clone(),
            updated_at: now,
            ..before.clone()
        };
        let mut event = AuditEvent {
            user: Some(user.id),
            changes: email_changes(before, &user, &[]),
            ..self.event(AuditAction::UserEmailUndo, "ok", Some(visitor))
        };
        self.store().write(|tx| {
            let undone = tx.undo_email_change(token.hash(), change)?;
            if undone.is_empty() {
                return Ok(false);
            }
            if user.email != before.email && tx.edit_user(&user)? != EditOutcome::Done {
                return Err(StoreError::PeopleChanged);
            }
            for undone in &undone {
                tx.unpin_email_everywhere(user.id, &undone.new_email)?;
            }
            tx.unpin_own_email(&user)?;
            // Whoever changed it may have set what lets them in again.
            if let Some(since) = change.confirmed_at {
                let factors = tx.remove_second_factors_since(user.id, since)?;
                let password = tx.remove_password_since(user.id, since)?;
                event.detail = removed(factors, password);
            }
            // Whoever changed it may be signed in, on devices that are known by now, and have links in their mail.
            tx.end_sessions_of(user.id, now, "the change of the e-mail address was undone")?;
            tx.end_grants_of_user(user.id, None, now)?;
            tx.remove_known_devices(user.id)?;
            tx.remove_one_time_links(user.id)?;
            for mail in mails {
                tx.add_job(mail)?;
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        })
    }
}

/// For the audit log.
fn removed(factors: usize, password: bool) -> Option<String> {
    let factors = (factors > 0).then(|| format!("second factors set up since the change: {factors}"));
    let password = password.then(|| "the password set since the change".to_owned());
    let parts: Vec<String> = factors.into_iter().chain(password).collect();
    (!parts.is_empty()).then(|| format!("removed: {}", parts.join(", ")))
}
