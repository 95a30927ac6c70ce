//! A user changes their own e-mail address: the new one has to open a link, and the old one can undo it for a week.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    mail::{EmailMail, Mail},
    model::{
        actor::Actor,
        audit::{AuditEvent, ValueChange},
        audit_action::AuditAction,
        email_change::{CONFIRM_LIFETIME, EmailChange, EmailChangeRule, EmailDomain, UNDO_LIFETIME},
        endpoint::path,
        hash::sha256_hex,
        job::Job,
        mail::Recipient,
        secret::Token,
        text::BadText,
        throttle::{RateLimit, ThrottlePolicy, address_key},
        user::{Email, OwnAttributes, User, UserSummary},
    },
    provider::{
        audit::{changes, codes},
        error::Error,
        handle::SignIn,
        people::{
            email_decisions::{EmailDecision, EmailDecisions, EmailEffect},
            email_guard::{KeptEmail, kept_emails, write_kept_emails},
            password_links::MAILS_FOR_A_PERSON,
        },
        session::ActiveSession,
        sign_in::enrolment::{FRESH, FactorChange, STILL_FRESH},
        visitor::Visitor,
    },
    store::{EditOutcome, Error as StoreError},
};

/// How many links one network address may ask for in an hour.
const REQUESTS_FROM_AN_ADDRESS: ThrottlePolicy = ThrottlePolicy {
    free: 20,
    first_pause: TimeDelta::hours(1),
    longest_pause: TimeDelta::hours(1),
    forget_after: TimeDelta::hours(1),
};

/// What the user's own page shows.
#[derive(Clone, Debug)]
pub struct EmailPage {
    pub user: UserSummary,
    /// Where the new address has to be.
    pub domains: Vec<EmailDomain>,
}

/// The outcome of asking for another address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EmailRequest {
    /// A link is on its way to the new address, unless somebody else has it: who asks is not told.
    Sent,
    Bad(BadText),
    /// They have it already.
    Unchanged,
    /// It is of no domain that an administrator listed.
    ForeignDomain,
    /// Too many links were asked for; the next may be asked for then.
    TooMany {
        next: DateTime<Utc>,
    },
}

/// What the link of the new address leads to.
#[derive(Clone, Debug)]
pub enum EmailConfirmation {
    Ready(Box<ReadyConfirmation>),
    /// Nobody is signed in.
    SignedOut,
    /// Somebody else is.
    OfAnother,
    /// It was used, has expired, or is not allowed any more.
    Expired,
}

/// A change that waits for its user's word.
#[derive(Clone, Debug)]
pub struct ReadyConfirmation {
    pub user: UserSummary,
    pub new_email: Email,
    /// The applications that keep receiving the address of before.
    pub kept_at: Vec<String>,
    /// Those that receive the new one.
    pub changed_at: Vec<String>,
}

/// The outcome of the user's word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EmailConfirmed {
    Done,
    /// Somebody else has it by now, or the account was changed at the same moment.
    Taken,
    /// As the page would say now.
    NotReady,
}

impl SignIn<'_> {
    /// Whether users change their address themselves.
    pub fn changes_own_email(&self) -> bool {
        self.policy().email_change == EmailChangeRule::Verified && self.mail(&Actor::Itself).is_set_up()
    }

    /// What the user's own page shows. After its form was sent it asks for no sign-in that the form did not need.
    pub fn email_page(
        &self,
        is_form_sent: bool,
        visitor: &Visitor,
    ) -> Result<FactorChange<EmailPage>, Error> {
        let within = if is_form_sent { STILL_FRESH } else { FRESH };
        self.with_fresh_session(within, visitor, |active| {
            Ok(EmailPage {
                user: (&active.user).into(),
                domains: self.policy().email_domains.clone(),
            })
        })
    }

    /// Has a link mailed to the new address.
    pub fn request_email_change(
        &self,
        typed: &str,
        visitor: &Visitor,
    ) -> Result<FactorChange<EmailRequest>, Error> {
        self.with_fresh_session(STILL_FRESH, visitor, |active| {
            let email = match Email::parse(typed) {
                Ok(email) => email,
                Err(bad) => return Ok(EmailRequest::Bad(bad)),
            };
            if email == active.user.email {
                return Ok(EmailRequest::Unchanged);
            }
            if !self.is_own_domain(&email) {
                let event = AuditEvent {
                    detail: Some(format!("an address of {}", email.domain())),
                    ..self.own_event(AuditAction::UserEmailRequest, active, visitor)
                };
                self.record_refused_change(event, codes::EMAIL_DOMAIN)?;
                return Ok(EmailRequest::ForeignDomain);
            }
            let outcome = self.send_email_link(active, &email, visitor)?;
            if matches!(outcome, EmailRequest::TooMany { .. }) {
                let event = self.own_event(AuditAction::UserEmailRequest, active, visitor);
                self.record_refused_change(event, codes::EMAIL_THROTTLED)?;
            }
            Ok(outcome)
        })
    }

    fn record_refused_change(&self, event: AuditEvent, code: &'static str) -> Result<(), Error> {
        let event = AuditEvent {
            outcome: code.to_owned(),
            ..event
        };
        let recorded = self.count_refusal(&event)?;
        if recorded.is_logged {
            let reference = recorded.reference;
            tracing::info!(action = event.action.as_str(), code, %reference, "refused");
        }
        Ok(())
    }

    fn is_own_domain(&self, email: &Email) -> bool {
        self.policy()
            .email_domains
            .iter()
            .any(|domain| domain.contains(email))
    }

    fn send_email_link(
        &self,
        active: &ActiveSession,
        email: &Email,
        visitor: &Visitor,
    ) -> Result<EmailRequest, Error> {
        let (user, now, token) = (&active.user, self.now(), self.token());
        let text = email.as_str().to_owned();
        let (owner, reserved) = self
            .store()
            .read(|tx| Ok((tx.user_by_email(email)?, tx.reserved_email_owner(email, now)?)))?;
        let is_free = owner.is_none() && reserved.is_none_or(|owner| owner.id == user.id);
        let change = EmailChange {
            user: user.id,
            old_email: user.email.clone(),
            new_email: email.clone(),
            requested_at: now,
            confirmed_at: None,
            expires_at: now + CONFIRM_LIFETIME,
        };
        let mail = if is_free {
            let link = self.own_link(path::CONFIRM_EMAIL, &token);
            let mail = EmailMail::Confirm { link };
            self.email_mail(mail, user, email, Some(change.expires_at))?
        } else {
            match &owner {
                Some(owner) => {
                    let greeting = owner.names.greeting().to_owned();
                    self.email_mail(EmailMail::Taken { greeting }, owner, email, None)?
                }
                None => None,
            }
        };
        let event = AuditEvent {
            detail: (!is_free).then(|| "somebody else has the address: no link was sent".to_owned()),
            changes: vec![ValueChange {
                name: "e-mail asked for".to_owned(),
                old: None,
                new: Some(text),
            }],
            ..self.own_event(AuditAction::UserEmailRequest, active, visitor)
        };
        let buckets = [
            (
                format!("email-change-from:{}", address_key(visitor.address)),
                &REQUESTS_FROM_AN_ADDRESS,
            ),
            (format!("email-change:{}", user.id), &MAILS_FOR_A_PERSON),
        ];
        let to_bucket = format!("email-change-to:{}", sha256_hex(email.as_str()));
        Ok(self.store().write(|tx| {
            for (bucket, limit) in &buckets {
                if let RateLimit::RetryAfter(next) = tx.count_attempt(bucket, limit, now)? {
                    return Ok(EmailRequest::TooMany { next });
                }
            }
            // Counted for everybody together, and it keeps mails from an owner alone: were anybody refused by it, strangers
            // could keep somebody from an address, or see that it is taken.
            let to_limit = tx.count_attempt(&to_bucket, &MAILS_FOR_A_PERSON, now)?;
            let is_flooded = !is_free && matches!(to_limit, RateLimit::RetryAfter(_));
            // In either case, so that a link of before says nothing about the address asked for now.
            tx.remove_unconfirmed_email_changes(user.id)?;
            if is_free {
                tx.add_email_change(token.hash(), &change)?;
            }
            if let Some(mail) = mail.as_ref().filter(|_| !is_flooded) {
                tx.add_job(mail)?;
            }
            tx.add_audit_event(&event)?;
            Ok(EmailRequest::Sent)
        })?)
    }

    /// What the link of the new address leads to, without using it up: mail scanners open links too.
    pub fn email_confirmation(&self, token: &Token, visitor: &Visitor) -> Result<EmailConfirmation, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(EmailConfirmation::SignedOut);
        };
        let now = self.now();
        let change = self
            .store()
            .read(|tx| tx.unconfirmed_email_change(token.hash(), now))?;
        let Some(change) = change.filter(|change| self.is_allowed(change)) else {
            return Ok(EmailConfirmation::Expired);
        };
        if !change.is_of(&active.user) {
            if change.user != active.user.id {
                let event = self.own_event(AuditAction::UserEmailChange, &active, visitor);
                self.record_refused_change(event, codes::EMAIL_LINK_OTHER)?;
            }
            return Ok(EmailConfirmation::OfAnother);
        }
        let effects = self
            .people(&Actor::Itself)
            .email_change_effects(&active.user, &change.new_email)?;
        let mut ready = ReadyConfirmation {
            user: (&active.user).into(),
            new_email: change.new_email,
            kept_at: Vec::new(),
            changed_at: Vec::new(),
        };
        for effect in effects {
            match effect.effect {
                EmailEffect::Pinned
                | EmailEffect::NameIdChanges
                | EmailEffect::EmailChanges
                | EmailEffect::Unknown
                | EmailEffect::Unreadable => ready.kept_at.push(effect.name),
                EmailEffect::NameIdStays | EmailEffect::IdStays => ready.changed_at.push(effect.name),
                EmailEffect::Unchanged | EmailEffect::NothingSent => {}
            }
        }
        Ok(EmailConfirmation::Ready(Box::new(ready)))
    }

    /// The rule and the domains may be others than when the link was sent.
    fn is_allowed(&self, change: &EmailChange) -> bool {
        self.policy().email_change == EmailChangeRule::Verified && self.is_own_domain(&change.new_email)
    }

    /// Uses the link up: from now on the new address is the user's. Applications that would take them for somebody new
    /// keep receiving the old one, which is told, and can undo it for a week.
    pub fn confirm_email_change(&self, token: &Token, visitor: &Visitor) -> Result<EmailConfirmed, Error> {
        let EmailConfirmation::Ready(ready) = self.email_confirmation(token, visitor)? else {
            return Ok(EmailConfirmed::NotReady);
        };
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(EmailConfirmed::NotReady);
        };
        let (before, now, undo) = (&active.user, self.now(), self.token());
        let user = User {
            email: ready.new_email.clone(),
            updated_at: now,
            ..before.clone()
        };
        let effects = self
            .people(&Actor::Itself)
            .email_change_effects(before, &user.email)?;
        let kept = kept_emails(&effects, &EmailDecisions::all(EmailDecision::KeepOld)).unwrap_or_default();
        let event = AuditEvent {
            changes: email_changes(before, &user, &kept),
            ..self.own_event(AuditAction::UserEmailChange, &active, visitor)
        };
        let undo_until = now + UNDO_LIFETIME;
        let told = EmailMail::Changed {
            greeting: user.names.greeting().to_owned(),
            new_email: user.email.to_string(),
            link: self.own_link(path::UNDO_EMAIL, &undo),
            until: undo_until,
        };
        let mail = self.email_mail(told, before, &before.email, None)?;
        let written = self.store().write(|tx| {
            if !tx.confirm_email_change(token.hash(), undo.hash(), now, undo_until)? {
                return Ok(false);
            }
            if tx.edit_user(&user)? != EditOutcome::Done {
                // Nothing may be left of a change that did not take place: the error undoes all of it.
                return Err(StoreError::PeopleChanged);
            }
            tx.verify_email(user.id, &user.email, now)?;
            // A link was sent to the address of before.
            tx.remove_one_time_links(user.id)?;
            write_kept_emails(tx, &user, &kept)?;
            if let Some(mail) = &mail {
                tx.add_job(mail)?;
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        });
        match written {
            Ok(true) => Ok(EmailConfirmed::Done),
            Ok(false) => Ok(EmailConfirmed::NotReady),
            Err(StoreError::PeopleChanged) => Ok(EmailConfirmed::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// An address of ours that ends in a token.
    pub(super) fn own_link(&self, path: &str, token: &Token) -> String {
        format!("{}{path}{}", self.endpoints().base.origin(), token.to_text())
    }

    /// A mail about an address, to the one that `user` has, had, or is to have; nothing where mail is not set up.
    pub(super) fn email_mail(
        &self,
        mail: EmailMail,
        user: &User,
        to: &Email,
        useful_until: Option<DateTime<Utc>>,
    ) -> Result<Option<Job>, Error> {
        let recipient = Recipient {
            user: Some(user.id),
            name: Some(user.full_name()),
            email: to.clone(),
            language: user.preferences.language,
        };
        self.mail(&Actor::Itself)
            .prepare(&Mail::Email(mail), &recipient, useful_until)
    }
}

/// What the audit log keeps of it.
pub(super) fn email_changes(before: &User, after: &User, kept: &[KeptEmail]) -> Vec<ValueChange> {
    let none = OwnAttributes::new();
    let mut changes = changes::user_changes(before, &none, after, &none);
    changes.extend(kept.iter().map(KeptEmail::change));
    changes
}
