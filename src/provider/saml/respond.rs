//! Answers a sign-in by SAML that has passed the gate.

use crate::{
    model::{application::SamlApplication, sign_in::SamlPayload},
    provider::{
        entry::Entry,
        error::Error,
        handle::Saml,
        saml::response::{ResponseOutcome, ResponseRequest},
        session::ActiveSession,
        sign_in::gate::Authenticated,
        sso::{ApplicationResponse, SignInOutcome},
    },
    saml::refusal::Refusal,
};

impl Saml<'_> {
    /// Answers a sign-in that has passed the gate; `None` if the session ended after it was read.
    pub(in crate::provider) fn respond_to_entry(
        &self,
        entry: &Entry<'_>,
        application: SamlApplication<'_>,
        payload: &SamlPayload,
        authenticated: Authenticated,
        active_session: &ActiveSession,
    ) -> Result<Option<SignInOutcome>, Error> {
        let Some(acs) = application.sp.acs_by_digest(&payload.acs_digest) else {
            let refused = self.sign_in().refused(&Refusal::UnknownAcs, &entry.context)?;
            return Ok(Some(refused));
        };
        let response_request = ResponseRequest {
            application,
            request_id: payload.request_id.as_deref(),
            acs,
            relay_state: payload.relay_state.clone(),
            name_id_format: payload.name_id_format,
            authenticated,
            unchecked_signature: payload.unchecked_signature,
        };
        let visitor = entry.context.visitor;
        match self.respond(entry.snapshot, response_request, active_session, visitor)? {
            ResponseOutcome::Response(response) => Ok(Some(SignInOutcome::Respond(Box::new(
                ApplicationResponse::Saml(*response),
            )))),
            ResponseOutcome::Replayed => {
                let context = entry.context.clone().with_session(active_session);
                self.sign_in().refused(&Refusal::Replayed, &context).map(Some)
            }
            ResponseOutcome::Refused(instead) => Ok(Some(instead.into())),
            ResponseOutcome::SessionEnded => Ok(None),
        }
    }
}
