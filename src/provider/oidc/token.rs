//! The token endpoint: it finds out who asks, and what for.

use crate::{
    model::{
        application::{Application, OidcApplication},
        audit_action::AuditAction,
        request_details::RequestDetails,
    },
    oidc::{
        refusal::Refusal,
        token_request::{self, TokenRequest},
        token_response::{ErrorResponse, TokenResponse, to_json},
    },
    provider::{
        error::Error,
        handle::Oidc,
        oidc::authorization_request::RawParameters,
        refusal::{RefusalContext, status_text},
        saml::request_details,
        snapshot::Snapshot,
        visitor::Visitor,
    },
};

/// What a client sent to an endpoint at which it authenticates.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// The header `Authorization`, if there is one that is text.
    pub authorization: Option<String>,
    pub parameters: RawParameters,
}

/// The answer to a client: JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClientResponse {
    Ok(String),
    /// 400: an error (rfc6749, 5.2).
    BadRequest(String),
    /// 401: the client is not authenticated; whether it used the header, which then names the scheme.
    Unauthenticated {
        body: String,
        is_basic: bool,
    },
}

/// A client at an endpoint, for the steps that follow its authentication.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) oidc: OidcApplication<'a>,
}

impl Oidc<'_> {
    /// Processes a request at the token endpoint.
    pub fn receive_token_request(
        &self,
        request: &ClientRequest,
        visitor: &Visitor,
    ) -> Result<ClientResponse, Error> {
        self.with_client(request, visitor, |client, parameters| {
            let outcome = match token_request::read(parameters) {
                Ok(TokenRequest::AuthorizationCode {
                    code,
                    redirect_uri,
                    code_verifier,
                    resource,
                }) => {
                    let proof = (redirect_uri.as_deref(), code_verifier.as_deref());
                    self.exchange_code(client, &code, proof, &resource)?
                }
                Ok(TokenRequest::RefreshToken {
                    refresh_token,
                    scope,
                    resource,
                }) => self.refresh(client, &refresh_token, &scope, &resource)?,
                Err(refusal) => Err(refusal),
            };
            Ok(outcome.map(|response: TokenResponse| to_json(&response)))
        })
    }

    /// Authenticates the client of a request, and answers it with what `work` makes of it, or with the error for what
    /// it refuses.
    pub(super) fn with_client(
        &self,
        request: &ClientRequest,
        visitor: &Visitor,
        work: impl FnOnce(
            Client<'_>,
            &crate::oidc::parameters::Parameters,
        ) -> Result<Result<String, Refusal>, Error>,
    ) -> Result<ClientResponse, Error> {
        let parameters = match request.parameters.parse() {
            Ok(parameters) => parameters,
            Err(refusal) => {
                let refusal = Refusal::TokenRequest(refusal.to_string());
                return self.refuse_client(&refusal, None, false, visitor, false);
            }
        };
        let authenticated = self.authenticate_client(request.authorization.as_deref(), &parameters)?;
        let client = match authenticated {
            Ok(client) => client,
            Err(refused) => {
                let application = refused.application.as_deref();
                return self.refuse_client(&refused.refusal, application, false, visitor, refused.is_basic);
            }
        };
        let Some(oidc) = client.application.as_oidc() else {
            let refusal = Refusal::ClientAuthentication("no client has this client_id");
            return self.refuse_client(&refusal, None, false, visitor, false);
        };
        let outcome = work(
            Client {
                snapshot: &client.snapshot,
                oidc,
            },
            &parameters,
        )?;
        match outcome {
            Ok(body) => Ok(ClientResponse::Ok(body)),
            Err(refusal) => {
                let is_proved = !oidc.client.client_type.is_public();
                self.refuse_client(&refusal, Some(oidc.application), is_proved, visitor, false)
            }
        }
    }

    fn refuse_client(
        &self,
        refusal: &Refusal,
        application: Option<&Application>,
        is_proved: bool,
        visitor: &Visitor,
        is_basic: bool,
    ) -> Result<ClientResponse, Error> {
        let client_id = application.and_then(Application::client_id);
        let details = RequestDetails::default().with(
            request_details::name::CLIENT_ID,
            client_id.map(crate::model::application::ClientId::as_str),
        );
        let context = RefusalContext {
            action: AuditAction::Token,
            is_signed: is_proved,
            ..RefusalContext::sso(application, details, visitor)
        };
        let explanation = refusal.explanation();
        let reference = self.record_refused(explanation.code, &refusal.to_string(), &context)?;
        let body = to_json(&ErrorResponse {
            error: refusal.error().unwrap_or("invalid_request"),
            error_description: status_text(explanation, &reference),
        });
        Ok(if matches!(refusal, Refusal::ClientAuthentication(_)) {
            ClientResponse::Unauthenticated { body, is_basic }
        } else {
            ClientResponse::BadRequest(body)
        })
    }
}
