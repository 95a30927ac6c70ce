//! Builds a signed `Response` from a session and a request, and stores what it must remember.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{SamlApplication, SpUrl},
        audit_action::AuditAction,
        name_id::{NameId, NameIdFormat},
        participant::{Participant, ParticipantSubject},
        user::UserSummary,
    },
    provider::{
        error::Error,
        handle::Saml,
        saml::{
            refusal::{RefusalOutcome, StatusTarget},
            saml_response::SamlResponse,
        },
        session::ActiveSession,
        sign_in::gate::Authenticated,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        attribute::Attribute,
        refusal::StatusCodes,
        response::{self, Assertion, ResponseHeader, ResponseProtection},
    },
};

/// The parameters of a Response, once the request is permitted.
pub(in crate::provider) struct ResponseRequest<'a> {
    pub(in crate::provider) application: SamlApplication<'a>,
    /// `None` for an unsolicited Response.
    pub(in crate::provider) request_id: Option<&'a str>,
    pub(in crate::provider) acs: &'a SpUrl,
    pub(in crate::provider) relay_state: Option<String>,
    pub(in crate::provider) name_id_format: NameIdFormat,
    pub(in crate::provider) authenticated: Authenticated,
    pub(in crate::provider) unchecked_signature: bool,
}

/// What an Assertion says about the user.
#[derive(Clone, Copy)]
pub(in crate::provider) struct AssertedSubject<'a> {
    pub(in crate::provider) name_id: &'a NameId,
    pub(in crate::provider) session_index: &'a str,
    pub(in crate::provider) attributes: &'a [Attribute<'a>],
}

pub(in crate::provider) enum ResponseOutcome {
    Response(Box<SamlResponse>),
    /// The request was answered before, for another browser or user.
    Replayed,
    /// The session ended after it was read.
    SessionEnded,
    /// It is refused for this user; recorded already.
    Refused(RefusalOutcome),
}

/// The outcome of the write of a sign-in.
enum ResponseWrite {
    Done,
    AnsweredBefore,
    SessionEnded,
}

impl Saml<'_> {
    /// Signs the Response while no transaction is open; then one write records it. If that write finds that the request
    /// was answered for another session, the signed Response is discarded.
    pub(in crate::provider) fn respond(
        &self,
        snapshot: &Snapshot,
        response_request: ResponseRequest<'_>,
        active_session: &ActiveSession,
        visitor: &Visitor,
    ) -> Result<ResponseOutcome, Error> {
        let application = response_request.application;
        let now = self.now();
        let name_id = self.name_id(
            snapshot,
            application,
            active_session,
            response_request.name_id_format,
        )?;
        let session_index = active_session
            .session
            .session_index_for(application.application.id);
        let attributes = match self.released_attributes(application, active_session)? {
            Ok(attributes) => attributes,
            Err(missing) => {
                return self.respond_missing_attribute(
                    snapshot,
                    response_request,
                    &missing,
                    active_session,
                    visitor,
                );
            }
        };
        let content = AssertedSubject {
            name_id: &name_id,
            session_index: &session_index,
            attributes: &attributes,
        };
        let seal = self.response_protection(snapshot, application)?;
        let xml = self.write_success_response(snapshot, &response_request, content, seal, now)?;

        let recorded = active_session.participant.as_ref();
        let participant = Participant {
            session: active_session.session.id,
            application: application.application.id,
            session_handle: session_index,
            subject: ParticipantSubject::Saml(name_id),
            first_at: recorded.map_or(now, |recorded| recorded.first_at),
            last_at: now,
        };
        let mut event = self.event(AuditAction::SingleSignOn, "ok", Some(visitor));
        event.user = Some(active_session.user.id);
        event.application = Some(application.application.id);
        event.session = Some(active_session.session.id);
        let is_large = xml.len() > LARGE_RESPONSE_BYTES;
        if is_large {
            tracing::warn!(app.id = %application.application.id, user.id = %active_session.user.id, bytes = xml.len(), "{LARGE_RESPONSE}");
        }
        let details: Vec<_> = [
            (response_request.unchecked_signature, UNCHECKED_SIGNATURE),
            (is_large, LARGE_RESPONSE),
        ]
        .into_iter()
        .filter_map(|(applies, detail)| applies.then_some(detail))
        .collect();
        event.detail = (!details.is_empty()).then(|| details.join("; "));
        let is_recorded = recorded.is_some_and(|recorded| recorded.still_describes(&participant));
        let identity = active_session.changed_identity(&participant);
        let touch = active_session.is_to_be_touched(now);
        let written = self.store().write_relaxed(|tx| {
            // This comes before the row lock: two sign-ins of one session that both held the lock would wait for each
            // other.
            if touch {
                tx.touch_session(active_session.session.id, now, self.idle_expiry(now))?;
            }
            if !tx.lock_open_session(active_session.session.id)? {
                return Ok(ResponseWrite::SessionEnded);
            }
            if let Some(request_id) = response_request.request_id
                && !tx.mark_request_answered(
                    application.application.id,
                    request_id,
                    active_session.session.id,
                    now + self.policy().answered_request_retention(),
                )?
            {
                return Ok(ResponseWrite::AnsweredBefore);
            }
            if is_recorded {
                // It may have left the session since that was read.
                tx.add_participant(&participant)?;
            } else {
                tx.save_participant(&participant)?;
            }
            if let Some(identity) = &identity {
                tx.save_application_identity(identity)?;
            }
            tx.add_audit_event(&event)?;
            Ok(ResponseWrite::Done)
        })?;
        Ok(match written {
            ResponseWrite::SessionEnded => ResponseOutcome::SessionEnded,
            ResponseWrite::AnsweredBefore => ResponseOutcome::Replayed,
            ResponseWrite::Done => ResponseOutcome::Response(Box::new(SamlResponse {
                application: application.application.id,
                application_name: application.application.name.clone(),
                acs: response_request.acs.clone(),
                xml,
                relay_state: response_request.relay_state,
                user: Some(UserSummary::from(&active_session.user)),
            })),
        })
    }

    /// The signed Response itself; stores nothing.
    pub(in crate::provider) fn write_success_response(
        &self,
        snapshot: &Snapshot,
        response_request: &ResponseRequest<'_>,
        content: AssertedSubject<'_>,
        seal: ResponseProtection<'_>,
        now: DateTime<Utc>,
    ) -> Result<String, Error> {
        let frame = ResponseHeader {
            issuer: &snapshot.installation.entity_id,
            id: &self.message_id(),
            acs: response_request.acs,
            in_response_to: response_request.request_id,
            now,
        };
        let statement = Assertion {
            id: &self.message_id(),
            audience: &response_request.application.sp.audience,
            name_id: content.name_id,
            authenticated_at: response_request.authenticated.at,
            context_class: response_request.authenticated.class.uri(),
            session_index: content.session_index,
            attributes: content.attributes,
        };
        Ok(response::success(&frame, &statement, &self.policy(), seal)?)
    }

    /// A signed Response that contains only a status.
    pub(in crate::provider) fn status_response(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        told: StatusTarget<'_>,
        status: StatusCodes,
        words: &str,
    ) -> Result<SamlResponse, Error> {
        let frame = ResponseHeader {
            issuer: &snapshot.installation.entity_id,
            id: &self.message_id(),
            acs: told.acs,
            in_response_to: Some(told.request_id),
            now: self.now(),
        };
        let xml = response::failure(
            &frame,
            status,
            words,
            &snapshot.signer,
            application.sp.response_options.signature_algorithm,
        )?;
        Ok(SamlResponse {
            application: application.application.id,
            application_name: application.application.name.clone(),
            acs: told.acs.clone(),
            xml,
            relay_state: told.relay_state,
            user: None,
        })
    }
}

/// A response that is longer is told of: some service providers and proxies refuse it.
pub const LARGE_RESPONSE_BYTES: usize = 20_000;

/// The detail of the audit event if the response is longer.
const LARGE_RESPONSE: &str = "the response has more than 20 kB, which some applications refuse";

/// The detail of the audit event if the request was signed by a key that is not registered.
pub const UNCHECKED_SIGNATURE: &str = "the request was signed, but no certificate is registered to check it";
