//! The errors that a client of OpenID Connect receives through the browser.

use crate::{
    model::{
        application::OidcApplication, explanation::Explanation, reference::Reference, sign_in::OidcPayload,
    },
    oidc::{authorization_response, refusal::Refusal},
    provider::{
        entry_refusal::{EntryRefusal, explanation_of},
        oidc::authorization_response::AuthorizationResponse,
        refusal::status_text,
        sign_in::gate::GateRefusal,
        snapshot::Snapshot,
    },
};

/// The error that a client is told, and what the audit log has for it.
pub(super) struct ErrorForClient {
    pub(super) error: &'static str,
    pub(super) explanation: &'static Explanation,
    pub(super) message: String,
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
            EntryRefusal::Gate(GateRefusal::NotAssigned | GateRefusal::AuthnContext) => "access_denied",
            EntryRefusal::Gate(GateRefusal::ApplicationDisabled | GateRefusal::MetadataExpired) => {
                "unauthorized_client"
            }
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

/// What a client receives if the user goes back to it after a refusal that was recorded.
pub(in crate::provider) fn response_to_go_back(
    snapshot: &Snapshot,
    oidc: OidcApplication<'_>,
    payload: &OidcPayload,
    (refusal, reference): (EntryRefusal, &Reference),
) -> AuthorizationResponse {
    error_response(snapshot, oidc, payload, &ErrorForClient::from(refusal), reference)
}

pub(super) fn error_response(
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
