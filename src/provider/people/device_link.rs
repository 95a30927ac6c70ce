//! A link for users who are locked out by other people's failed attempts: an administrator lifts the throttling and
//! gives them a link that makes their browser a known device, which failed attempts elsewhere do not affect.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        audit_action::AuditAction,
        endpoint::path,
        hash::sha256_hex,
        id::UserId,
        secret::Token,
        use_case::UseCase,
        user::{Email, User},
    },
    provider::{
        error::Error, handle::People, people::users::ChangeOutcome, sign_in::throttle::clear_throttle,
        visitor::Visitor,
    },
};

/// The purpose that the seal is bound to.
const SEAL_LABEL: &[u8] = b"device link ";
/// How long a link is valid.
const LINK_LIFETIME: TimeDelta = TimeDelta::minutes(30);

impl People<'_> {
    /// Lifts the throttling of a user, and returns a link that makes the browser which opens it a known device: valid
    /// once, for 30 minutes. The link is not stored: it is sealed.
    pub fn unlock_user(&self, email: &Email) -> Result<ChangeOutcome<String>, Error> {
        let change = UseCase::Change(AuditAction::UserUnlock);
        self.may(change)?;
        let Some(user) = self.user_by_email(email)? else {
            return Ok(ChangeOutcome::Unknown);
        };
        self.may_change(change, user.role)?;
        let now = self.now().timestamp_micros().to_be_bytes();
        let plain = [&now[..], user.id.to_string().as_bytes()].concat();
        let sealed = self.state_key().seal(SEAL_LABEL, &plain, self.random())?;
        let event = self.user_event(AuditAction::UserUnlock, user.id);
        self.store().write(|tx| {
            clear_throttle(tx, user.id, &user.email)?;
            tx.add_audit_event(&event)
        })?;
        Ok(ChangeOutcome::Done(format!(
            "{}{}{}",
            self.endpoints().base.origin(),
            path::DEVICE,
            URL_SAFE_NO_PAD.encode(sealed)
        )))
    }

    /// Whether a link is genuine, valid and not too old. Does not reveal whose it is.
    pub fn is_device_link(&self, link: &str) -> Result<bool, Error> {
        Ok(self.open_device_link(link)?.is_some())
    }

    /// Makes the visitor's browser a known device of the user of the link, once. Returns the device cookie.
    pub fn use_device_link(&self, link: &str, visitor: &Visitor) -> Result<Option<Token>, Error> {
        let Some((user, made_at)) = self.open_device_link(link)? else {
            return Ok(None);
        };
        let (now, device) = (self.now(), self.token());
        let name = sha256_hex(link);
        let mut event = self.event(AuditAction::UserDeviceLink, "ok", Some(visitor));
        event.user = Some(user.id);
        let is_first = self.store().write(|tx| {
            if !tx.mark_message_seen("device link", "", &name, made_at + LINK_LIFETIME)? {
                return Ok(false);
            }
            tx.add_known_device(device.hash(), user.id, now, now + self.policy().device_lifetime)?;
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(is_first.then_some(device))
    }

    fn open_device_link(&self, link: &str) -> Result<Option<(User, DateTime<Utc>)>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(link) else {
            return Ok(None);
        };
        let opened = self.state_key().open(SEAL_LABEL, &bytes)?;
        let read = opened.and_then(|plain| {
            let (made_at, user) = plain.expose().split_first_chunk::<8>()?;
            let made_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*made_at))?;
            let user: UserId = std::str::from_utf8(user).ok()?.parse().ok()?;
            (self.now() - made_at < LINK_LIFETIME).then_some((user, made_at))
        });
        let Some((id, made_at)) = read else {
            return Ok(None);
        };
        let (user, changed) = self
            .store()
            .read(|tx| Ok((tx.user(id)?, tx.password_changed_at(id)?)))?;
        // The password may have been changed because of whoever had the link before.
        let predates_password_change = changed.is_some_and(|changed| changed > made_at);
        let user = user.filter(|user| user.enabled && !predates_password_change);
        Ok(user.map(|user| (user, made_at)))
    }
}
