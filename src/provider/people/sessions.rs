//! Where people are signed in, and ending that.

use crate::{
    model::{
        application::Slug,
        audit::AuditEvent,
        audit_action::AuditAction,
        id::{ApplicationId, SessionId, UserId},
        use_case::UseCase,
        user::Email,
    },
    provider::{error::Error, handle::People, logout::end_sessions::EndedSession},
    store::SessionFilter,
};

pub use crate::store::ListedSession;

const REASON: &str = "ended by an administrator";

/// Which sessions to list.
#[derive(Clone, Debug, Default)]
pub struct SessionQuery {
    pub user: Option<UserId>,
    /// Those after this one.
    pub after: Option<SessionId>,
}

/// A session that was ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndedByAdministrator {
    pub id: SessionId,
    /// The applications that only the browser of the session can tell; it does so if it comes here within a day.
    pub not_told: Vec<String>,
}

impl People<'_> {
    /// At most `limit` active sessions, the oldest first.
    pub fn sessions(&self, query: &SessionQuery, limit: u32) -> Result<Vec<ListedSession>, Error> {
        self.may(UseCase::ReadPeople)?;
        let filter = SessionFilter {
            user: query.user,
            after: query.after,
        };
        let now = self.now();
        Ok(self
            .store()
            .read(|tx| tx.listed_sessions(&filter, now, limit.into()))?)
    }

    /// The short name of an application that a session has entered; none if it was removed.
    pub fn entered_application(&self, id: ApplicationId) -> Result<Option<Slug>, Error> {
        self.may(UseCase::ReadPeople)?;
        let snapshot = self.cached_snapshot()?;
        Ok(snapshot.by_id(id).map(|application| application.slug.clone()))
    }

    /// Ends one session; `None` if there is none that is active.
    pub fn end_session(&self, id: SessionId) -> Result<Option<EndedByAdministrator>, Error> {
        let change = UseCase::Change(AuditAction::SessionEnd);
        self.may(change)?;
        let found = self.store().read(|tx| {
            let Some(session) = tx.session(id)? else {
                return Ok(None);
            };
            tx.user(session.user)
        })?;
        let Some(user) = found else { return Ok(None) };
        self.may_change(change, user.role)?;
        Ok(self.end_all(&[(id, user.id)])?.pop())
    }

    /// Ends every session of a person; `None` if there is nobody with this address.
    pub fn end_sessions_of(&self, email: &Email) -> Result<Option<Vec<EndedByAdministrator>>, Error> {
        let change = UseCase::Change(AuditAction::SessionEnd);
        self.may(change)?;
        let Some(user) = self.user_by_email(email)? else {
            return Ok(None);
        };
        self.may_change(change, user.role)?;
        let now = self.now();
        let sessions = self.store().read(|tx| tx.active_sessions_of(user.id, now))?;
        let sessions: Vec<_> = sessions.iter().map(|session| (session.id, user.id)).collect();
        self.end_all(&sessions).map(Some)
    }

    fn end_all(&self, sessions: &[(SessionId, UserId)]) -> Result<Vec<EndedByAdministrator>, Error> {
        let (snapshot, now) = (self.fresh_snapshot()?, self.now());
        // One for each, so that the audit log of each session has it.
        let events = sessions.iter().map(|(session, user)| AuditEvent {
            user: Some(*user),
            session: Some(*session),
            ..self.event(AuditAction::SessionEnd, "ok", None)
        });
        let events: Vec<_> = sessions.iter().zip(events.collect::<Vec<_>>()).collect();
        Ok(self.store().write(|tx| {
            let mut all = Vec::new();
            for ((session, user), event) in events {
                let Some(ended) = EndedSession::end(tx, (*session, *user), now, REASON, None)? else {
                    continue;
                };
                let not_told: Vec<String> = ended
                    .applications()
                    .map(|id| snapshot.slugs(std::iter::once(id)))
                    .collect();
                let detail = if not_told.is_empty() {
                    REASON.to_owned()
                } else {
                    format!("{REASON}; not told yet: {}", not_told.join(", "))
                };
                tx.add_audit_event(&AuditEvent {
                    detail: Some(detail),
                    ..event
                })?;
                self.logout().defer_logout(tx, ended, None)?;
                all.push(EndedByAdministrator {
                    id: *session,
                    not_told,
                });
            }
            Ok(all)
        })?)
    }
}
