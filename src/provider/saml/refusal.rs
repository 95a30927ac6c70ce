//! Refusing a message of SAML: an audit event for the administrator, then a status or a page.

use crate::{
    model::{
        application::{SamlApplication, SpUrl},
        reference::Reference,
        sign_in::SamlPayload,
    },
    provider::{
        entry_refusal::EntryRefusal,
        error::Error,
        handle::Saml,
        refusal::{RefusalContext, RefusedPage, status_text},
        saml::{request_details, saml_response::SamlResponse},
        snapshot::Snapshot,
    },
    saml::{binding::raw_message::RawMessage, refusal::Refusal},
};

/// What the browser gets instead of the requested response.
#[derive(Debug)]
pub enum RefusalOutcome {
    /// Post this status Response to the application.
    Status(Box<SamlResponse>),
    /// Show our own page with the reason.
    RefusedPage(Box<RefusedPage>),
}

/// Where a status Response goes.
#[derive(Debug)]
pub(in crate::provider) struct StatusTarget<'a> {
    pub(in crate::provider) request_id: &'a str,
    pub(in crate::provider) acs: &'a SpUrl,
    pub(in crate::provider) relay_state: Option<String>,
}

impl RefusalContext<'_> {
    /// Adds the certificates that were tried, if none of them verified the signature.
    pub(in crate::provider) fn with_tried_certificates(mut self, refusal: &Refusal) -> Self {
        if let Some(application) = self.application {
            self.details = request_details::with_tried_certificates(self.details, refusal, application);
        }
        self
    }

    /// Adds the certificates that came with the message.
    pub(in crate::provider) fn with_embedded_certificates(mut self, raw_message: &RawMessage) -> Self {
        self.details = request_details::with_certificates_of(self.details, raw_message);
        self
    }
}

impl Saml<'_> {
    /// Records and logs a refused message. Returns the reference that its page or status shows.
    pub(in crate::provider) fn record_refusal(
        &self,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<Reference, Error> {
        self.record_refused(refusal.code(), &refusal.to_string(), context)
    }

    /// Our own page: the sender is not authenticated, or there is no trusted endpoint for a response.
    pub(in crate::provider) fn refused_page(
        &self,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<Box<RefusedPage>, Error> {
        self.refused_on_page(refusal.explanation(), &refusal.to_string(), context)
    }

    /// A status to the sender of the request; our own page, if there was no request.
    pub(in crate::provider) fn refuse_entry(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        payload: &SamlPayload,
        refusal: EntryRefusal,
        context: &RefusalContext<'_>,
    ) -> Result<RefusalOutcome, Error> {
        let acs = application.sp.acs_by_digest(&payload.acs_digest);
        let (Some(request_id), Some(acs)) = (payload.request_id.as_deref(), acs) else {
            let page = self.refused_page(&refusal.into(), context)?;
            return Ok(RefusalOutcome::RefusedPage(page));
        };
        let target = StatusTarget {
            request_id,
            acs,
            relay_state: payload.relay_state.clone(),
        };
        self.respond_with_status(snapshot, application, target, &refusal.into(), context)
    }

    /// The status that the application receives if a user whom it is not assigned to goes back; `None` if it sent no
    /// request.
    pub(in crate::provider) fn told_later(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        payload: &SamlPayload,
        reference: &Reference,
    ) -> Result<Option<SamlResponse>, Error> {
        let refusal = Refusal::NotAssigned;
        let acs = application.sp.acs_by_digest(&payload.acs_digest);
        let (Some(request_id), Some(acs), Some(status)) =
            (payload.request_id.as_deref(), acs, refusal.status())
        else {
            return Ok(None);
        };
        let target = StatusTarget {
            request_id,
            acs,
            relay_state: payload.relay_state.clone(),
        };
        let message = status_message(&refusal, reference);
        self.status_response(snapshot, application, target, status, &message)
            .map(Some)
    }

    /// A status Response to a registered ACS of `application`; or our own page, if the refusal is of a kind that no
    /// application is informed of.
    pub(in crate::provider) fn respond_with_status(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        target: StatusTarget<'_>,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<RefusalOutcome, Error> {
        let Some(status) = refusal.status() else {
            return Ok(RefusalOutcome::RefusedPage(self.refused_page(refusal, context)?));
        };
        let reference = self.record_refusal(refusal, context)?;
        let message = status_message(refusal, &reference);
        let answer = self.status_response(snapshot, application, target, status, &message)?;
        Ok(RefusalOutcome::Status(Box::new(answer)))
    }
}

/// `StatusMessage`: one sentence with code and reference. Service providers show it to users.
pub(in crate::provider) fn status_message(refusal: &Refusal, reference: &Reference) -> String {
    status_text(refusal.explanation(), reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_message_is_one_sentence_with_code_and_reference() {
        let message = status_message(
            &Refusal::NameIdPolicy,
            &Reference::from_request_id("7f3a92c100112233"),
        );
        assert_eq!(
            message,
            "The request asks for a kind of name that is not given here (NAMEID-POLICY 7F3A-92C1)."
        );
    }
}
