//! Who is signed in.

use chrono::{DateTime, Utc};

use crate::{
    model::{participant::Identity, secret::Token, session::Session, user::User},
    provider::{Provider, error::Error, visitor::Visitor},
};

/// A live session and its person, who may sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Live {
    /// The session.
    pub session: Session,
    /// Whose.
    pub user: User,
    /// What the application at hand knows the person by, where one was asked for.
    pub identity: Option<Identity>,
}

impl Live {
    /// The session, if it lives and its person is not disabled.
    pub(super) fn check(
        session: Session,
        user: User,
        identity: Option<Identity>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        (session.is_live(now) && user.enabled).then_some(Self {
            session,
            user,
            identity,
        })
    }
}

impl Provider {
    /// Whether somebody is signed in.
    pub fn is_signed_in(&self, visitor: &Visitor) -> Result<bool, Error> {
        Ok(self.live(visitor.session.as_ref())?.is_some())
    }

    /// The live session behind a cookie.
    pub(super) fn live(&self, token: Option<&Token>) -> Result<Option<Live>, Error> {
        let Some(token) = token else { return Ok(None) };
        let found = self.store().read(|tx| tx.session_by_token(token.hash()))?;
        Ok(found.and_then(|(session, user)| Live::check(session, user, None, self.now())))
    }

    /// When an untouched session ends, seen at `now`.
    pub(super) fn idle_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.policy().session_idle
    }
}
