//! A `LogoutRequest` over HTTP-POST arrives without our `SameSite=Lax` cookies, so it does not show whose browser
//! brought it. A redirect to a GET of our own makes the browser send them: only then is a browser sent to other
//! applications, or a session ended that the request does not name.

use std::net::Ipv4Addr;

use crate::{
    model::{
        id::LogoutId,
        logout::{Initiator, PostedLogout},
        request_details::RequestDetails,
        secret::Token,
    },
    provider::{
        error::Error,
        handle::Saml,
        logout::started_logout::StartedLogout,
        refusal::RefusalContext,
        saml::{
            logout_request::{LogoutMessageOutcome, VerifiedLogoutRequest},
            request_details,
        },
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{refusal::Refusal, urn::status},
};

impl Saml<'_> {
    /// Stores the rest of a request until its GET. `by_name`: the request names no session, and nothing has been done
    /// yet.
    pub(super) fn resume_by_get(
        &self,
        request: &VerifiedLogoutRequest<'_>,
        by_name: bool,
    ) -> Result<LogoutMessageOutcome, Error> {
        let (now, browser) = (self.now(), self.token());
        let (until, lifetime) = (
            now + self.policy().replay_retention,
            self.policy().logout_lifetime,
        );
        let posted = PostedLogout {
            id: LogoutId::new(now, self.random()),
            browser: browser.hash(),
            // The application that receives the LogoutResponse comes first.
            applications: std::iter::once(request.initiator.application)
                .chain(request.senders.iter().map(|sender| sender.application.id))
                .enumerate()
                .filter(|(at, id)| *at == 0 || *id != request.initiator.application)
                .map(|(_, id)| id)
                .collect(),
            request_id: request.initiator.request_id.clone(),
            relay_state: request.initiator.relay_state.clone(),
            wants_response: request.initiator.wants_response,
            by_name_id: by_name,
            name_id: request.name_id.clone(),
            expires_at: now + lifetime,
        };
        let is_first = self.store().write(|tx| {
            if by_name
                && let Some((issuer, id)) = request.replay_key
                && !tx.mark_message_seen("LogoutRequest", issuer, id, until)?
            {
                return Ok(false);
            }
            tx.add_posted_logout(&posted)?;
            Ok(true)
        })?;
        if !is_first {
            return Ok(LogoutMessageOutcome::Refused(
                self.refused_page(&Refusal::Replayed, &request.context)?,
            ));
        }
        Ok(LogoutMessageOutcome::ResumeByGet(StartedLogout {
            id: posted.id,
            browser,
            lifetime,
        }))
    }

    /// Continues a posted request, now that the browser has sent its cookies; once.
    pub fn resume_logout(
        &self,
        id: LogoutId,
        browser: Option<&Token>,
        visitor: &Visitor,
    ) -> Result<LogoutMessageOutcome, Error> {
        let Some(browser) = browser else {
            return Ok(LogoutMessageOutcome::NoMessage);
        };
        let now = self.now();
        let found = self
            .store()
            .write(|tx| tx.take_posted_logout(id, browser.hash(), now))?;
        let Some(posted) = found else {
            return Ok(LogoutMessageOutcome::NoMessage);
        };
        let snapshot = self.fresh_snapshot()?;
        let Some(request) = rebuild_request(&snapshot, &posted, visitor) else {
            // The application was removed in the meantime.
            return Ok(LogoutMessageOutcome::Ended);
        };
        if posted.by_name_id {
            return self.end_by_name(request);
        }
        if let Some(session) = &visitor.session {
            let answers = (
                request.initiator.application,
                posted.request_id.as_str(),
                posted.wants_response,
            );
            if let Some(begun) = self.logout().claim_logout(session, Some(answers))? {
                return Ok(LogoutMessageOutcome::LogoutStarted(begun));
            }
        }
        self.respond_at_once(&request, Some(status::PARTIAL_LOGOUT))
    }

    /// Ends the participation of senders whose browser did not return for the GET; returns how many requests there
    /// were.
    pub(in crate::provider) fn expire_posted_logouts(&self, step: i64) -> Result<usize, Error> {
        let now = self.now();
        let due = self
            .store()
            .write(|tx| tx.take_expired_posted_logouts(now, step))?;
        if due.is_empty() {
            return Ok(0);
        }
        let (snapshot, nobody) = (self.fresh_snapshot()?, no_visitor());
        for posted in due.iter().filter(|posted| posted.by_name_id) {
            if let Some(request) = rebuild_request(&snapshot, posted, &nobody) {
                self.end_participation(&request, None)?;
            }
        }
        Ok(due.len())
    }
}

/// A visitor without cookies, for requests whose browser did not return.
fn no_visitor() -> Visitor {
    Visitor {
        session: None,
        session_may_be_hidden: false,
        browser: None,
        posted: None,
        is_navigation: false,
        device: None,
        address: Ipv4Addr::UNSPECIFIED.into(),
        browser_name: None,
        request_id: String::new(),
    }
}

/// The request, with the senders that still exist and are enabled.
fn rebuild_request<'a>(
    snapshot: &'a Snapshot,
    posted: &PostedLogout,
    visitor: &'a Visitor,
) -> Option<VerifiedLogoutRequest<'a>> {
    let known = posted.applications.iter().filter_map(|id| snapshot.by_id(*id));
    let senders: Vec<_> = known
        .filter_map(|application| application.as_saml())
        .filter(|sender| sender.application.enabled)
        .collect();
    let first = senders.first()?.application;
    let details = RequestDetails::default().with(request_details::name::REQUEST, Some(&posted.request_id));
    Some(VerifiedLogoutRequest {
        snapshot,
        senders,
        name_id: posted.name_id.clone(),
        session_indexes: Vec::new(),
        replay_key: None,
        initiator: Initiator {
            application: first.id,
            request_id: posted.request_id.clone(),
            relay_state: posted.relay_state.clone(),
            wants_response: posted.wants_response,
        },
        context: RefusalContext::logout(Some(first), details, visitor).validated(),
    })
}
