//! Links by which somebody chooses a password: mailed, or handed over by whoever made them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    mail::{FactorsChange, Mail},
    model::{
        actor::Actor,
        audit::AuditEvent,
        audit_action::AuditAction,
        endpoint::path,
        hash::sha256_hex,
        job::Job,
        mail::Recipient,
        one_time_link::{LinkPurpose, OneTimeLink},
        role::Role,
        secret::TokenHash,
        throttle::{RateLimit, ThrottlePolicy},
        use_case::UseCase,
        user::{Email, User, canonical_account},
    },
    provider::{core::Provider, error::Error, handle::People, visitor::Visitor},
    store::Tx,
};

/// How many links are mailed to one person in an hour, whoever asks for them.
pub(in crate::provider) const MAILS_FOR_A_PERSON: ThrottlePolicy = ThrottlePolicy {
    free: 3,
    first_pause: TimeDelta::hours(1),
    longest_pause: TimeDelta::hours(1),
    forget_after: TimeDelta::hours(1),
};

/// What became of a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LinkOutcome {
    /// It is on its way to the person.
    Mailed {
        until: DateTime<Utc>,
    },
    /// To be handed to the person: no mail is set up, or it was asked for.
    HandOver {
        link: String,
        until: DateTime<Utc>,
    },
    /// Three mails went to this person within an hour; the next may go then.
    TooManyMails {
        next: DateTime<Utc>,
    },
    /// Nobody is invited who has a password already.
    HasPassword,
    /// The person is switched off.
    Disabled,
    Unknown,
}

/// Whom `rescue` makes an owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RescueOutcome {
    Done {
        user: Box<User>,
        link: String,
        until: DateTime<Utc>,
    },
    /// There is nobody with this address.
    Unknown,
    /// Nobody was named, and there is not exactly one owner: these are all.
    NameSomebody(Vec<User>),
}

/// A link that is made and not stored yet.
pub(in crate::provider) struct NewLink {
    token: TokenHash,
    link: OneTimeLink,
    created_at: DateTime<Utc>,
    /// What the person opens.
    url: String,
    /// The mail that brings it.
    mail: Option<Job>,
}

impl NewLink {
    /// Stores it, and has its mail sent; `Some` if too many went to this person, and nothing was written.
    pub(in crate::provider) fn write(
        &self,
        tx: &mut Tx,
        email: &Email,
        event: &AuditEvent,
    ) -> Result<Option<DateTime<Utc>>, crate::store::Error> {
        if let Some(mail) = &self.mail {
            let bucket = mail_bucket(email.as_str());
            match tx.count_attempt(&bucket, &MAILS_FOR_A_PERSON, self.created_at)? {
                RateLimit::Allowed => tx.add_job(mail)?,
                RateLimit::RetryAfter(next) => return Ok(Some(next)),
            }
        }
        tx.add_one_time_link(self.token, &self.link, self.created_at)?;
        tx.add_audit_event(event)?;
        Ok(None)
    }

    pub(in crate::provider) const fn is_mailed(&self) -> bool {
        self.mail.is_some()
    }
}

/// Counts the mails with links for an account, whether it exists or not.
fn mail_bucket(account: &str) -> String {
    format!("link-mail:{}", sha256_hex(canonical_account(account)))
}

impl Provider {
    /// A link for `user`, with its mail where one is wanted and mail is set up.
    pub(in crate::provider) fn new_link(
        &self,
        user: &User,
        purpose: LinkPurpose,
        by_mail: bool,
    ) -> Result<NewLink, Error> {
        let (now, token) = (self.now(), self.token());
        let expires_at = now + purpose.lifetime();
        let url = format!(
            "{}{}{}",
            self.endpoints().base.origin(),
            path::ONE_TIME_LINK,
            token.to_text()
        );
        let link = url.clone();
        let greeting = user.names.greeting().to_owned();
        let mail = match purpose {
            LinkPurpose::Rescue | LinkPurpose::RescueWithoutFactors => None,
            LinkPurpose::Recovery => Some(Mail::Recovery { greeting, link }),
            LinkPurpose::Invitation => Some(Mail::Invitation {
                greeting,
                link,
                until: expires_at,
            }),
        };
        let mail = match mail.filter(|_mail| by_mail) {
            Some(mail) => self
                .mail(&Actor::Itself)
                .prepare(&mail, &recipient(user), Some(expires_at))?,
            None => None,
        };
        Ok(NewLink {
            token: token.hash(),
            link: OneTimeLink {
                purpose,
                user: user.id,
                expires_at,
                mailed: mail.is_some(),
            },
            created_at: now,
            url,
            mail,
        })
    }

    /// Tells `user` that their password was changed, if stored with the change; nothing where mail is not set up.
    pub(in crate::provider) fn password_changed_mail(&self, user: &User) -> Result<Option<Job>, Error> {
        let mail = Mail::PasswordChanged {
            greeting: user.names.greeting().to_owned(),
            at: self.now(),
        };
        self.mail(&Actor::Itself).prepare(&mail, &recipient(user), None)
    }

    /// The same about names and preferences.
    pub(in crate::provider) fn profile_changed_mail(&self, user: &User) -> Result<Option<Job>, Error> {
        let mail = Mail::ProfileChanged {
            greeting: user.names.greeting().to_owned(),
            at: self.now(),
        };
        self.mail(&Actor::Itself).prepare(&mail, &recipient(user), None)
    }

    /// Tells `user` of a sign-in from a device that is not known, if they chose to be told.
    pub(in crate::provider) fn new_device_mail(
        &self,
        user: &User,
        visitor: &Visitor,
    ) -> Result<Option<Job>, Error> {
        if !user.preferences.new_device_mail {
            return Ok(None);
        }
        let mail = Mail::NewDevice {
            greeting: user.names.greeting().to_owned(),
            at: self.now(),
            device: visitor.browser_name.clone(),
            address: visitor.address.to_string(),
        };
        self.mail(&Actor::Itself).prepare(&mail, &recipient(user), None)
    }

    /// The same about second factors.
    pub(in crate::provider) fn factors_changed_mail(
        &self,
        user: &User,
        change: FactorsChange,
    ) -> Result<Option<Job>, Error> {
        let mail = Mail::FactorsChanged {
            greeting: user.names.greeting().to_owned(),
            at: self.now(),
            change,
        };
        self.mail(&Actor::Itself).prepare(&mail, &recipient(user), None)
    }
}

fn recipient(user: &User) -> Recipient {
    Recipient {
        user: Some(user.id),
        name: Some(user.full_name()),
        email: user.email.clone(),
        language: user.preferences.language,
    }
}

impl People<'_> {
    /// Invites somebody who has no password yet: by mail, or by the link in the outcome where mail is not set up or
    /// `hand_over` asks for it. It works for 7 days.
    pub fn invite_user(&self, email: &Email, hand_over: bool) -> Result<LinkOutcome, Error> {
        let change = UseCase::Change(AuditAction::UserInvite);
        self.may(change)?;
        let Some(user) = self.user_by_email(email)? else {
            return Ok(LinkOutcome::Unknown);
        };
        self.may_change(change, user.role)?;
        if self.store().read(|tx| tx.stored_password(user.id))?.is_some() {
            return Ok(LinkOutcome::HasPassword);
        }
        self.send_link(&user, LinkPurpose::Invitation, hand_over, AuditAction::UserInvite)
    }

    /// A link by which somebody chooses a new password, for 30 minutes: by mail, or to be handed over.
    pub fn recover_user(&self, email: &Email, hand_over: bool) -> Result<LinkOutcome, Error> {
        let change = UseCase::Change(AuditAction::UserRecoveryLink);
        self.may(change)?;
        let Some(user) = self.user_by_email(email)? else {
            return Ok(LinkOutcome::Unknown);
        };
        self.may_change(change, user.role)?;
        self.send_link(
            &user,
            LinkPurpose::Recovery,
            hand_over,
            AuditAction::UserRecoveryLink,
        )
    }

    fn send_link(
        &self,
        user: &User,
        purpose: LinkPurpose,
        hand_over: bool,
        action: AuditAction,
    ) -> Result<LinkOutcome, Error> {
        if !user.enabled {
            return Ok(LinkOutcome::Disabled);
        }
        let new = self.new_link(user, purpose, !hand_over)?;
        let how = if new.is_mailed() { "mailed" } else { "handed over" };
        let event = AuditEvent {
            detail: Some(how.to_owned()),
            ..self.user_event(action, user.id)
        };
        if let Some(next) = self.store().write(|tx| new.write(tx, &user.email, &event))? {
            return Ok(LinkOutcome::TooManyMails { next });
        }
        let until = new.link.expires_at;
        Ok(if new.is_mailed() {
            LinkOutcome::Mailed { until }
        } else {
            LinkOutcome::HandOver { link: new.url, until }
        })
    }

    /// A link that makes whoever it is for an owner with a new password, even if they are switched off; for the server's
    /// own console, and for 30 minutes. Without an address it is for the only owner. Nothing changes until it is used.
    /// With `lift_second_factors` it also removes those that the person has.
    pub fn rescue(&self, email: Option<&Email>, lift_second_factors: bool) -> Result<RescueOutcome, Error> {
        self.may(UseCase::Change(AuditAction::UserRescue))?;
        let user = if let Some(email) = email {
            match self.user_by_email(email)? {
                Some(user) => user,
                None => return Ok(RescueOutcome::Unknown),
            }
        } else {
            let owners = self.store().read(|tx| tx.users_with_role(Role::Owner))?;
            match <[User; 1]>::try_from(owners) {
                Ok([only]) => only,
                Err(owners) => return Ok(RescueOutcome::NameSomebody(owners)),
            }
        };
        let purpose = if lift_second_factors {
            LinkPurpose::RescueWithoutFactors
        } else {
            LinkPurpose::Rescue
        };
        let new = self.new_link(&user, purpose, false)?;
        let event = self.user_event(AuditAction::UserRescue, user.id);
        self.store().write(|tx| new.write(tx, &user.email, &event))?;
        Ok(RescueOutcome::Done {
            user: Box::new(user),
            link: new.url,
            until: new.link.expires_at,
        })
    }
}
