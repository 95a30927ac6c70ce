//! Receiving an authorization request: a code is sent at once if the user is signed in; otherwise the request waits for
//! the sign-in.

use crate::{
    model::{
        application::OidcApplication,
        name_id::NameIdFormat,
        request_details::RequestDetails,
        sign_in::{OidcPayload, Payload, PendingSignIn, SignInRequirements, Subject},
    },
    oidc::{
        authorization_request::{self, AuthorizationRequest, Requester},
        jwt::{self, typ},
        parameters::{BadParameters, Parameters},
        refusal::Refusal,
    },
    provider::{
        entry::{Entrance, Entry, Party},
        error::Error,
        handle::Oidc,
        look_up::LookedUp,
        refusal::RefusalContext,
        saml::request_details,
        snapshot::Snapshot,
        sso::SignInOutcome,
        visitor::Visitor,
    },
};

pub use crate::oidc::parameters::MAX_PARAMETERS;

/// The parameters of a request as the browser or the client sent them.
#[derive(Clone, Debug)]
pub enum RawParameters {
    /// A query or a form.
    Encoded(Vec<u8>),
    /// A body of another content type, or one that was cut off.
    Unreadable,
    /// A body that was not read to its end.
    TooLong,
}

impl RawParameters {
    pub(in crate::provider) fn parse(&self) -> Result<Parameters, Refusal> {
        match self {
            Self::Encoded(raw) => Ok(Parameters::parse(raw)?),
            Self::Unreadable => Err(Refusal::Unreadable("a body that is no form".to_owned())),
            Self::TooLong => Err(BadParameters::TooLarge.into()),
        }
    }
}

impl Oidc<'_> {
    /// Processes a request that arrived at the authorization endpoint.
    pub fn receive_authorization_request(
        &self,
        raw: &RawParameters,
        visitor: &Visitor,
    ) -> Result<SignInOutcome, Error> {
        let read = raw.parse().and_then(|parameters| {
            let requester = authorization_request::requester(&parameters)?;
            Ok((parameters, requester))
        });
        let (parameters, requester) = match read {
            Ok(read) => read,
            Err(refusal) => {
                let context = RefusalContext::sso(None, RequestDetails::default(), visitor);
                return self.refused_on_own_page(&refusal, &context);
            }
        };
        let details = details_of(&requester);
        let LookedUp {
            snapshot,
            application,
            active_session,
        } = self.look_up(visitor.session.as_ref(), |snapshot| {
            let found = snapshot.by_client_id(&requester.client_id);
            found.map(std::sync::Arc::clone).ok_or(())
        })?;
        let found = application.as_ref().ok().and_then(|found| found.as_oidc());
        let Some(oidc) = found else {
            let context = RefusalContext::sso(None, details, visitor);
            return self.refused_on_own_page(&Refusal::UnknownClient, &context);
        };
        let context = RefusalContext::sso(Some(oidc.application), details, visitor);
        let redirect_uri = match redirect_uri(oidc, &requester) {
            Ok(redirect_uri) => redirect_uri,
            Err(refusal) => return self.refused_on_own_page(&refusal, &context),
        };
        let context = context.validated();
        let mut payload = OidcPayload::begun_here(redirect_uri);
        payload.redirect_uri = requester.redirect_uri.clone().unwrap_or(payload.redirect_uri);
        payload.response_mode = requester.response_mode;
        payload.state = requester.state;
        let request = authorization_request::read(&parameters, oidc.client.client_type.is_public());
        let checked = request.and_then(|request| check_request(&snapshot, oidc, request));
        let (request, subject) = match checked {
            Ok(checked) => checked,
            Err(refusal) => return self.refuse_request(&snapshot, oidc, &payload, &refusal, &context),
        };
        let entry = Entry {
            snapshot: &snapshot,
            party: Party::Oidc(oidc),
            pending: self.pending_sign_in(oidc, payload, request, subject),
            entrance: Entrance::Request,
            context,
        };
        self.sign_in().enter(&entry, active_session)
    }

    fn pending_sign_in(
        &self,
        oidc: OidcApplication<'_>,
        payload: OidcPayload,
        request: AuthorizationRequest,
        subject: Option<String>,
    ) -> PendingSignIn {
        PendingSignIn {
            application: oidc.application.id,
            payload: Payload::Oidc(OidcPayload {
                nonce: request.nonce,
                code_challenge: request.code_challenge,
                scope: request.scope,
                resource: request.resource,
                id_token_claims: request.id_token_claims,
                userinfo_claims: request.userinfo_claims,
                ..payload
            }),
            requirements: SignInRequirements {
                force_authn: request.force_authn,
                is_passive: request.is_passive,
                // A `sub` is no address, whatever it looks like.
                subject: subject.map(|value| Subject {
                    format: NameIdFormat::Persistent,
                    value,
                }),
                authn_context: request.authn_context,
                authn_context_is_voluntary: request.authn_context_is_voluntary,
                max_age: request.max_age,
                login_hint: request.login_hint.map(|email| email.as_str().to_owned()),
            },
            created_at: self.now(),
        }
    }
}

/// What needs our keys and the registration to be judged; with the `sub` that the user must have.
fn check_request(
    snapshot: &Snapshot,
    oidc: OidcApplication<'_>,
    request: AuthorizationRequest,
) -> Result<(AuthorizationRequest, Option<String>), Refusal> {
    if let Some(resource) = request.resource.iter().next() {
        // Nobody has registered a resource yet, so a client may have tokens for none.
        return Err(Refusal::Target(resource.to_owned()));
    }
    let hinted = match &request.id_token_hint {
        None => None,
        Some(hint) => match hinted_subject(snapshot, oidc, hint) {
            Some(sub) => Some(sub),
            // Whoever is signed in might be somebody else than the hint says.
            None if request.is_passive => return Err(Refusal::LoginRequired),
            None => None,
        },
    };
    if hinted.is_some() && request.subject.is_some() && hinted != request.subject {
        return Err(Refusal::Invalid(
            "`claims` and `id_token_hint` name different people".to_owned(),
        ));
    }
    let subject = hinted.or_else(|| request.subject.clone());
    Ok((request, subject))
}

fn details_of(requester: &Requester) -> RequestDetails {
    RequestDetails::default()
        .with(
            request_details::name::CLIENT_ID,
            Some(requester.client_id.as_str()),
        )
        .with(
            request_details::name::REDIRECT_URI,
            requester.redirect_uri.as_deref(),
        )
}

/// A registered redirect URI that permits the answer to go where the request wants it.
fn redirect_uri<'a>(
    oidc: OidcApplication<'a>,
    requester: &Requester,
) -> Result<&'a crate::model::application::SpUrl, Refusal> {
    let first = oidc.client.redirect_uris.first().ok_or(Refusal::NoRedirectUri)?;
    match &requester.redirect_uri {
        Some(wanted) if oidc.client.permits_redirect_to(wanted) => Ok(first),
        Some(_) | None => Err(Refusal::UnknownRedirectUri),
    }
}

/// The `sub` of an ID token that we issued to this client, expired or not (OpenID Connect Core, 3.1.2.1).
fn hinted_subject(snapshot: &Snapshot, oidc: OidcApplication<'_>, hint: &str) -> Option<String> {
    let claims = jwt::verify(hint, typ::ID_TOKEN, &snapshot.oidc.keys)?;
    let text = |name| jwt::text(&claims, name);
    let is_ours = text("iss") == Some(snapshot.oidc.issuer.as_str());
    let is_theirs = text("aud") == Some(oidc.client.client_id.as_str());
    let sub = text("sub")?;
    (is_ours && is_theirs).then(|| sub.to_owned())
}
