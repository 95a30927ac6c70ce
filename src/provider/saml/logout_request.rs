//! The SLO URL, and receiving a `LogoutRequest`. The session that ends is named by the sender's SessionIndex or by the
//! browser's cookie; only the cookie decides which browser is sent to the other applications.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, SamlApplication},
        audit_action::AuditAction,
        id::{LogoutId, SessionId, UserId},
        logout::Initiator,
        name_id::NameId,
        participant::Participant,
    },
    provider::{
        error::Error,
        handle::Saml,
        logout::end_sessions::EndCause,
        logout::started_logout::StartedLogout,
        refusal::{RefusalContext, RefusedPage},
        saml::{logout_steps::LogoutDelivery, refusal::status_message, request_details},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        binding::{inbound::MessageKind, raw_message::RawMessage},
        logout::request::{self, LogoutRequest, is_same_name_id, is_same_name_id_in_session},
        refusal::Refusal,
        signature::{Unverified, VerificationOutcome},
        urn::status,
    },
};

/// The outcome of a visit to the SLO URL.
#[derive(Debug)]
pub enum LogoutMessageOutcome {
    /// There was no message: a browser opened the URL. Ask the user.
    NoMessage,
    /// The sender receives its `LogoutResponse` at once: no other application is involved, or not in this browser.
    Response(Box<LogoutDelivery>),
    /// The session has ended, and it was this browser's: the browser is sent to the other applications next.
    LogoutStarted(StartedLogout),
    /// The message came as a form of another site, without cookies: the rest is done at a GET of our own, which has
    /// them. Set this cookie, and send the browser to `/logout/{id}/resume`.
    ResumeByGet(StartedLogout),
    /// An application has responded: the logout continues.
    Continue(LogoutId),
    /// The session has ended, and its application wants no LogoutResponse or has no endpoint for it.
    Ended,
    /// A response to a request that we never sent, or that was answered before.
    Unsolicited,
    /// Show our own page with the reason.
    Refused(Box<RefusedPage>),
}

impl Saml<'_> {
    /// Processes a message that arrived at the SLO URL.
    pub fn receive_logout_message(
        &self,
        raw_message: &RawMessage,
        visitor: &Visitor,
    ) -> Result<LogoutMessageOutcome, Error> {
        let nobody = || RefusalContext::logout(None, request_details::from_unread(raw_message), visitor);
        let mut inbound = match raw_message.decode() {
            Ok(inbound) if inbound.kind == MessageKind::Response => {
                return self.receive_logout_response(&inbound, visitor);
            }
            Ok(inbound) => inbound,
            Err(Refusal::NoMessage) => return Ok(LogoutMessageOutcome::NoMessage),
            Err(refusal) => return self.logout_refused(&refusal, &nobody()),
        };
        let relay_state = inbound.relay_state.take();
        match request::read(&inbound) {
            Ok(request) => self.process_logout_request(&request, relay_state, visitor),
            Err(refusal) => self.logout_refused(&refusal, &nobody()),
        }
    }

    fn process_logout_request(
        &self,
        request: &Unverified<LogoutRequest>,
        relay_state: Option<String>,
        visitor: &Visitor,
    ) -> Result<LogoutMessageOutcome, Error> {
        let snapshot = self.fresh_snapshot()?;
        let mut context =
            RefusalContext::logout(None, request_details::from_logout_request(request), visitor);
        let senders = snapshot.by_entity_id(&request.unverified().issuer);
        if senders.is_empty() {
            return self.logout_refused(&Refusal::UnknownIssuer, &context);
        }
        let proven = match verified_senders(&senders, request) {
            Ok(proven) => proven,
            Err(refusal) => {
                if let [only] = senders.as_slice() {
                    context.application = Some(only);
                }
                return self.logout_refused(&refusal, &context.with_tried_certificates(&refusal));
            }
        };
        let request = request.unverified();
        let Some(first) = proven.first().copied() else {
            return self.logout_refused(&Refusal::SignatureMissing, &context);
        };
        let mut verified = VerifiedLogoutRequest {
            snapshot: &snapshot,
            senders: proven,
            name_id: request.name_id.clone(),
            session_indexes: request.session_indexes.clone(),
            replay_key: Some((request.issuer.as_str(), &request.id)),
            initiator: Initiator {
                application: first.application.id,
                request_id: request.id.clone(),
                relay_state,
                wants_response: !request.asynchronous,
            },
            context,
        };
        verified.context.application = Some(first.application);
        verified.context.is_valid = true;
        verified.context.is_signed = true;
        match request.refusal(&self.endpoints().slo, &self.policy(), self.now()) {
            Some(refusal) if refusal.status().is_none() => self.logout_refused(&refusal, &verified.context),
            Some(refusal) => self.respond_with_refusal(&verified, &refusal),
            None if !request.session_indexes.is_empty() => self.end_by_index(verified),
            None if visitor.session_may_be_hidden => self.resume_by_get(&verified, true),
            None => self.end_by_name(verified),
        }
    }

    /// Ends the sessions that the request names by SessionIndex and NameID, among those that its sender takes part in
    /// (saml-core, 3.7.3.2), whichever browser brings it.
    fn end_by_index(&self, mut request: VerifiedLogoutRequest<'_>) -> Result<LogoutMessageOutcome, Error> {
        // Applications that share entity ID and key are one sender; the session that the request names tells which of
        // them is meant. If several are left, the first receives the LogoutResponse, and the others are asked like all
        // other participants.
        let (mut chosen, mut sessions) = (None, Vec::new());
        for application in &request.senders {
            let found = self.sessions_by_index(*application, &request)?;
            if !found.is_empty() {
                chosen.get_or_insert(application.application);
            }
            sessions.extend(found);
        }
        if let Some(application) = chosen {
            request.initiator.application = application.id;
            request.context.application = Some(application);
        }
        let ended = self.logout().end_sessions(&sessions, &request.cause())?;
        if ended.replayed {
            return self.logout_refused(&Refusal::Replayed, &request.context);
        }
        if let Some(begun) = ended.started {
            return Ok(LogoutMessageOutcome::LogoutStarted(begun));
        }
        if ended.others_deferred {
            if request.context.visitor.session_may_be_hidden {
                return self.resume_by_get(&request, false);
            }
            return self.respond_at_once(&request, Some(status::PARTIAL_LOGOUT));
        }
        // A session that ended before is also a success.
        if ended.any_ended || self.already_ended(&request)? {
            return self.respond_at_once(&request, None);
        }
        self.respond_with_refusal(&request, &Refusal::NoSuchSession)
    }

    /// Without a SessionIndex, the session whose cookie the browser sends ends, if the sender takes part in it under
    /// that NameID. Otherwise no session ends: only the sender's participation in the user's sessions does.
    pub(super) fn end_by_name(
        &self,
        mut request: VerifiedLogoutRequest<'_>,
    ) -> Result<LogoutMessageOutcome, Error> {
        let token = request.context.visitor.session.as_ref();
        let browser_session = match token {
            Some(token) => self.store().read(|tx| tx.session_by_token(token.hash()))?,
            None => None,
        };
        if let Some((session, user)) = browser_session {
            let participants = self.store().read(|tx| tx.participants(session.id))?;
            let mut senders = request.senders.iter();
            let sender = senders.find(|sender| {
                participants.iter().any(|participant| {
                    participant.application == sender.application.id
                        && request.names_participant(**sender, participant)
                })
            });
            if let Some(sender) = sender.copied() {
                request.initiator.application = sender.application.id;
                request.context.application = Some(sender.application);
                let ended = self
                    .logout()
                    .end_sessions(&[(session.id, user.id)], &request.cause())?;
                if ended.replayed {
                    return self.logout_refused(&Refusal::Replayed, &request.context);
                }
                if let Some(begun) = ended.started {
                    return Ok(LogoutMessageOutcome::LogoutStarted(begun));
                }
                return self.respond_at_once(&request, None);
            }
        }
        match self.end_participation(&request, Some(request.context.visitor))? {
            EndParticipationOutcome::Replayed => self.logout_refused(&Refusal::Replayed, &request.context),
            EndParticipationOutcome::NoOthers => self.respond_at_once(&request, None),
            EndParticipationOutcome::OthersRemain => {
                self.respond_at_once(&request, Some(status::PARTIAL_LOGOUT))
            }
            EndParticipationOutcome::NotAParticipant if self.already_ended(&request)? => {
                self.respond_at_once(&request, None)
            }
            EndParticipationOutcome::NotAParticipant => {
                self.respond_with_refusal(&request, &Refusal::NoSuchSession)
            }
        }
    }

    /// Ends the senders' participation under this NameID; the sessions continue.
    pub(super) fn end_participation(
        &self,
        request: &VerifiedLogoutRequest<'_>,
        visitor: Option<&Visitor>,
    ) -> Result<EndParticipationOutcome, Error> {
        let until = self.now() + self.policy().replay_retention;
        let mut participants = Vec::new();
        for sender in &request.senders {
            let found = self
                .store()
                .read(|tx| tx.participants_by_name_id(sender.application.id, &request.name_id))?;
            participants.extend(
                found
                    .into_iter()
                    .filter(|participant| request.names_participant(*sender, participant)),
            );
        }
        Ok(self.store().write(|tx| {
            if let Some((issuer, id)) = request.replay_key
                && !tx.mark_message_seen("LogoutRequest", issuer, id, until)?
            {
                return Ok(EndParticipationOutcome::Replayed);
            }
            let mut ended = EndParticipationOutcome::NotAParticipant;
            for participant in &participants {
                if !tx.remove_participant(participant.session, participant.application)? {
                    continue;
                }
                let others = tx.participants(participant.session)?;
                let others: Vec<_> = others.iter().map(|other| other.application).collect();
                let mut event = self.event(AuditAction::Logout, "ok", visitor);
                event.session = Some(participant.session);
                event.user = tx.session(participant.session)?.map(|session| session.user);
                event.application = Some(participant.application);
                let mut detail =
                    "LogoutRequest without SessionIndex: the session goes on without it".to_owned();
                if !others.is_empty() {
                    let slugs = request.snapshot.slugs(others.into_iter());
                    detail = format!("{detail}; not told: {slugs}");
                    ended = EndParticipationOutcome::OthersRemain;
                } else if ended == EndParticipationOutcome::NotAParticipant {
                    ended = EndParticipationOutcome::NoOthers;
                }
                event.detail = Some(detail);
                tx.add_audit_event(&event)?;
            }
            Ok(ended)
        })?)
    }

    /// The LogoutResponse to a request whose browser is not sent on: without a page, and without revealing who else
    /// took part.
    pub(super) fn respond_at_once(
        &self,
        request: &VerifiedLogoutRequest<'_>,
        second: Option<&'static str>,
    ) -> Result<LogoutMessageOutcome, Error> {
        let sent = self.logout_response(
            request.snapshot,
            &request.initiator,
            (status::SUCCESS, second),
            None,
        )?;
        Ok(sent.map_or(LogoutMessageOutcome::Ended, |outbound| {
            LogoutMessageOutcome::Response(Box::new(outbound))
        }))
    }

    /// Sends the refusal to the sender; if the sender wants no LogoutResponse or has no endpoint for it, shows it to
    /// the user.
    fn respond_with_refusal(
        &self,
        request: &VerifiedLogoutRequest<'_>,
        refusal: &Refusal,
    ) -> Result<LogoutMessageOutcome, Error> {
        let status = refusal.status().unwrap_or_default();
        let page = self.refused_page(refusal, &request.context)?;
        let message = status_message(refusal, &page.reference);
        Ok(
            match self.logout_response(request.snapshot, &request.initiator, status, Some(&message))? {
                Some(outbound) => LogoutMessageOutcome::Response(Box::new(outbound)),
                None => LogoutMessageOutcome::Refused(page),
            },
        )
    }

    /// Whether the request is already fulfilled: the session ended before, or a user known to the application by this
    /// NameID no longer has an active session there.
    fn already_ended(&self, request: &VerifiedLogoutRequest<'_>) -> Result<bool, Error> {
        let (now, application, name) = (self.now(), request.initiator.application, &request.name_id.value);
        Ok(self.store().read(|tx| {
            for index in &request.session_indexes {
                if tx.has_ended_participant(application, index, name, now)? {
                    return Ok(true);
                }
            }
            Ok(tx.has_identity_with_name_id(application, name)?
                && !tx.has_active_participant(application, name, now)?)
        })?)
    }

    /// Sessions that have not been ended in which `application` takes part, by SessionIndex and NameID.
    fn sessions_by_index(
        &self,
        application: SamlApplication<'_>,
        request: &VerifiedLogoutRequest<'_>,
    ) -> Result<Vec<(SessionId, UserId)>, Error> {
        let id = application.application.id;
        Ok(self.store().read(|tx| {
            let mut sessions = Vec::new();
            for index in &request.session_indexes {
                for participant in tx.participants_by_index(id, index, &request.name_id.value)? {
                    if request.names_participant(application, &participant)
                        && let Some(session) = tx.session(participant.session)?
                    {
                        sessions.push((session.id, session.user));
                    }
                }
            }
            Ok(sessions)
        })?)
    }

    fn logout_refused(
        &self,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<LogoutMessageOutcome, Error> {
        Ok(LogoutMessageOutcome::Refused(
            self.refused_page(refusal, context)?,
        ))
    }
}

/// A request that is proven to come from its senders: one application, or several that share entity ID and key.
pub(super) struct VerifiedLogoutRequest<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) senders: Vec<SamlApplication<'a>>,
    pub(super) name_id: NameId,
    pub(super) session_indexes: Vec<String>,
    /// Issuer and `ID` of the request; `None` if they have been recorded already.
    pub(super) replay_key: Option<(&'a str, &'a str)>,
    /// Who receives the LogoutResponse.
    pub(super) initiator: Initiator,
    pub(super) context: RefusalContext<'a>,
}

/// The outcome of ending the senders' participation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EndParticipationOutcome {
    Replayed,
    /// They took part in no session.
    NotAParticipant,
    /// No other application takes part.
    NoOthers,
    OthersRemain,
}

impl VerifiedLogoutRequest<'_> {
    /// Whether the request names the user of `participant` by the NameID that `sender` received.
    fn names_participant(&self, sender: SamlApplication<'_>, participant: &Participant) -> bool {
        let us = &self.snapshot.installation.entity_id;
        let same = if self.session_indexes.is_empty() {
            is_same_name_id
        } else {
            is_same_name_id_in_session
        };
        participant
            .subject
            .name_id()
            .is_some_and(|name_id| same(name_id, &self.name_id, us, &sender.sp.entity_id))
    }

    fn cause(&self) -> EndCause<'_> {
        EndCause {
            reason: "LogoutRequest",
            visitor: self.context.visitor,
            initiator: Some(self.initiator.clone()),
            replay_key: self.replay_key,
            cookie: None,
        }
    }
}

/// The enabled applications among `senders` with a certificate that verifies the signature; or why there is none.
fn verified_senders<'s>(
    senders: &[&'s Arc<Application>],
    request: &Unverified<LogoutRequest>,
) -> Result<Vec<SamlApplication<'s>>, Refusal> {
    let (mut proven, mut refusal) = (Vec::new(), Refusal::SignatureMissing);
    for sender in senders.iter().filter_map(|sender| sender.as_saml()) {
        match request.clone().verify(&sender.sp.signing_certificates) {
            Ok(VerificationOutcome::Signed(_)) if sender.application.enabled => proven.push(sender),
            Ok(VerificationOutcome::Signed(_)) => refusal = Refusal::ApplicationDisabled,
            Ok(VerificationOutcome::Unsigned(_) | VerificationOutcome::Unchecked(_)) => {}
            Err(found) => refusal = found,
        }
    }
    if proven.is_empty() {
        Err(refusal)
    } else {
        Ok(proven)
    }
}
