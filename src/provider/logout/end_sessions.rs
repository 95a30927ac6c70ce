//! Ends sessions, and starts the logout at the other applications that took part in them. Only the browser that
//! presents the cookie of one of the sessions is sent to them: a browser that merely brings a LogoutRequest learns
//! nothing about them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        audit_action::AuditAction,
        id::{ApplicationId, LogoutId, SessionId, UserId},
        logout::{Initiator, Logout, LogoutStep},
        secret::{Token, TokenHash},
    },
    provider::{
        error::Error,
        handle::SingleLogout,
        logout::started_logout::{COOKIE_LIFETIME, StartedLogout},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    store::Tx,
};

/// How long a logout waits for the user's browser, if another browser brought the request.
const DEFERRED_LOGOUT_LIFETIME: TimeDelta = TimeDelta::days(1);

/// The outcome of ending sessions.
pub(in crate::provider) struct EndSessionsOutcome {
    /// The request had been received before; nothing was done.
    pub(in crate::provider) replayed: bool,
    /// Whether any session ended that had not ended before.
    pub(in crate::provider) any_ended: bool,
    /// The logout that this browser continues with, if other applications took part.
    pub(in crate::provider) started: Option<StartedLogout>,
    /// Other applications took part, and their logout waits for the user's browser.
    pub(in crate::provider) others_deferred: bool,
}

/// Why sessions end, for the audit event of each.
pub(in crate::provider) struct EndCause<'a> {
    pub(in crate::provider) reason: &'static str,
    pub(in crate::provider) visitor: &'a Visitor,
    /// The application that asks, and what its LogoutResponse needs.
    pub(in crate::provider) initiator: Option<Initiator>,
    /// Issuer and `ID` of the LogoutRequest, which is accepted once.
    pub(in crate::provider) replay_key: Option<(&'a str, &'a str)>,
    /// The cookie of the logout, if the browser must be able to find it again.
    pub(in crate::provider) cookie: Option<Token>,
}

/// The outcome of the write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum EndSessionsWrite {
    Replayed,
    Nothing,
    Ended,
    /// Other applications took part, and this browser is sent to them.
    Continues,
    /// Other applications took part, and wait for another browser.
    Deferred,
}

/// A session that was ended, and whom its browser has to be sent to.
pub(in crate::provider) struct EndedSession {
    id: SessionId,
    user: UserId,
    token: Option<TokenHash>,
    /// It had expired before.
    had_expired: bool,
    steps: Vec<LogoutStep>,
}

impl EndedSession {
    /// Ends a session; `None` if it was ended before. The application that asks for it needs no step.
    pub(in crate::provider) fn end(
        tx: &mut Tx,
        (session, user): (SessionId, UserId),
        now: DateTime<Utc>,
        reason: &str,
        requester: Option<ApplicationId>,
    ) -> Result<Option<Self>, crate::store::Error> {
        if !tx.end_session(session, now, reason)? {
            return Ok(None);
        }
        let others = tx.participants(session)?.into_iter();
        let token = tx.session_token(session, now)?;
        Ok(Some(Self {
            id: session,
            user,
            token: token.map(|(hash, _)| hash),
            had_expired: token.is_none_or(|(_, was_over)| was_over),
            steps: others
                .filter(|participant| Some(participant.application) != requester)
                .map(|participant| LogoutStep::new(0, participant))
                .collect(),
        }))
    }

    /// The applications that have to be told.
    pub(in crate::provider) fn applications(&self) -> impl Iterator<Item = ApplicationId> {
        self.steps.iter().map(|step| step.application)
    }
}

impl SingleLogout<'_> {
    /// Ends sessions and records it in the audit log; the other applications that took part are then asked to end
    /// theirs. All of this is one transaction: no application can join a session that has ended, so none is missed.
    ///
    /// This browser continues with the logout if it presents the cookie of one of the sessions, and all sessions are
    /// those of one user. Otherwise a logout waits for the browser of each session.
    pub(in crate::provider) fn end_sessions(
        &self,
        sessions: &[(SessionId, UserId)],
        cause: &EndCause<'_>,
    ) -> Result<EndSessionsOutcome, Error> {
        let snapshot = self.cached_snapshot()?;
        let (now, until) = (self.now(), self.now() + self.policy().replay_retention);
        let requester = cause.initiator.as_ref().map(|by| by.application);
        let shown = cause.visitor.session.as_ref().map(Token::hash);
        let browser = cause
            .cookie
            .as_ref()
            .map_or_else(|| self.token(), Token::duplicate);
        let id = LogoutId::new(now, self.random());
        let done = self.store().write(|tx| {
            if let Some((issuer, id)) = cause.replay_key
                && !tx.mark_message_seen("LogoutRequest", issuer, id, until)?
            {
                return Ok(EndSessionsWrite::Replayed);
            }
            let mut ended = Vec::new();
            for (session, user) in sessions {
                ended.extend(EndedSession::end(
                    tx,
                    (*session, *user),
                    now,
                    cause.reason,
                    requester,
                )?);
            }
            let Some(first) = ended.first() else {
                return Ok(EndSessionsWrite::Nothing);
            };
            let is_this_browser = ended
                .iter()
                .any(|ended_session| ended_session.token.is_some() && ended_session.token == shown)
                && ended.iter().all(|ended_session| ended_session.user == first.user);
            for ended_session in &ended {
                tx.add_audit_event(&self.session_ended_event(
                    &snapshot,
                    ended_session,
                    cause,
                    is_this_browser,
                ))?;
            }
            if ended.iter().all(|ended_session| ended_session.steps.is_empty()) {
                return Ok(EndSessionsWrite::Ended);
            }
            if is_this_browser {
                let logout = Logout {
                    id,
                    browser: browser.hash(),
                    user: first.user,
                    initiator: cause.initiator.clone(),
                    started_at: now,
                    expires_at: now + self.policy().logout_lifetime,
                    finished_at: None,
                    session_token: None,
                    hides_applications: ended.iter().any(|ended_session| ended_session.had_expired),
                };
                tx.add_logout(
                    &logout,
                    &with_positions(ended.into_iter().flat_map(|ended_session| ended_session.steps)),
                )?;
                return Ok(EndSessionsWrite::Continues);
            }
            for ended_session in ended {
                self.defer_logout(tx, ended_session, cause.initiator.as_ref())?;
            }
            Ok(EndSessionsWrite::Deferred)
        })?;
        Ok(EndSessionsOutcome {
            replayed: done == EndSessionsWrite::Replayed,
            any_ended: matches!(
                done,
                EndSessionsWrite::Ended | EndSessionsWrite::Continues | EndSessionsWrite::Deferred
            ),
            started: (done == EndSessionsWrite::Continues).then_some(StartedLogout {
                id,
                browser,
                lifetime: COOKIE_LIFETIME,
            }),
            others_deferred: done == EndSessionsWrite::Deferred,
        })
    }

    /// Stores the logout of a session until a browser presents the cookie of that session.
    pub(in crate::provider) fn defer_logout(
        &self,
        tx: &mut Tx,
        ended: EndedSession,
        by: Option<&Initiator>,
    ) -> Result<(), crate::store::Error> {
        if ended.steps.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let logout = Logout {
            id: LogoutId::new(now, self.random()),
            // Matches no cookie until the logout is claimed.
            browser: self.token().hash(),
            user: ended.user,
            // By then the application that asked has its LogoutResponse.
            initiator: by.cloned().map(|by| Initiator {
                wants_response: false,
                ..by
            }),
            started_at: now,
            expires_at: now + DEFERRED_LOGOUT_LIFETIME,
            finished_at: None,
            session_token: ended.token,
            hides_applications: ended.had_expired,
        };
        tx.add_logout(&logout, &with_positions(ended.steps.into_iter()))
    }

    fn session_ended_event(
        &self,
        snapshot: &Snapshot,
        ended: &EndedSession,
        cause: &EndCause<'_>,
        is_this_browser: bool,
    ) -> crate::model::audit::AuditEvent {
        let mut event = self.event(AuditAction::Logout, "ok", Some(cause.visitor));
        event.session = Some(ended.id);
        event.user = Some(ended.user);
        event.application = cause.initiator.as_ref().map(|by| by.application);
        let mut detail = cause.reason.to_owned();
        if !is_this_browser && !ended.steps.is_empty() {
            detail = format!("{detail}; not told yet: {}", snapshot.slugs(ended.applications()));
        }
        event.detail = Some(detail);
        event
    }
}

fn with_positions(steps: impl Iterator<Item = LogoutStep>) -> Vec<LogoutStep> {
    (0..)
        .zip(steps)
        .map(|(position, step)| LogoutStep { position, ..step })
        .collect()
}
