//! The write that ends sessions, and who is then led to the other applications that took part in them: the browser
//! that shows one of the sessions, and nobody else. Whoever merely brings a request learns nothing of them.

use chrono::TimeDelta;

use crate::{
    model::{
        id::{LogoutId, SessionId, UserId},
        logout::{Hop, Initiator, Logout},
        secret::{Token, TokenHash},
    },
    provider::{
        Provider,
        error::Error,
        sign_off::{Begun, COOKIE_KEPT},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    store::Tx,
};

/// How long a logout waits for the browser of its person, where somebody else brought the request.
const WAITS_FOR_ITS_BROWSER: TimeDelta = TimeDelta::days(1);

/// What the write that ends sessions found.
pub(super) struct Ended {
    /// The request had ended sessions before; nothing was done.
    pub(super) replayed: bool,
    /// Whether any of them had not ended before.
    pub(super) any: bool,
    /// The logout that this browser is led on with, if others took part.
    pub(super) begun: Option<Begun>,
    /// Others took part, and wait for the browser of their person.
    pub(super) others_wait: bool,
}

/// Why sessions end, for the row of each.
pub(super) struct Cause<'a> {
    pub(super) reason: &'static str,
    pub(super) visitor: &'a Visitor,
    /// The application that asks, and what its answer needs.
    pub(super) by: Option<Initiator>,
    /// Issuer and `ID` of the request, which ends sessions once.
    pub(super) once: Option<(&'a str, &'a str)>,
    /// The cookie of the logout, where the browser is to find it again.
    pub(super) cookie: Option<Token>,
}

/// What became of the write that ends sessions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Done {
    Replayed,
    Nothing,
    Ended,
    /// Others took part, and this browser is led on to them.
    LedOn,
    /// Others took part, and wait for another browser.
    Waits,
}

/// A session that has just ended.
struct EndedSession {
    id: SessionId,
    user: UserId,
    token: Option<TokenHash>,
    /// It had grown too old before.
    was_over: bool,
    hops: Vec<Hop>,
}

impl Provider {
    /// Ends sessions and says so in the audit trail; whoever else took part in them is to be told. One write: a
    /// session that has ended is joined by nobody, so that nobody is forgotten.
    ///
    /// The browser is led on where it shows one of the sessions, and all of them are of that one person. Else a
    /// logout waits for the browser of each.
    pub(super) fn end_sessions(
        &self,
        sessions: &[(SessionId, UserId)],
        cause: &Cause<'_>,
    ) -> Result<Ended, Error> {
        let snapshot = self.at_hand()?;
        let (now, until) = (self.now(), self.now() + self.policy().replay_memory);
        let asker = cause.by.as_ref().map(|by| by.application);
        let shown = cause.visitor.session.as_ref().map(Token::hash);
        let browser = cause.cookie.clone().unwrap_or_else(|| self.token());
        let id = LogoutId::new(now, self.chance());
        let done = self.store().write(|tx| {
            if let Some((issuer, id)) = cause.once
                && !tx.seen_once("LogoutRequest", issuer, id, until)?
            {
                return Ok(Done::Replayed);
            }
            let mut ended = Vec::new();
            for (session, user) in sessions {
                if !tx.end_session(*session, now, cause.reason)? {
                    continue;
                }
                let others = tx.participants(*session)?.into_iter();
                let token = tx.session_token(*session, now)?;
                ended.push(EndedSession {
                    id: *session,
                    user: *user,
                    token: token.map(|(hash, _)| hash),
                    was_over: token.is_none_or(|(_, was_over)| was_over),
                    hops: others
                        .filter(|participant| Some(participant.application) != asker)
                        .map(|participant| Hop::new(0, participant))
                        .collect(),
                });
            }
            let Some(first) = ended.first() else {
                return Ok(Done::Nothing);
            };
            let is_theirs = ended.iter().any(|one| one.token.is_some() && one.token == shown)
                && ended.iter().all(|one| one.user == first.user);
            for one in &ended {
                tx.add_audit(&self.session_ended(&snapshot, one, cause, is_theirs))?;
            }
            if ended.iter().all(|one| one.hops.is_empty()) {
                return Ok(Done::Ended);
            }
            if is_theirs {
                let logout = Logout {
                    id,
                    browser: browser.hash(),
                    user: first.user,
                    initiator: cause.by.clone(),
                    started_at: now,
                    expires_at: now + self.policy().logout_lifetime,
                    finished_at: None,
                    session_token: None,
                    nameless: ended.iter().any(|one| one.was_over),
                };
                tx.add_logout(&logout, &in_order(ended.into_iter().flat_map(|one| one.hops)))?;
                return Ok(Done::LedOn);
            }
            for one in ended {
                self.wait_for_its_browser(tx, one, cause.by.as_ref())?;
            }
            Ok(Done::Waits)
        })?;
        Ok(Ended {
            replayed: done == Done::Replayed,
            any: matches!(done, Done::Ended | Done::LedOn | Done::Waits),
            begun: (done == Done::LedOn).then_some(Begun {
                id,
                browser,
                lifetime: COOKIE_KEPT,
            }),
            others_wait: done == Done::Waits,
        })
    }

    /// Keeps what is to be told of a session until the browser comes that shows its cookie.
    fn wait_for_its_browser(
        &self,
        tx: &mut Tx,
        ended: EndedSession,
        by: Option<&Initiator>,
    ) -> Result<(), crate::store::Error> {
        if ended.hops.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let logout = Logout {
            id: LogoutId::new(now, self.chance()),
            // Nobody's until it is claimed.
            browser: self.token().hash(),
            user: ended.user,
            // Whoever asked has its answer by then.
            initiator: by.cloned().map(|by| Initiator {
                wants_answer: false,
                ..by
            }),
            started_at: now,
            expires_at: now + WAITS_FOR_ITS_BROWSER,
            finished_at: None,
            session_token: ended.token,
            nameless: ended.was_over,
        };
        tx.add_logout(&logout, &in_order(ended.hops.into_iter()))
    }

    fn session_ended(
        &self,
        snapshot: &Snapshot,
        ended: &EndedSession,
        cause: &Cause<'_>,
        is_theirs: bool,
    ) -> crate::model::audit::AuditEvent {
        let mut event = self.event("logout", "ok", Some(cause.visitor));
        event.session = Some(ended.id);
        event.user = Some(ended.user);
        event.application = cause.by.as_ref().map(|by| by.application);
        let mut detail = cause.reason.to_owned();
        if !is_theirs && !ended.hops.is_empty() {
            let others = ended.hops.iter().map(|hop| hop.application);
            detail = format!("{detail}; not told yet: {}", snapshot.slugs(others));
        }
        event.detail = Some(detail);
        event
    }
}

fn in_order(hops: impl Iterator<Item = Hop>) -> Vec<Hop> {
    (0..)
        .zip(hops)
        .map(|(position, hop)| Hop { position, ..hop })
        .collect()
}
