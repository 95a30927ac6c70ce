//! A session ends.

use crate::{
    model::id::{ApplicationId, SessionId, UserId},
    provider::{Provider, error::Error, saml::answer::Person, session::Live, visitor::Visitor},
};

/// What a person who signs out is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedOut {
    /// The applications that the session had signed on to, by id and name: they are not told yet.
    pub applications: Vec<(ApplicationId, String)>,
}

impl Provider {
    /// Who is signed in, and where: for the page that asks before it signs out.
    pub fn about_to_sign_out(&self, visitor: &Visitor) -> Result<Option<(Person, SignedOut)>, Error> {
        let Some(live) = self.live(visitor.session.as_ref())? else {
            return Ok(None);
        };
        Ok(Some((
            Person::of(&live),
            SignedOut {
                applications: self.participants_of(live.session.id)?,
            },
        )))
    }

    /// Ends the browser's own session; none if it had none.
    pub fn sign_out(&self, visitor: &Visitor) -> Result<Option<SignedOut>, Error> {
        let Some(Live { session, user, .. }) = self.live(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let applications = self.participants_of(session.id)?;
        self.end(session.id, user.id, "signed out", visitor, None)?;
        Ok(Some(SignedOut { applications }))
    }

    /// Ends a session and says so in the audit trail; `false` if it had ended before.
    pub(super) fn end(
        &self,
        session: SessionId,
        user: UserId,
        reason: &str,
        visitor: &Visitor,
        by: Option<ApplicationId>,
    ) -> Result<bool, Error> {
        let mut event = self.event("logout", "ok", Some(visitor));
        event.session = Some(session);
        event.user = Some(user);
        event.application = by;
        event.detail = Some(reason.to_owned());
        Ok(self.store().write(|tx| {
            let ended = tx.end_session(session, event.at, reason)?;
            if ended {
                tx.add_audit(&event)?;
            }
            Ok(ended)
        })?)
    }

    fn participants_of(&self, session: SessionId) -> Result<Vec<(ApplicationId, String)>, Error> {
        let snapshot = self.current()?;
        let participants = self.store().read(|tx| tx.participants(session))?;
        Ok(participants
            .iter()
            .filter_map(|participant| snapshot.by_id(participant.application))
            .map(|application| (application.id, application.name.clone()))
            .collect())
    }
}
