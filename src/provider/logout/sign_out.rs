//! Ends a session, and then asks its applications, one after the other, in the user's browser, to end theirs.
//!
//! Our own sessions end first, whatever the applications do. The rest is stored as a logout and its steps, which every
//! page reads anew, so that Back, reload, a second tab and another replica all see the same.

use crate::{
    model::{
        audit_action::AuditAction,
        id::{ApplicationId, LogoutId},
        logout::{Logout, LogoutStep, LogoutStepState},
        secret::Token,
        session::Session,
        user::{User, UserSummary},
    },
    provider::{
        audit::codes,
        error::Error,
        handle::SingleLogout,
        logout::{
            end_sessions::EndCause,
            started_logout::{COOKIE_LIFETIME, StartedLogout},
        },
        snapshot::Snapshot,
        visitor::Visitor,
    },
};

/// An application that was opened from a session, and the state of its logout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParticipantLogoutStatus {
    pub application: ApplicationId,
    pub name: String,
    pub state: LogoutStepState,
    /// Where a user opens it, to sign out there by hand.
    pub launch_url: Option<String>,
}

/// What signing out would end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AboutToSignOut {
    /// An active session: its user, and the applications that were opened from it.
    Session(UserSummary, Vec<ParticipantLogoutStatus>),
    /// The session has expired. The number of applications that were opened from it and can still be asked; whoever
    /// uses the browser now learns neither the user nor the applications.
    Expired(usize),
}

#[derive(Debug, Eq, PartialEq)]
pub enum SignOutOutcome {
    /// The session has ended, or there was none, and no other application is involved.
    Done,
    /// The session has ended; other applications are asked next.
    LogoutStarted(StartedLogout),
    /// The session had ended before, and its logout is in progress in this browser.
    Running(LogoutId),
}

/// The cookie of a logout that a browser starts itself: derived from the session cookie, so that a second click before
/// the first response finds the same logout, and nobody else's.
fn logout_cookie(session: &Token) -> Token {
    session.derive("logout")
}

impl SingleLogout<'_> {
    /// The signed-in user and the opened applications, for the page that asks before it signs out.
    pub fn about_to_sign_out(&self, visitor: &Visitor) -> Result<Option<AboutToSignOut>, Error> {
        let Some((session, user)) = self.session_not_ended(visitor)? else {
            return Ok(None);
        };
        let participants = self.store().read(|tx| tx.participants(session.id))?;
        let steps: Vec<_> = participants
            .into_iter()
            .map(|participant| LogoutStep::new(0, participant))
            .collect();
        let statuses = participant_statuses(&*self.fresh_snapshot()?, &steps);
        Ok(
            match (
                session.is_active(self.now(), self.policy().session_absolute),
                statuses.len(),
            ) {
                (true, _) => Some(AboutToSignOut::Session(UserSummary::from(&user), statuses)),
                (false, 0) => None,
                (false, several) => Some(AboutToSignOut::Expired(several)),
            },
        )
    }

    /// Ends the browser's own session. `cookies` are those of logouts in this browser: a second click on the same
    /// button continues the logout that the first one started.
    pub fn sign_out(&self, visitor: &Visitor, cookies: &[Token]) -> Result<SignOutOutcome, Error> {
        if let Some((session, user)) = self.session_not_ended(visitor)? {
            let cause = EndCause {
                reason: "signed out",
                visitor,
                initiator: None,
                replay_key: None,
                cookie: visitor.session.as_ref().map(logout_cookie),
            };
            let ended = self.end_sessions(&[(session.id, user.id)], &cause)?;
            if let Some(begun) = ended.started {
                return Ok(SignOutOutcome::LogoutStarted(begun));
            }
            if ended.any_ended {
                return Ok(SignOutOutcome::Done);
            }
        }
        if let Some(id) = self.running_logout(cookies)? {
            return Ok(SignOutOutcome::Running(id));
        }
        self.restarted_logout(visitor)
    }

    /// The browser's session, even if it has expired and signs nobody in: its applications still have to be asked.
    fn session_not_ended(&self, visitor: &Visitor) -> Result<Option<(Session, User)>, Error> {
        let Some(token) = &visitor.session else {
            return Ok(None);
        };
        Ok(self.store().read(|tx| tx.session_by_token(token.hash()))?)
    }

    /// A logout that is in progress in the browser with these cookies.
    pub fn running_logout(&self, cookies: &[Token]) -> Result<Option<LogoutId>, Error> {
        let now = self.now();
        for cookie in cookies {
            if let Some(id) = self.store().read(|tx| tx.running_logout(cookie.hash(), now))? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The logout that this browser started a moment ago, if its cookie has not arrived yet.
    fn restarted_logout(&self, visitor: &Visitor) -> Result<SignOutOutcome, Error> {
        let Some(browser) = visitor.session.as_ref().map(logout_cookie) else {
            return Ok(SignOutOutcome::Done);
        };
        let now = self.now();
        let found = self.store().read(|tx| tx.running_logout(browser.hash(), now))?;
        Ok(found.map_or(SignOutOutcome::Done, |id| {
            SignOutOutcome::LogoutStarted(StartedLogout {
                id,
                browser,
                lifetime: COOKIE_LIFETIME,
            })
        }))
    }

    /// Claims the logout of this browser's session, if the session ended elsewhere: by an application's LogoutRequest
    /// that another browser brought. This browser continues with it.
    pub fn claim_deferred_logout(&self, visitor: &Visitor) -> Result<Option<StartedLogout>, Error> {
        let Some(session) = &visitor.session else {
            return Ok(None);
        };
        self.claim_logout(session, None)
    }

    /// Assigns the logout that waits for the browser with this session cookie to that browser, once; for `answers`, see
    /// [`Tx::claim_logout`](crate::store::Tx::claim_logout).
    pub(in crate::provider) fn claim_logout(
        &self,
        session: &Token,
        answers: Option<(ApplicationId, &str, bool)>,
    ) -> Result<Option<StartedLogout>, Error> {
        let (now, browser) = (self.now(), logout_cookie(session));
        let until = now + self.policy().logout_lifetime;
        // Most visits have none, and write nothing.
        if !self
            .store()
            .read(|tx| tx.has_pending_logout(session.hash(), now))?
        {
            return Ok(None);
        }
        let claimed = self
            .store()
            .write(|tx| tx.claim_logout(session.hash(), browser.hash(), answers, now, until))?;
        Ok(claimed.map(|id| StartedLogout {
            id,
            browser,
            lifetime: COOKIE_LIFETIME,
        }))
    }

    /// Records once that a logout is over, with its outcome.
    pub(in crate::provider) fn finish_logout(
        &self,
        snapshot: &Snapshot,
        logout: &Logout,
        steps: &[LogoutStep],
        visitor: &Visitor,
    ) -> Result<(), Error> {
        if logout.finished_at.is_some() {
            return Ok(());
        }
        let event = self.logout_outcome_event(snapshot, logout, steps, Some(visitor));
        Ok(self.store().write(|tx| {
            if tx.finish_logout(logout.id, event.at)? {
                tx.add_audit_event(&event)?;
            }
            Ok(())
        })?)
    }

    /// Ends logouts whose user did not come back, and records their outcomes. Returns how many.
    pub(in crate::provider) fn expire_logouts(&self, batch_size: i64) -> Result<usize, Error> {
        let (now, snapshot) = (self.now(), self.cached_snapshot()?);
        Ok(self.store().write(|tx| {
            let ended = tx.expire_logouts(now, batch_size)?;
            for id in &ended {
                if let Some((logout, steps)) = tx.logout(*id)? {
                    tx.add_audit_event(&self.logout_outcome_event(&snapshot, &logout, &steps, None))?;
                }
            }
            Ok(ended.len())
        })?)
    }

    /// The audit event that says which applications confirmed, and which did not.
    fn logout_outcome_event(
        &self,
        snapshot: &Snapshot,
        logout: &Logout,
        steps: &[LogoutStep],
        visitor: Option<&Visitor>,
    ) -> crate::model::audit::AuditEvent {
        let open: Vec<_> = steps
            .iter()
            .filter(|logout_step| logout_step.state != LogoutStepState::Confirmed)
            .map(|logout_step| {
                let known = snapshot.by_id(logout_step.application);
                let name =
                    known.map_or_else(|| logout_step.application.to_string(), |app| app.slug.to_string());
                format!("{name} ({})", logout_step.state.as_str())
            })
            .collect();
        let outcome = if open.is_empty() {
            "ok"
        } else {
            codes::LOGOUT_PARTIAL
        };
        let mut event = self.event(AuditAction::SingleLogout, outcome, visitor);
        event.user = Some(logout.user);
        event.application = logout.initiator.as_ref().map(|by| by.application);
        event.session = steps.first().map(|logout_step| logout_step.session);
        let mut detail = format!("{} of {} confirmed", steps.len() - open.len(), steps.len());
        if !open.is_empty() {
            detail = format!("{detail}; not: {}", open.join(", "));
        }
        event.detail = Some(detail);
        event
    }
}

/// The applications of `steps`, each once: if one occurs twice, with the least complete state.
pub(in crate::provider) fn participant_statuses(
    snapshot: &Snapshot,
    steps: &[LogoutStep],
) -> Vec<ParticipantLogoutStatus> {
    let mut statuses: Vec<ParticipantLogoutStatus> = Vec::new();
    for logout_step in steps {
        let Some(application) = snapshot.by_id(logout_step.application) else {
            // It took part in the session, but can no longer be asked.
            statuses.push(ParticipantLogoutStatus {
                application: logout_step.application,
                name: "An application that was removed".to_owned(),
                state: if logout_step.state == LogoutStepState::Confirmed {
                    logout_step.state
                } else {
                    LogoutStepState::NoEndpoint
                },
                launch_url: None,
            });
            continue;
        };
        let state = if logout_step.state == LogoutStepState::Pending && !application.has_logout_endpoint() {
            LogoutStepState::NoEndpoint
        } else {
            logout_step.state
        };
        match statuses
            .iter_mut()
            .find(|status| status.application == logout_step.application)
        {
            Some(status) if severity(state) > severity(status.state) => status.state = state,
            Some(_) => {}
            None => statuses.push(ParticipantLogoutStatus {
                application: application.id,
                name: application.name.clone(),
                state,
                launch_url: Some(application.site_url()).filter(|site| !site.is_empty()),
            }),
        }
    }
    statuses
}

/// The same without the names: `Application 1`, `Application 2`.
pub(in crate::provider) fn anonymized(
    statuses: Vec<ParticipantLogoutStatus>,
) -> Vec<ParticipantLogoutStatus> {
    (1..)
        .zip(statuses)
        .map(|(number, status)| ParticipantLogoutStatus {
            name: format!("Application {number}"),
            launch_url: None,
            ..status
        })
        .collect()
}

const fn severity(state: LogoutStepState) -> u8 {
    match state {
        LogoutStepState::Confirmed => 0,
        LogoutStepState::NoEndpoint => 1,
        LogoutStepState::Unconfirmed => 2,
        LogoutStepState::Refused => 3,
        LogoutStepState::Pending => 4,
        LogoutStepState::Requested => 5,
    }
}
