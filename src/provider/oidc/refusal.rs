//! Refusing a request of OpenID Connect: an audit event for the administrator, then an error for the client or a page.

use crate::{
    model::{application::OidcApplication, sign_in::OidcPayload},
    oidc::refusal::Refusal,
    provider::{
        entry_refusal::EntryRefusal,
        error::Error,
        handle::Oidc,
        oidc::error_response::{ErrorForClient, error_response},
        refusal::RefusalContext,
        snapshot::Snapshot,
        sso::{ApplicationResponse, Refused, SignInOutcome},
    },
};

impl Oidc<'_> {
    /// Our own page: nothing says where the browser may go.
    pub(super) fn refused_on_own_page(
        &self,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        let page = self.refused_on_page(refusal.explanation(), &refusal.to_string(), context)?;
        Ok(SignInOutcome::Refused(Refused::Page(page)))
    }

    /// The same, for what the gate refuses.
    pub(in crate::provider) fn refused_here(
        &self,
        refusal: EntryRefusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        let told = ErrorForClient::from(refusal);
        let page = self.refused_on_page(told.explanation, &told.message, context)?;
        Ok(SignInOutcome::Refused(Refused::Page(page)))
    }

    /// An error to the redirect URI of the request.
    pub(in crate::provider) fn refuse_request(
        &self,
        snapshot: &Snapshot,
        oidc: OidcApplication<'_>,
        payload: &OidcPayload,
        refusal: &Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        self.tell(snapshot, oidc, payload, &ErrorForClient::from(refusal), context)
    }

    /// The same, for what the gate refuses.
    pub(in crate::provider) fn refuse_entry(
        &self,
        snapshot: &Snapshot,
        oidc: OidcApplication<'_>,
        payload: &OidcPayload,
        refusal: EntryRefusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        self.tell(snapshot, oidc, payload, &ErrorForClient::from(refusal), context)
    }

    /// The same, for a user who lacks a value that the client requires.
    pub(super) fn refuse_missing_claim(
        &self,
        snapshot: &Snapshot,
        oidc: OidcApplication<'_>,
        payload: &OidcPayload,
        missing: &[String],
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        let refusal = crate::saml::refusal::Refusal::MissingAttribute(missing.join(", "));
        let told = ErrorForClient {
            error: "access_denied",
            explanation: refusal.explanation(),
            message: refusal.to_string(),
        };
        self.tell(snapshot, oidc, payload, &told, context)
    }

    fn tell(
        &self,
        snapshot: &Snapshot,
        oidc: OidcApplication<'_>,
        payload: &OidcPayload,
        told: &ErrorForClient,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        let reference = self.record_refused(told.explanation.code, &told.message, context)?;
        let response = error_response(snapshot, oidc, payload, told, &reference);
        Ok(SignInOutcome::Respond(Box::new(ApplicationResponse::Oidc(
            response,
        ))))
    }
}
