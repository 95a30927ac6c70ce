//! `LogoutRequest` in: the sender's own session ends, and nobody else's.

use std::sync::Arc;

use crate::{
    model::{
        application::{AcsUrl, Application},
        fact::Facts,
        id::{SessionId, UserId},
        name_id::NameId,
        participant::Participant,
    },
    provider::{
        Provider,
        error::Error,
        saml::{
            facts,
            refuse::{About, RefusedPage},
        },
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        binding::{
            inbound::{Arrived, Carried, Inbound},
            redirect,
        },
        logout::{self, LogoutRequest},
        refusal::{Refusal, Status},
        signature::{Judged, Unverified},
        urn::status,
    },
};

/// What becomes of a visit to the Sign-out URL.
#[derive(Debug)]
pub enum LogoutReceived {
    /// Nothing was sent along: a browser opened the address. Ask the person.
    Plain,
    /// Send the browser there: our signed `LogoutResponse` is in the address.
    Redirect(String),
    /// The session has ended, but its participant has no address for the response.
    Ended,
    /// An answer to a request that we never sent.
    Stray,
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
}

impl Provider {
    /// Takes what came to the Sign-out URL.
    pub fn receive_logout(&self, arrived: &Arrived, visitor: &Visitor) -> Result<LogoutReceived, Error> {
        let nobody = || About::logout(None, Facts::default(), visitor);
        let inbound = match arrived.decode() {
            Ok(inbound) if inbound.carried == Carried::Response => return Ok(LogoutReceived::Stray),
            Ok(inbound) => inbound,
            Err(Refusal::Nothing) => return Ok(LogoutReceived::Plain),
            Err(refusal) => return self.logout_refused(refusal, &nobody()),
        };
        match read(inbound) {
            Ok((request, relay_state)) => self.log_out_for(&request, relay_state.as_deref(), visitor),
            Err(refusal) => self.logout_refused(refusal, &nobody()),
        }
    }

    fn log_out_for(
        &self,
        request: &Unverified<LogoutRequest>,
        relay_state: Option<&str>,
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
        // Applications that share entity ID and key are told apart by whose session is meant.
        let mut chosen = proven.first().copied();
        for application in &proven {
            if !self.matching_sessions(application, request.peek())?.is_empty() {
                chosen = Some(*application);
            }
        }
        let Some(application) = chosen else {
            return self.logout_refused(Refusal::SignatureMissing, &about);
        };
        about.application = Some(application);
        let request = request.peek();
        match request.refusal(&self.endpoints().slo, self.policy(), self.now()) {
            Some(refusal) if refusal.status().is_none() => self.logout_refused(refusal, &about),
            Some(refusal) => {
                self.refuse(&refusal, &about)?;
                let status = refusal.status().unwrap_or_default();
                self.respond(&snapshot, application, request, relay_state, status)
            }
            None => self.end_for(&snapshot, application, request, relay_state, &about),
        }
    }

    /// Ends the sessions of `request`, which is proven to come from `application`.
    fn end_for(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        request: &LogoutRequest,
        relay_state: Option<&str>,
        about: &About<'_>,
    ) -> Result<LogoutReceived, Error> {
        let until = self.now() + self.policy().replay_memory;
        let (issuer, id) = (application.id.to_string(), &request.id);
        if !self
            .store()
            .write(|tx| tx.seen_once("LogoutRequest", &issuer, id, until))?
        {
            return self.logout_refused(Refusal::Replayed, about);
        }
        let mut ended = false;
        for (session, user) in self.matching_sessions(application, request)? {
            ended |= self.end(
                session,
                user,
                "LogoutRequest",
                about.visitor,
                Some(application.id),
            )?;
        }
        let status = if ended || self.had_ended(application, request)? {
            // A session that ended before is what was asked for.
            (status::SUCCESS, None)
        } else {
            let refusal = Refusal::NoSuchSession;
            self.refuse(&refusal, about)?;
            refusal.status().unwrap_or_default()
        };
        self.respond(snapshot, application, request, relay_state, status)
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

    /// Live sessions whose participant is the sender, by NameID and SessionIndex (saml-core, 3.7.3.2).
    fn matching_sessions(
        &self,
        application: &Application,
        request: &LogoutRequest,
    ) -> Result<Vec<(SessionId, UserId)>, Error> {
        let fits = |participant: &Participant| {
            is_named(&participant.name_id, &request.name_id)
                && (request.session_indexes.is_empty()
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

    fn respond(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        request: &LogoutRequest,
        relay_state: Option<&str>,
        status: Status,
    ) -> Result<LogoutReceived, Error> {
        let Some(endpoint) = &application.saml.logout else {
            return Ok(LogoutReceived::Ended);
        };
        let destination: &AcsUrl = endpoint.for_responses();
        let xml = logout::response(
            &snapshot.installation.entity_id,
            &self.message_id(),
            destination,
            &request.id,
            status,
            self.now(),
        )?;
        let address = redirect::encode(
            destination.as_str(),
            Carried::Response,
            &xml,
            relay_state,
            &snapshot.signer,
            application.saml.making.algorithm,
        )
        .map_err(|why| Error::Signing(Box::new(why)))?;
        Ok(LogoutReceived::Redirect(address))
    }

    fn logout_refused(&self, refusal: Refusal, about: &About<'_>) -> Result<LogoutReceived, Error> {
        Ok(LogoutReceived::Refused(self.refused_page(refusal, about)?))
    }
}

/// Whether both name the same: a qualifier that the sender leaves out is the one that it was told
/// (saml-core, 3.3.4 and 8.3.7).
fn is_named(told: &NameId, asked: &NameId) -> bool {
    let fits = |told: &Option<String>, asked: &Option<String>| asked.is_none() || told == asked;
    told.format == asked.format
        && told.value == asked.value
        && fits(&told.name_qualifier, &asked.name_qualifier)
        && fits(&told.sp_name_qualifier, &asked.sp_name_qualifier)
}

fn read(mut inbound: Inbound) -> Result<(Unverified<LogoutRequest>, Option<String>), Refusal> {
    let relay_state = inbound.relay_state.take();
    Ok((logout::read(&inbound)?, relay_state))
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
