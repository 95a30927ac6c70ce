//! Which user is signed in.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        id::ApplicationId,
        participant::{ApplicationIdentity, Participant},
        secret::Token,
        session::Session,
        user::{Email, User},
    },
    provider::{core::Provider, error::Error, visitor::Visitor},
    store::SsoView,
};

/// How old `last_seen_at` may be before a sign-in writes it again.
const TOUCH_AFTER: TimeDelta = TimeDelta::minutes(1);

/// An active session and its user, who is enabled.
#[derive(Debug, Eq, PartialEq)]
pub struct ActiveSession {
    pub session: Session,
    pub user: User,
    /// What the application in question knows the user by, if there is one.
    pub identity: Option<ApplicationIdentity>,
    /// Its part in the session, if it received an Assertion for it.
    pub participant: Option<Participant>,
    /// Whether the application in question is assigned to the user, by themselves or by one of their groups.
    pub is_assigned: bool,
}

impl ActiveSession {
    /// The session, if it is active and its user is not disabled.
    fn if_active(session: Session, user: User, now: DateTime<Utc>, absolute: TimeDelta) -> Option<Self> {
        (session.is_active(now, absolute) && user.enabled).then_some(Self {
            session,
            user,
            identity: None,
            participant: None,
            is_assigned: false,
        })
    }

    /// The address that the application in question receives: a pinned one, else the user's own.
    pub(super) fn asserted_email(&self) -> &Email {
        let pinned = self
            .identity
            .as_ref()
            .and_then(|known| known.pinned_email.as_ref());
        pinned.unwrap_or(&self.user.email)
    }

    /// The user as the application in question receives them.
    pub(super) fn asserted_user(&self) -> Cow<'_, User> {
        let email = self.asserted_email();
        if *email == self.user.email {
            return Cow::Borrowed(&self.user);
        }
        Cow::Owned(User {
            email: email.clone(),
            ..self.user.clone()
        })
    }

    /// Whether its use is written down again.
    pub(super) fn is_to_be_touched(&self, now: DateTime<Utc>) -> bool {
        now - self.session.last_seen_at >= TOUCH_AFTER
    }

    /// What the application knows the user by, as it must be stored after a sign-in as `participant`; `None` if nothing
    /// changes.
    pub(super) fn changed_identity(&self, participant: &Participant) -> Option<ApplicationIdentity> {
        let (name_id, email) = (participant.subject.value(), self.asserted_email());
        match &self.identity {
            Some(known) if known.last_name_id == name_id && known.last_email == *email => None,
            known => Some(ApplicationIdentity {
                application: participant.application,
                user: self.user.id,
                first_name_id: known
                    .as_ref()
                    .map_or(name_id, |known| &known.first_name_id)
                    .to_owned(),
                first_email: known.as_ref().map_or(email, |known| &known.first_email).clone(),
                last_name_id: name_id.to_owned(),
                last_email: email.clone(),
                first_at: known.as_ref().map_or(participant.last_at, |known| known.first_at),
                changed_at: participant.last_at,
                pinned_email: known.as_ref().and_then(|known| known.pinned_email.clone()),
            }),
        }
    }

    /// The same, with what `view` says about the application in question.
    pub(super) fn from_view(view: SsoView, now: DateTime<Utc>, absolute: TimeDelta) -> Option<Self> {
        let (session, user, identity) = view.session?;
        let live = Self::if_active(session, user, now, absolute)?;
        Some(Self {
            identity,
            participant: view.participant,
            is_assigned: view.is_assigned,
            ..live
        })
    }
}

impl Provider {
    pub fn is_signed_in(&self, visitor: &Visitor) -> Result<bool, Error> {
        Ok(self.active_session(visitor.session.as_ref())?.is_some())
    }

    /// The active session behind a cookie.
    pub(super) fn active_session(&self, token: Option<&Token>) -> Result<Option<ActiveSession>, Error> {
        let Some(token) = token else { return Ok(None) };
        let session_and_user = self.store().read(|tx| tx.session_by_token(token.hash()))?;
        Ok(session_and_user.and_then(|(session, user)| {
            ActiveSession::if_active(session, user, self.now(), self.policy().session_absolute)
        }))
    }

    /// The same, with what `application` knows about the user.
    pub(super) fn active_session_at(
        &self,
        token: Option<&Token>,
        application: ApplicationId,
    ) -> Result<Option<ActiveSession>, Error> {
        let Some(token) = token else { return Ok(None) };
        let view = self.store().read(|tx| tx.sso_view(token.hash(), application))?;
        Ok(ActiveSession::from_view(
            view,
            self.now(),
            self.policy().session_absolute,
        ))
    }

    /// When the session expires if it is not used after `now`.
    pub(super) fn idle_expiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.policy().session_idle
    }
}
