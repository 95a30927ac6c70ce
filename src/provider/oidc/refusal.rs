//! Refusing a request of OpenID Connect: an audit event for the administrator, then an error for the client or a page.

use crate::{
    model::{
        application::OidcApplication, explanation::Explanation, reference::Reference, sign_in::OidcPayload,
    },
    oidc::{authorization_response, refusal::Refusal},
    provider::{
        entry_refusal::{EntryRefusal, explanation_of},
        error::Error,
        handle::Oidc,
        oidc::authorization_response::AuthorizationResponse,
        refusal::{RefusalContext, status_text},
        sign_in::gate::GateRefusal,
        snapshot::Snapshot,
        sso::{ApplicationResponse, Refused, SignInOutcome},
    },
};

/// The error that a client is told, and what the audit log has for it.
struct ErrorForClient {
    error: &'static str,
    explanation: &'static Explanation,
    message: String,
}

impl From<&Refusal> for ErrorForClient {
    fn from(refusal: &Refusal) -> Self {
        Self {
            error: refusal.error().unwrap_or("invalid_request"),
            explanation: refusal.explanation(),
            message: refusal.to_string(),
        }
    }
}

impl From<EntryRefusal> for ErrorForClient {
    fn from(refusal: EntryRefusal) -> Self {
        let error = match refusal {
            EntryRefusal::Gate(
                GateRefusal::NotAssigned
                | GateRefusal::AuthnContext
                | GateRefusal::ApplicationDisabled
                | GateRefusal::MetadataExpired,
            ) => "access_denied",
            // Somebody else has to sign in (OpenID Connect Core, 3.1.2.2).
            EntryRefusal::Gate(GateRefusal::OtherSubject) => "login_required",
            EntryRefusal::NoPage {
                is_second_factor: true,
            } => {
                return Self::from(&Refusal::InteractionRequired);
            }
            EntryRefusal::NoPage {
                is_second_factor: false,
            } => return Self::from(&Refusal::LoginRequired),
            EntryRefusal::NoDestination => return Self::from(&Refusal::UnknownRedirectUri),
        };
        Self {
            error,
            explanation: explanation_of(refusal),
            message: crate::saml::refusal::Refusal::from(refusal).to_string(),
        }
    }
}

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

/// What a client receives if the user goes back to it after a refusal that was recorded.
pub(in crate::provider) fn response_to_go_back(
    snapshot: &Snapshot,
    oidc: OidcApplication<'_>,
    payload: &OidcPayload,
    (refusal, reference): (EntryRefusal, &Reference),
) -> AuthorizationResponse {
    error_response(snapshot, oidc, payload, &ErrorForClient::from(refusal), reference)
}

fn error_response(
    snapshot: &Snapshot,
    oidc: OidcApplication<'_>,
    payload: &OidcPayload,
    told: &ErrorForClient,
    reference: &Reference,
) -> AuthorizationResponse {
    let description = status_text(told.explanation, reference);
    let parameters = authorization_response::failure(
        told.error,
        &description,
        payload.state.as_deref(),
        &snapshot.oidc.issuer,
    );
    AuthorizationResponse {
        application: oidc.application.id,
        application_name: oidc.application.name.clone(),
        redirect_uri: payload.redirect_uri.clone(),
        mode: payload.response_mode,
        parameters,
        user: None,
    }
}
