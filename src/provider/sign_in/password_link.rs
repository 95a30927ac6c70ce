//! Somebody chooses a password by a link. Afterwards they sign in with it: a link stands for no second factor.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        one_time_link::{LinkPurpose, OneTimeLink},
        secret::{Secret, Token},
        user::User,
    },
    provider::{
        error::Error, handle::SignIn, new_password::BadPassword, sign_in::throttle::clear_throttle,
        visitor::Visitor,
    },
    store::StoredPassword,
};

/// Asks the holder of a link for a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasswordLink {
    pub purpose: LinkPurpose,
    pub user: User,
    pub expires_at: DateTime<Utc>,
    /// Whether it went to the user's address by mail.
    pub mailed: bool,
}

/// The outcome of choosing the password.
#[derive(Debug)]
pub enum PasswordLinkOutcome {
    /// It is set; the browser is a known device from now on.
    Done(Token),
    /// It is not accepted: they have to choose another, and the link works still.
    Refused(Box<PasswordLink>, BadPassword),
    /// The link was used, has expired or never was, or the person was switched off.
    Expired,
}

impl SignIn<'_> {
    /// What the link is for, without using it up: mail scanners open links too. `None` if it works no more.
    pub fn password_link(&self, token: &Token) -> Result<Option<PasswordLink>, Error> {
        let now = self.now();
        let found = self.store().read(|tx| {
            let Some(link) = tx.one_time_link(token.hash(), now)? else {
                return Ok(None);
            };
            Ok(tx.user(link.user)?.map(|user| (link, user)))
        })?;
        Ok(found
            .filter(|(link, user)| may_use(link, user))
            .map(|(link, user)| PasswordLink {
                purpose: link.purpose,
                user,
                expires_at: link.expires_at,
                mailed: link.mailed,
            }))
    }

    /// Uses the link up, and sets the password: all sessions of the person end, their devices are forgotten, and a pause
    /// is lifted. A rescue also makes them an owner who may sign in.
    pub fn choose_password_by_link(
        &self,
        token: &Token,
        chosen: &Secret<String>,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<PasswordLinkOutcome, Error> {
        let Some(link) = self.password_link(token)? else {
            return Ok(PasswordLinkOutcome::Expired);
        };
        let user = &link.user;
        let chosen = match self.parse_new_password(chosen.expose(), user.into(), organisation) {
            Ok(chosen) => chosen,
            Err(bad) => return Ok(PasswordLinkOutcome::Refused(Box::new(link), bad)),
        };
        let stored = StoredPassword::kept(self.dependencies().hasher.hash(&chosen, self.random())?);
        let (now, device) = (self.now(), self.token());
        let mail = self.password_changed_mail(user)?;
        let mut event = self.event(AuditAction::UserChangePassword, "ok", Some(visitor));
        event.user = Some(user.id);
        let done = self.store().write(|tx| {
            if !tx.spend_one_time_link(token.hash(), now)? {
                return Ok(false);
            }
            match link.purpose {
                LinkPurpose::Rescue => tx.make_owner(user.id, now)?,
                LinkPurpose::RescueWithoutFactors => {
                    tx.make_owner(user.id, now)?;
                    tx.remove_all_second_factors(user.id, now)?;
                }
                // Whoever was switched off since the page was shown stays so.
                LinkPurpose::Recovery | LinkPurpose::Invitation => {
                    let Some(user) = tx.user(user.id)?.filter(|user| user.enabled) else {
                        return Ok(false);
                    };
                    // It was for the address of now: another one has ended it.
                    if link.mailed {
                        tx.verify_email(user.id, &user.email, now)?;
                    }
                }
            }
            tx.set_password_hash(user.id, &stored, now)?;
            let ended = tx.end_sessions_of(user.id, now, "the password was changed")?;
            tx.end_grants_of_user(user.id, None, now)?;
            tx.remove_known_devices(user.id)?;
            tx.remove_one_time_links(user.id)?;
            clear_throttle(tx, user.id, &user.email)?;
            tx.add_known_device(device.hash(), user.id, now, now + self.policy().device_lifetime)?;
            if let Some(mail) = &mail {
                tx.add_job(mail)?;
            }
            tx.add_audit_event(&AuditEvent {
                detail: Some(detail(link.purpose, ended)),
                ..event
            })?;
            Ok(true)
        })?;
        Ok(if done {
            PasswordLinkOutcome::Done(device)
        } else {
            PasswordLinkOutcome::Expired
        })
    }
}

/// Only a rescue is for somebody who is switched off.
fn may_use(link: &OneTimeLink, user: &User) -> bool {
    match link.purpose {
        LinkPurpose::Rescue | LinkPurpose::RescueWithoutFactors => true,
        LinkPurpose::Recovery | LinkPurpose::Invitation => user.enabled,
    }
}

fn detail(purpose: LinkPurpose, ended: usize) -> String {
    let by = match purpose {
        LinkPurpose::Rescue => "by a rescue link, owner from now on",
        LinkPurpose::RescueWithoutFactors => {
            "by a rescue link, owner from now on, without the second factors of before"
        }
        LinkPurpose::Recovery => "by a recovery link",
        LinkPurpose::Invitation => "by an invitation",
    };
    format!("{by}; other sessions that ended: {ended}")
}
