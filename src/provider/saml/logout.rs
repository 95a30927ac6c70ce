//! The Sign-out URL, and `LogoutRequest` in: the sender's own session ends, and nobody else's.

use std::sync::Arc;

use crate::{
    model::{
        application::Application,
        id::{LogoutId, SessionId, UserId},
        logout::Initiator,
        participant::Participant,
    },
    provider::{
        Provider,
        error::Error,
        saml::{
            facts,
            logout_hop::Outbound,
            refuse::{About, RefusedPage, status_message},
        },
        sign_off::{Begun, Cause},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        binding::inbound::{Arrived, Carried},
        logout::request::{self, LogoutRequest, is_same_name},
        refusal::Refusal,
        signature::{Judged, Unverified},
        urn::status,
    },
};

/// What becomes of a visit to the Sign-out URL.
#[derive(Debug)]
pub enum LogoutReceived {
    /// Nothing was sent along: a browser opened the address. Ask the person.
    Plain,
    /// The session has ended, and nobody else is to be told: the sender has its `LogoutResponse` at once.
    Answer(Box<Outbound>),
    /// The session has ended; others are told now.
    Begun(Begun),
    /// An application has answered: the logout goes on.
    Continue(LogoutId),
    /// The session has ended, and its application wants no response or has no address for it.
    Ended,
    /// An answer to a request that we never sent, or that was answered before.
    Stray,
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
}

impl Provider {
    /// Takes what came to the Sign-out URL.
    pub fn receive_logout(&self, arrived: &Arrived, visitor: &Visitor) -> Result<LogoutReceived, Error> {
        let nobody = || About::logout(None, facts::of_unread(arrived), visitor);
        let mut inbound = match arrived.decode() {
            Ok(inbound) if inbound.carried == Carried::Response => {
                return self.receive_logout_response(&inbound, visitor);
            }
            Ok(inbound) => inbound,
            Err(Refusal::Nothing) => return Ok(LogoutReceived::Plain),
            Err(refusal) => return self.logout_refused(refusal, &nobody()),
        };
        let relay_state = inbound.relay_state.take();
        match request::read(&inbound) {
            Ok(request) => self.log_out_for(&request, relay_state, visitor),
            Err(refusal) => self.logout_refused(refusal, &nobody()),
        }
    }

    fn log_out_for(
        &self,
        request: &Unverified<LogoutRequest>,
        relay_state: Option<String>,
        visitor: &Visitor,
    ) -> Result<LogoutReceived, Error> {
        let snapshot = self.current()?;
        let mut about = About::logout(None, facts::of_logout(request), visitor);
        let senders: Vec<_> = snapshot.by_entity_id(&request.peek().issuer).iter().collect();
        if senders.is_empty() {
            return self.logout_refused(Refusal::UnknownIssuer, &about);
        }
        let proven = match proven(&senders, request) {
            Ok(proven) => proven,
            Err(refusal) => {
                if let [only] = senders.as_slice() {
                    about.application = Some(only);
                }
                return self.logout_refused(refusal.clone(), &about.tried(&refusal));
            }
        };
        let request = request.peek();
        // Applications that share entity ID and key are one sender, told apart by whose session is meant. Where
        // that leaves several, the first has the answer, and the others are asked like everybody else.
        let (mut chosen, mut sessions) = (None, Vec::new());
        for application in &proven {
            let found = self.matching_sessions(&snapshot, application, request)?;
            if !found.is_empty() {
                chosen.get_or_insert(*application);
            }
            sessions.extend(found);
        }
        let Some(application) = chosen.or_else(|| proven.first().copied()) else {
            return self.logout_refused(Refusal::SignatureMissing, &about);
        };
        about.application = Some(application);
        let asked = Asked {
            snapshot: &snapshot,
            application,
            request,
            by: Initiator {
                application: application.id,
                request_id: request.id.clone(),
                relay_state,
                wants_answer: !request.asynchronous,
            },
            about,
        };
        match request.refusal(&self.endpoints().slo, self.policy(), self.now()) {
            Some(refusal) if refusal.status().is_none() => self.logout_refused(refusal, &asked.about),
            Some(refusal) => self.deny(&asked, refusal),
            None => self.end_for(&asked, &sessions),
        }
    }

    /// Ends `sessions` for a request that is proven to come from its application.
    fn end_for(&self, asked: &Asked<'_>, sessions: &[(SessionId, UserId)]) -> Result<LogoutReceived, Error> {
        let cause = Cause {
            reason: "LogoutRequest",
            visitor: asked.about.visitor,
            by: Some(asked.by.clone()),
            once: Some((asked.request.issuer.as_str(), &asked.request.id)),
            cookie: None,
        };
        let ended = self.end_sessions(sessions, cause)?;
        if ended.replayed {
            return self.logout_refused(Refusal::Replayed, &asked.about);
        }
        if let Some(begun) = ended.begun {
            return Ok(LogoutReceived::Begun(begun));
        }
        // A session that ended before is what was asked for.
        if ended.any || self.had_ended(asked.application, asked.request)? {
            let sent = self.logout_answer(asked.snapshot, &asked.by, (status::SUCCESS, None), None)?;
            return Ok(sent.map_or(LogoutReceived::Ended, |outbound| {
                LogoutReceived::Answer(Box::new(outbound))
            }));
        }
        self.deny(asked, Refusal::NoSuchSession)
    }

    /// Tells the sender why not, or the person, where the sender wants no response or has no address for it.
    fn deny(&self, asked: &Asked<'_>, refusal: Refusal) -> Result<LogoutReceived, Error> {
        let status = refusal.status().unwrap_or_default();
        let page = self.refused_page(refusal, &asked.about)?;
        let words = status_message(&page.refusal, &page.reference);
        Ok(
            match self.logout_answer(asked.snapshot, &asked.by, status, Some(&words))? {
                Some(outbound) => LogoutReceived::Answer(Box::new(outbound)),
                None => LogoutReceived::Refused(page),
            },
        )
    }

    /// Whether what is asked for is so already: the session ended before, or nobody by this name is signed in
    /// there who once was.
    fn had_ended(&self, application: &Application, request: &LogoutRequest) -> Result<bool, Error> {
        let (now, name) = (self.now(), &request.name_id.value);
        Ok(self.store().read(|tx| {
            for index in &request.session_indexes {
                if tx.was_participant(application.id, index, name, now)? {
                    return Ok(true);
                }
            }
            Ok(tx.was_told_of(application.id, name)?
                && !tx.has_live_participant(application.id, name, now)?)
        })?)
    }

    /// Sessions that were not ended and whose participant is the sender, by NameID and SessionIndex (saml-core,
    /// 3.7.3.2).
    fn matching_sessions(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        request: &LogoutRequest,
    ) -> Result<Vec<(SessionId, UserId)>, Error> {
        let us = &snapshot.installation.entity_id;
        let fits = |participant: &Participant| {
            is_same_name(
                &participant.name_id,
                &request.name_id,
                us,
                &application.saml.entity_id,
            ) && (request.session_indexes.is_empty()
                || request.session_indexes.contains(&participant.session_index))
        };
        Ok(self.store().read(|tx| {
            let mut sessions = Vec::new();
            for participant in tx.participants_by_name_id(application.id, &request.name_id)? {
                if fits(&participant)
                    && let Some(session) = tx.session(participant.session)?
                {
                    sessions.push((session.id, session.user));
                }
            }
            Ok(sessions)
        })?)
    }

    fn logout_refused(&self, refusal: Refusal, about: &About<'_>) -> Result<LogoutReceived, Error> {
        Ok(LogoutReceived::Refused(self.refused_page(refusal, about)?))
    }
}

/// A request that is proven to come from an application.
struct Asked<'a> {
    snapshot: &'a Snapshot,
    application: &'a Application,
    request: &'a LogoutRequest,
    by: Initiator,
    about: About<'a>,
}

/// The enabled applications among `senders` whose certificate the signature fits; why there is none.
fn proven<'s>(
    senders: &[&'s Arc<Application>],
    request: &Unverified<LogoutRequest>,
) -> Result<Vec<&'s Application>, Refusal> {
    let (mut proven, mut refusal) = (Vec::new(), Refusal::SignatureMissing);
    for application in senders {
        match request.clone().judge(&application.saml.certificates) {
            Ok(Judged::Signed(_)) if application.enabled => proven.push(&***application),
            Ok(Judged::Signed(_)) => refusal = Refusal::ApplicationDisabled,
            Ok(Judged::Unsigned(_) | Judged::Unchecked(_)) => {}
            Err(found) => refusal = found,
        }
    }
    if proven.is_empty() {
        Err(refusal)
    } else {
        Ok(proven)
    }
}
