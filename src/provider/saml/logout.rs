//! The Sign-out URL, and `LogoutRequest` in. Which session ends, its sender says by SessionIndex, or the browser by
//! its cookie; who is then led to the other applications, the cookie alone.

use std::sync::Arc;

use crate::{
    model::{
        application::Application,
        id::{LogoutId, SessionId, UserId},
        logout::Initiator,
        name_id::NameId,
        participant::Participant,
    },
    provider::{
        Provider,
        end_sessions::Cause,
        error::Error,
        saml::{
            facts,
            logout_hop::Outbound,
            refuse::{About, RefusedPage, status_message},
        },
        sign_off::Begun,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        binding::inbound::{Arrived, Carried},
        logout::request::{self, LogoutRequest, is_same_name, is_same_name_in_session},
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
    /// The sender has its `LogoutResponse` at once: nobody else is to be told, or not in this browser.
    Answer(Box<Outbound>),
    /// The session has ended, and it is this browser's: it is led to the others now.
    Begun(Begun),
    /// It came as a form of another site, without cookies: what is left of it is done at a GET of our own, which
    /// brings them. Give the browser this cookie, and send it to `/logout/{id}/resume`.
    GoRound(Begun),
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
        let Some(first) = proven.first().copied() else {
            return self.logout_refused(Refusal::SignatureMissing, &about);
        };
        let mut asked = Asked {
            snapshot: &snapshot,
            senders: proven,
            name_id: request.name_id.clone(),
            session_indexes: request.session_indexes.clone(),
            once: Some((request.issuer.as_str(), &request.id)),
            by: Initiator {
                application: first.id,
                request_id: request.id.clone(),
                relay_state,
                wants_answer: !request.asynchronous,
            },
            about,
        };
        asked.about.application = Some(first);
        asked.about.is_valid = true;
        asked.about.is_signed = true;
        match request.refusal(&self.endpoints().slo, self.policy(), self.now()) {
            Some(refusal) if refusal.status().is_none() => self.logout_refused(refusal, &asked.about),
            Some(refusal) => self.deny(&asked, refusal),
            None if !request.session_indexes.is_empty() => self.end_by_index(asked),
            None if visitor.session_may_be_hidden => self.go_round(&asked, true),
            None => self.end_by_name(asked),
        }
    }

    /// Ends the sessions that the request names by SessionIndex and NameID among those that its sender takes part
    /// in (saml-core, 3.7.3.2), whoever brings it.
    fn end_by_index(&self, mut asked: Asked<'_>) -> Result<LogoutReceived, Error> {
        // Applications that share entity ID and key are one sender, told apart by whose session is meant. Where
        // that leaves several, the first has the answer, and the others are asked like everybody else.
        let (mut chosen, mut sessions) = (None, Vec::new());
        for application in &asked.senders {
            let found = self.named_sessions(application, &asked)?;
            if !found.is_empty() {
                chosen.get_or_insert(*application);
            }
            sessions.extend(found);
        }
        if let Some(application) = chosen {
            asked.by.application = application.id;
            asked.about.application = Some(application);
        }
        let ended = self.end_sessions(&sessions, &asked.cause())?;
        if ended.replayed {
            return self.logout_refused(Refusal::Replayed, &asked.about);
        }
        if let Some(begun) = ended.begun {
            return Ok(LogoutReceived::Begun(begun));
        }
        if ended.others_wait {
            if asked.about.visitor.session_may_be_hidden {
                return self.go_round(&asked, false);
            }
            return self.answer_at_once(&asked, Some(status::PARTIAL_LOGOUT));
        }
        // A session that ended before is what was asked for.
        if ended.any || self.had_ended(&asked)? {
            return self.answer_at_once(&asked, None);
        }
        self.deny(&asked, Refusal::NoSuchSession)
    }

    /// Without a SessionIndex: the session that the browser shows ends, if the sender takes part in it under that
    /// name. Else nobody's does: the sender's own part in its person's sessions is over.
    pub(super) fn end_by_name(&self, mut asked: Asked<'_>) -> Result<LogoutReceived, Error> {
        let token = asked.about.visitor.session.as_ref();
        let shown = match token {
            Some(token) => self.store().read(|tx| tx.session_by_token(token.hash()))?,
            None => None,
        };
        if let Some((session, user)) = shown {
            let parts = self.store().read(|tx| tx.participants(session.id))?;
            let mut senders = asked.senders.iter();
            let sender = senders.find(|sender| {
                parts
                    .iter()
                    .any(|part| part.application == sender.id && asked.is_named(sender, part))
            });
            if let Some(sender) = sender.copied() {
                asked.by.application = sender.id;
                asked.about.application = Some(sender);
                let ended = self.end_sessions(&[(session.id, user.id)], &asked.cause())?;
                if ended.replayed {
                    return self.logout_refused(Refusal::Replayed, &asked.about);
                }
                if let Some(begun) = ended.begun {
                    return Ok(LogoutReceived::Begun(begun));
                }
                return self.answer_at_once(&asked, None);
            }
        }
        match self.end_part(&asked, Some(asked.about.visitor))? {
            PartEnded::Replayed => self.logout_refused(Refusal::Replayed, &asked.about),
            PartEnded::Alone => self.answer_at_once(&asked, None),
            PartEnded::OthersGoOn => self.answer_at_once(&asked, Some(status::PARTIAL_LOGOUT)),
            PartEnded::Nothing if self.had_ended(&asked)? => self.answer_at_once(&asked, None),
            PartEnded::Nothing => self.deny(&asked, Refusal::NoSuchSession),
        }
    }

    /// Ends what the senders take part in under this name, and leaves the sessions as they are.
    pub(super) fn end_part(&self, asked: &Asked<'_>, visitor: Option<&Visitor>) -> Result<PartEnded, Error> {
        let until = self.now() + self.policy().replay_memory;
        let mut parts = Vec::new();
        for sender in &asked.senders {
            let told = self
                .store()
                .read(|tx| tx.participants_by_name_id(sender.id, &asked.name_id))?;
            parts.extend(told.into_iter().filter(|part| asked.is_named(sender, part)));
        }
        Ok(self.store().write(|tx| {
            if let Some((issuer, id)) = asked.once
                && !tx.seen_once("LogoutRequest", issuer, id, until)?
            {
                return Ok(PartEnded::Replayed);
            }
            let mut ended = PartEnded::Nothing;
            for part in &parts {
                if !tx.leave_session(part.session, part.application)? {
                    continue;
                }
                let others = tx.participants(part.session)?;
                let others: Vec<_> = others.iter().map(|other| other.application).collect();
                let mut event = self.event("logout", "ok", visitor);
                event.session = Some(part.session);
                event.user = tx.session(part.session)?.map(|session| session.user);
                event.application = Some(part.application);
                let mut detail =
                    "LogoutRequest without SessionIndex: the session goes on without it".to_owned();
                if !others.is_empty() {
                    let told = asked.snapshot.slugs(others.into_iter());
                    detail = format!("{detail}; not told: {told}");
                    ended = PartEnded::OthersGoOn;
                } else if ended == PartEnded::Nothing {
                    ended = PartEnded::Alone;
                }
                event.detail = Some(detail);
                tx.add_audit(&event)?;
            }
            Ok(ended)
        })?)
    }

    /// The answer of a request that leads nobody on: without a page, and without a word of who else took part.
    pub(super) fn answer_at_once(
        &self,
        asked: &Asked<'_>,
        second: Option<&'static str>,
    ) -> Result<LogoutReceived, Error> {
        let sent = self.logout_answer(asked.snapshot, &asked.by, (status::SUCCESS, second), None)?;
        Ok(sent.map_or(LogoutReceived::Ended, |outbound| {
            LogoutReceived::Answer(Box::new(outbound))
        }))
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
    fn had_ended(&self, asked: &Asked<'_>) -> Result<bool, Error> {
        let (now, application, name) = (self.now(), asked.by.application, &asked.name_id.value);
        Ok(self.store().read(|tx| {
            for index in &asked.session_indexes {
                if tx.was_participant(application, index, name, now)? {
                    return Ok(true);
                }
            }
            Ok(tx.was_told_of(application, name)? && !tx.has_live_participant(application, name, now)?)
        })?)
    }

    /// Sessions that were not ended in which `application` takes part, by SessionIndex and NameID.
    fn named_sessions(
        &self,
        application: &Application,
        asked: &Asked<'_>,
    ) -> Result<Vec<(SessionId, UserId)>, Error> {
        Ok(self.store().read(|tx| {
            let mut sessions = Vec::new();
            for index in &asked.session_indexes {
                for part in tx.participants_by_index(application.id, index, &asked.name_id.value)? {
                    if asked.is_named(application, &part)
                        && let Some(session) = tx.session(part.session)?
                    {
                        sessions.push((session.id, session.user));
                    }
                }
            }
            Ok(sessions)
        })?)
    }

    fn logout_refused(&self, refusal: Refusal, about: &About<'_>) -> Result<LogoutReceived, Error> {
        Ok(LogoutReceived::Refused(self.refused_page(refusal, about)?))
    }
}

/// A request that is proven to come from its senders: one application, or several that share entity ID and key.
pub(super) struct Asked<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) senders: Vec<&'a Application>,
    pub(super) name_id: NameId,
    pub(super) session_indexes: Vec<String>,
    /// Issuer and `ID` of the request, where it was not noted yet.
    pub(super) once: Option<(&'a str, &'a str)>,
    /// Who has the answer.
    pub(super) by: Initiator,
    pub(super) about: About<'a>,
}

/// What became of the part that the senders took in sessions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PartEnded {
    Replayed,
    /// They took none.
    Nothing,
    /// Nobody else takes part.
    Alone,
    OthersGoOn,
}

impl Asked<'_> {
    /// Whether the request names the person of `part` as `sender` was told.
    fn is_named(&self, sender: &Application, part: &Participant) -> bool {
        let us = &self.snapshot.installation.entity_id;
        let same = if self.session_indexes.is_empty() {
            is_same_name
        } else {
            is_same_name_in_session
        };
        same(&part.name_id, &self.name_id, us, &sender.saml.entity_id)
    }

    fn cause(&self) -> Cause<'_> {
        Cause {
            reason: "LogoutRequest",
            visitor: self.about.visitor,
            by: Some(self.by.clone()),
            once: self.once,
            cookie: None,
        }
    }
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
