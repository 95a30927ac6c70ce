//! Receiving a `LogoutResponse`: an application's response to our LogoutRequest.

use crate::{
    model::{
        application::{Application, SamlApplication},
        audit_action::AuditAction,
        logout::LogoutStepState,
        request_details::RequestDetails,
    },
    provider::{
        error::Error,
        handle::Saml,
        refusal::RefusalContext,
        saml::{logout_request::LogoutMessageOutcome, request_details},
        visitor::Visitor,
    },
    saml::{
        binding::inbound::InboundMessage,
        logout::response::{self, LogoutResponse},
        refusal::Refusal,
        signature::{Unverified, VerificationOutcome},
    },
};

impl Saml<'_> {
    /// Records the response of an application that was asked. One that cannot be verified counts as no response, and
    /// the logout continues; one that answers no pending request changes nothing at all (saml-profiles, 4.4.3.4). Its
    /// RelayState is ignored: we sent none.
    pub(super) fn receive_logout_response(
        &self,
        inbound: &InboundMessage,
        visitor: &Visitor,
    ) -> Result<LogoutMessageOutcome, Error> {
        let response = match response::read(inbound) {
            Ok(response) => response,
            Err(refusal) => {
                return self.unsolicited_response(
                    &refusal,
                    &refusal_context(None, RequestDetails::default(), visitor),
                );
            }
        };
        let details = request_details::from_logout_response(&response);
        let (now, id) = (self.now(), response.unverified().in_response_to.clone());
        let Some((logout, step)) = self.store().read(|tx| tx.requested_logout_step(&id, now))? else {
            return self.unsolicited_response(
                &Refusal::UnexpectedResponse,
                &refusal_context(None, details, visitor),
            );
        };
        let snapshot = self.fresh_snapshot()?;
        let found = snapshot.by_id(step.application);
        let Some(application) = found.and_then(|application| application.as_saml()) else {
            return self
                .unsolicited_response(&Refusal::UnknownIssuer, &refusal_context(None, details, visitor));
        };
        let context = refusal_context(Some(application.application), details, visitor);
        let state = match verify(response, application, &self.endpoints().slo) {
            Ok(response) if response.confirms() => LogoutStepState::Confirmed,
            Ok(_other_status) => LogoutStepState::Refused,
            Err(refusal) => {
                self.record_refusal(&refusal, &context)?;
                LogoutStepState::Unconfirmed
            }
        };
        let is_first = self
            .store()
            .write(|tx| tx.settle_logout_step(logout, step.position, state))?;
        if is_first {
            Ok(LogoutMessageOutcome::Continue(logout))
        } else {
            self.unsolicited_response(&Refusal::UnexpectedResponse, &context)
        }
    }

    fn unsolicited_response(
        &self,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<LogoutMessageOutcome, Error> {
        self.record_refusal(refusal, context)?;
        Ok(LogoutMessageOutcome::Unsolicited)
    }
}

fn refusal_context<'a>(
    application: Option<&'a Application>,
    details: RequestDetails,
    visitor: &'a Visitor,
) -> RefusalContext<'a> {
    RefusalContext {
        action: AuditAction::SingleLogout,
        ..RefusalContext::logout(application, details, visitor)
    }
}

/// The response, if it comes from `application` and is addressed to us.
fn verify(
    response: Unverified<LogoutResponse>,
    application: SamlApplication<'_>,
    slo: &str,
) -> Result<LogoutResponse, Refusal> {
    match response.verify(&application.sp.signing_certificates)? {
        VerificationOutcome::Signed(verified) => {
            let response = verified.into_inner();
            match response.refusal(slo, &application.sp.entity_id) {
                None => Ok(response),
                Some(refusal) => Err(refusal),
            }
        }
        VerificationOutcome::Unsigned(_) | VerificationOutcome::Unchecked(_) => {
            Err(Refusal::SignatureMissing)
        }
    }
}
