//! Who is signed in.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        id::ApplicationId, participant::ApplicationIdentity, secret::Token, session::Session, user::User,
    },
    provider::{Provider, error::Error, visitor::Visitor},
    store::SsoView,
};

/// A live session and its person, who may sign in.
#[derive(Debug, Eq, PartialEq)]
pub struct ActiveSession {
    /// The session.
    pub session: Session,
    /// Whose.
    pub user: User,
    /// What the application at hand knows the person by, where one was asked for.
    pub identity: Option<ApplicationIdentity>,
    /// When the application at hand was first told of the session, where one was asked for.
    pub joined_at: Option<DateTime<Utc>>,
}

impl ActiveSession {
    /// The session, if it lives and its person is not disabled.
    fn if_active(session: Session, user: User, now: DateTime<Utc>, absolute: TimeDelta) -> Option<Self> {
        (session.is_active(now, absolute) && user.enabled).then_some(Self {
            session,
            user,
            identity: None,
            joined_at: None,
        })
    }

    /// The same, with what `view` says of the application at hand.
    pub(super) fn from_view(view: SsoView, now: DateTime<Utc>, absolute: TimeDelta) -> Option<Self> {
        let (session, user, identity) = view.session?;
        let live = Self::if_active(session, user, now, absolute)?;
        Some(Self {
            identity,
            joined_at: view.joined_at,
            ..live
        })
    }
}

impl Provider {
    /// Whether somebody is signed in.
    pub fn is_signed_in(&self, visitor: &Visitor) -> Result<bool, Error> {
        Ok(self.active_session(visitor.session.as_ref())?.is_some())
    }

    /// The live session behind a cookie.
    pub(super) fn active_session(&self, token: Option<&Token>) -> Result<Option<ActiveSession>, Error> {
        let Some(token) = token else { return Ok(None) };
        let session_and_user = self.store().read(|tx| tx.session_by_token(token.hash()))?;
        Ok(session_and_user.and_then(|(session, user)| {
            ActiveSession::if_active(session, user, self.now(), self.policy().session_absolute)
        }))
    }

    /// The same, with what `application` knows of it.
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

    /// When an untouched session ends, seen at `now`.
    pub(super) fn idle_expiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.policy().session_idle
    }
}
