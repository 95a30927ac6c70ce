//! Begins a session, or renews the one of the same user in the same browser.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        authentication::AuthenticationEvents,
        id::SessionId,
        language::Language,
        secret::{Secret, Token},
        session::Session,
        throttle::{NETWORK_HISTORY, networks},
        user::User,
    },
    provider::{
        error::Error,
        handle::SignIn,
        session::ActiveSession,
        sign_in::throttle::{ThrottleBuckets, refund},
        visitor::Visitor,
    },
    store::{StoredPassword, Tx},
};

/// The cookies of a user who is signed in.
#[derive(Debug)]
pub struct SessionCookies {
    /// The new token of the session.
    pub session: Token,
    /// The token that makes the device a known one.
    pub device: Token,
    /// In which the user wants to be spoken to in whatever browser they sign in.
    pub language: Option<Language>,
}

/// A user whose password was correct when it was checked.
pub(in crate::provider) struct VerifiedPassword<'u> {
    pub(in crate::provider) user: &'u User,
    /// What it was checked against.
    pub(in crate::provider) stored: StoredPassword,
    /// What the user has proved in this sign-in.
    pub(in crate::provider) proved: AuthenticationEvents,
    /// Until when no second factor is asked for on this device.
    pub(in crate::provider) remember_until: Option<DateTime<Utc>>,
    pub(in crate::provider) replacement: Replacement,
}

/// What is stored in place of the hash that was checked.
pub(in crate::provider) enum Replacement {
    None,
    /// A stronger hash of the same password.
    Rehash(Secret<String>),
    /// The hash of a new password.
    NewPassword(Secret<String>),
}

/// What begins or renews the session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum Occasion {
    SignIn,
    /// A sign-in in which the user had to choose a new password.
    SignInWithNewPassword,
    /// A user who was signed in has changed the password.
    PasswordChange,
}

impl Occasion {
    const fn actions(self) -> &'static [AuditAction] {
        match self {
            Self::SignIn => &[AuditAction::SignIn],
            Self::SignInWithNewPassword => &[AuditAction::UserChangePassword, AuditAction::SignIn],
            Self::PasswordChange => &[AuditAction::UserChangePassword],
        }
    }
}

impl SignIn<'_> {
    /// Starts a session; `None` if the password was changed or the user was disabled since the check. A new password
    /// ends the user's other sessions and forgets their other devices: somebody who knew the old one may use them.
    /// Refunds the attempt if `buckets` counted it.
    pub(in crate::provider) fn begin_session(
        &self,
        verified: &VerifiedPassword<'_>,
        (buckets, is_counted): (&ThrottleBuckets, bool),
        occasion: Occasion,
        visitor: &Visitor,
    ) -> Result<Option<SessionCookies>, Error> {
        let (now, user) = (self.now(), verified.user);
        // A device cookie that is not known as this user's was another user's, or was planted.
        // After a new password it is another one: somebody who knew the old one may have the cookie.
        let keeps_device = !matches!(verified.replacement, Replacement::NewPassword(_));
        let known = buckets
            .device
            .as_ref()
            .and(visitor.device.as_ref())
            .filter(|_| keeps_device);
        let (session, device) = (self.token(), known.map_or_else(|| self.token(), Token::duplicate));
        let before = self.active_session(visitor.session.as_ref())?;
        let fresh = self.new_session(verified, now);
        let mut events: Vec<AuditEvent> = occasion
            .actions()
            .iter()
            .map(|action| AuditEvent {
                user: Some(user.id),
                ..self.event(*action, "ok", Some(visitor))
            })
            .collect();
        let mail = match verified.replacement {
            Replacement::NewPassword(_) => self.password_changed_mail(user)?,
            Replacement::None | Replacement::Rehash(_) => None,
        };
        let is_sign_in = matches!(occasion, Occasion::SignIn | Occasion::SignInWithNewPassword);
        let device_mail = match known {
            None if is_sign_in => self.new_device_mail(user, visitor)?,
            None | Some(_) => None,
        };
        let other = self.event(AuditAction::Logout, "ok", Some(visitor));
        let begun = self.store().write(|tx| {
            if !tx.still_may_sign_in(user.id, &verified.stored.phc)? || !still_has_factors(tx, verified)? {
                return Ok(false);
            }
            let own = before.as_ref().filter(|before| before.user.id == user.id);
            let ended = replace_password(tx, verified, own.map(|own| own.session.id), now)?;
            for mail in mail.iter().chain(&device_mail) {
                tx.add_job(mail)?;
            }
            if is_counted {
                refund(tx, buckets, &self.policy())?;
            }
            let mut renewed_session = None;
            if let (Some(own), Some(old)) = (own, &visitor.session) {
                let renewed = renewed(own, &fresh);
                let taken = tx.renew_session(&renewed, old.hash(), session.hash())?;
                renewed_session = taken.then_some(renewed.id);
            } else if let Some(before) = &before {
                end_session_of_another(tx, before, other, now)?;
            }
            if renewed_session.is_none() {
                tx.add_session(&fresh, session.hash())?;
            }
            tx.set_session_origin(
                renewed_session.unwrap_or(fresh.id),
                visitor.browser_name.as_deref(),
                visitor.address,
            )?;
            tx.add_known_device(device.hash(), user.id, now, now + self.policy().device_lifetime)?;
            if verified.proved.is_multi_factor() {
                tx.trust_device(device.hash(), user.id)?;
            }
            if let Some(until) = verified.remember_until {
                tx.remember_second_factor(device.hash(), user.id, until)?;
            }
            for (network, _clients) in networks(visitor.address) {
                tx.add_network_user(&network, user.id, now + NETWORK_HISTORY)?;
            }
            for event in &mut events {
                event.session = Some(renewed_session.unwrap_or(fresh.id));
                if event.action == AuditAction::SignIn {
                    event.detail = Some(format!("by {}", verified.proved.describe()));
                }
                if event.action == AuditAction::UserChangePassword {
                    event.detail = Some(format!("other sessions that ended: {ended}"));
                }
                tx.add_audit_event(event)?;
            }
            Ok(true)
        })?;
        Ok(begun.then_some(SessionCookies {
            session,
            device,
            language: user.preferences.language.filter(|_| is_sign_in),
        }))
    }

    fn new_session(&self, verified: &VerifiedPassword<'_>, now: DateTime<Utc>) -> Session {
        Session {
            id: SessionId::new(now, self.random()),
            user: verified.user.id,
            seed: Secret::new(self.random()),
            authentications: verified.proved.clone(),
            last_seen_at: now,
            idle_expires_at: self.idle_expiry(now),
            expires_at: now + self.policy().session_absolute,
        }
    }
}

/// Whether the user still has every second factor that was proved: somebody may have removed it since.
fn still_has_factors(tx: &mut Tx, verified: &VerifiedPassword<'_>) -> Result<bool, crate::store::Error> {
    for event in verified.proved.iter() {
        let factor = event.credential.as_deref().and_then(|id| id.parse().ok());
        if let Some(factor) = factor
            && !tx.has_this_second_factor(verified.user.id, factor)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same session and participants, with new lifetimes.
fn renewed(before: &ActiveSession, fresh: &Session) -> Session {
    let mut authentications = before.session.authentications.clone();
    for event in fresh.authentications.iter() {
        authentications.record(event.clone());
    }
    Session {
        id: before.session.id,
        user: fresh.user,
        seed: before.session.seed.duplicate(),
        authentications,
        last_seen_at: fresh.last_seen_at,
        idle_expires_at: fresh.idle_expires_at,
        expires_at: fresh.expires_at,
    }
}

/// Returns how many other sessions ended.
fn replace_password(
    tx: &mut Tx,
    verified: &VerifiedPassword<'_>,
    own_session: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<usize, crate::store::Error> {
    let user = verified.user.id;
    match &verified.replacement {
        Replacement::None => Ok(0),
        Replacement::Rehash(phc) => {
            tx.set_password_hash(user, &StoredPassword::kept(phc.duplicate()), now)?;
            Ok(0)
        }
        Replacement::NewPassword(phc) => {
            tx.set_password_hash(user, &StoredPassword::kept(phc.duplicate()), now)?;
            tx.remove_known_devices(user)?;
            tx.remove_one_time_links(user)?;
            tx.end_grants_of_user(user, None, now)?;
            tx.end_other_sessions_of(user, own_session, now, "the password was changed")
        }
    }
}

/// Ends the session of whoever was signed in in this browser before.
fn end_session_of_another(
    tx: &mut Tx,
    before: &ActiveSession,
    mut event: AuditEvent,
    now: DateTime<Utc>,
) -> Result<(), crate::store::Error> {
    tx.end_session(before.session.id, now, "another person signed in")?;
    let left = tx.participants(before.session.id)?.len();
    event.detail = Some(if left > 0 {
        format!("another person signed in; {left} of the applications of the one before were not told")
    } else {
        "another person signed in".to_owned()
    });
    event.user = Some(before.user.id);
    event.session = Some(before.session.id);
    tx.add_audit_event(&event)
}
