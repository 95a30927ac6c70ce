//! Receiving an `AuthnRequest`: the Response is sent at once if the user is signed in; otherwise the request waits for
//! the sign-in.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, EntityId},
        secret::Token,
        user::Email,
    },
    provider::{
        Provider,
        audit::codes,
        error::Error,
        saml::{
            refusal::{RefusalContext, RefusalOutcome, RefusedPage, StatusTarget},
            request_details,
            response::{ResponseOutcome, ResponseRequest, SamlResponse, UNCHECKED_SIGNATURE},
        },
        session::ActiveSession,
        sign_in::pending::{NewPendingSignIn, SealedSignIn},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        authn_request::{self, AuthnRequest, ValidRequest, ValidationContext},
        binding::inbound::{MessageKind, RawMessage},
        refusal::Refusal,
        signature::{Unverified, VerificationOutcome},
    },
};

/// The outcome of an AuthnRequest.
#[derive(Debug)]
pub enum AuthnRequestOutcome {
    /// Post this to the application.
    Response(Box<SamlResponse>),
    /// Send the browser to `/continue/{sealed}`.
    SignInNeeded(SealedSignIn),
    /// Nobody is signed in, and the browser loads this inside another page, where nobody can sign in.
    NotTopLevel,
    /// Show our own page with the reason.
    Refused(Box<RefusedPage>),
}

impl From<RefusalOutcome> for AuthnRequestOutcome {
    fn from(instead: RefusalOutcome) -> Self {
        match instead {
            RefusalOutcome::Status(answer) => Self::Response(answer),
            RefusalOutcome::RefusedPage(page) => Self::Refused(page),
        }
    }
}

impl Provider {
    /// Processes a message that arrived at the SSO URL.
    pub fn receive_authn_request(
        &self,
        raw_message: &RawMessage,
        visitor: &Visitor,
    ) -> Result<AuthnRequestOutcome, Error> {
        let (request, carried) = match read(raw_message) {
            Ok(read) => read,
            Err(refusal) => {
                return self.authn_request_refused(
                    refusal,
                    &RefusalContext::sso(None, request_details::from_unread(raw_message), visitor),
                );
            }
        };
        let facts = request_details::from_authn_request(&request);
        let LookedUp {
            snapshot,
            application,
            active_session,
        } = self.look_up(request.unverified(), visitor.session.as_ref())?;
        let application = match application {
            Ok(application) => application,
            Err(refusal) => {
                let refusal = self.unless_imported(refusal, &request.unverified().issuer)?;
                return self.authn_request_refused(refusal, &RefusalContext::sso(None, facts, visitor));
            }
        };
        let mut context = RefusalContext::sso(Some(&application), facts, visitor);
        if !application.enabled {
            return self.authn_request_refused(Refusal::ApplicationDisabled, &context);
        }
        if application.is_metadata_expired(self.now()) {
            return self.authn_request_refused(Refusal::MetadataExpired, &context);
        }
        let outcome = match request.verify(&application.saml.signing_certificates) {
            Ok(outcome) => outcome,
            Err(refusal) => {
                return self.authn_request_refused(
                    refusal.clone(),
                    &context
                        .with_tried_certificates(&refusal)
                        .with_embedded_certificates(raw_message),
                );
            }
        };
        let validation_context = ValidationContext {
            sp: &application.saml,
            formats: application.name_id_formats(),
            entity_id: &snapshot.installation.entity_id,
            sso: &self.endpoints().sso,
            policy: self.policy(),
            now: self.now(),
        };
        context.is_signed = matches!(outcome, VerificationOutcome::Signed(_));
        match authn_request::validate(outcome, &validation_context) {
            Ok(valid_request) => self.respond_or_wait(
                &snapshot,
                &application,
                valid_request,
                carried,
                active_session,
                context.validated(),
            ),
            Err(refused) => match refused.acs {
                None => self.authn_request_refused(refused.refusal, &context),
                Some(acs) => {
                    let told = StatusTarget {
                        request_id: &refused.request_id,
                        acs: &acs,
                        relay_state: carried.relay_state,
                    };
                    Ok(self
                        .respond_with_status(&snapshot, &application, told, refused.refusal, &context)?
                        .into())
                }
            },
        }
    }

    /// An issuer that is not registered may be an imported entity that an administrator has to enable. This query is
    /// made only here, so that no other request pays for it.
    fn unless_imported(&self, refusal: Refusal, issuer: &EntityId) -> Result<Refusal, Error> {
        if refusal == Refusal::UnknownIssuer && self.store().read(|tx| tx.is_imported_entity(issuer))? {
            return Ok(Refusal::ImportedEntityNotEnabled);
        }
        Ok(refusal)
    }

    /// Finds the requesting application and the browser's session, both at the same generation.
    fn look_up(&self, request: &AuthnRequest, token: Option<&Token>) -> Result<LookedUp, Error> {
        let mut snapshot = self.cached_snapshot()?;
        loop {
            let application = find_requester(&snapshot, request);
            let (generation, view) = self.store().read(|tx| match (token, &application) {
                (Some(token), Ok(application)) => {
                    let view = tx.sso_view(token.hash(), application.id)?;
                    Ok((view.generation, Some(view)))
                }
                (None, _) | (_, Err(_)) => Ok((tx.generation()?, None)),
            })?;
            if generation == snapshot.installation.generation {
                let active_session = view.and_then(|view| {
                    ActiveSession::from_view(view, self.now(), self.policy().session_absolute)
                });
                return Ok(LookedUp {
                    snapshot,
                    application,
                    active_session,
                });
            }
            let newer = self.snapshot_at_generation(generation)?;
            if newer.installation.generation == snapshot.installation.generation {
                return Err(Error::NotInitialized("settled generation"));
            }
            snapshot = newer;
        }
    }

    fn respond_or_wait(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        valid_request: ValidRequest,
        carried: CarriedParameters,
        active_session: Option<ActiveSession>,
        context: RefusalContext<'_>,
    ) -> Result<AuthnRequestOutcome, Error> {
        let visitor = context.visitor;
        let told = || StatusTarget {
            request_id: &valid_request.request_id,
            acs: &valid_request.acs,
            relay_state: carried.relay_state.clone(),
        };
        match active_session {
            Some(active_session) if !valid_request.force_authn => {
                if !self.is_subject(application, &active_session, valid_request.subject.as_ref())? {
                    let context = context.with_session(&active_session);
                    return Ok(self
                        .respond_with_status(snapshot, application, told(), Refusal::Subject, &context)?
                        .into());
                }
                let response_request = ResponseRequest {
                    application,
                    request_id: Some(&valid_request.request_id),
                    acs: &valid_request.acs,
                    relay_state: carried.relay_state.clone(),
                    name_id_format: valid_request.name_id_format,
                    authn_context_class: valid_request.context_class,
                    unchecked_signature: valid_request.unchecked_signature,
                };
                match self.respond(snapshot, response_request, &active_session, visitor)? {
                    ResponseOutcome::Response(answer) => Ok(AuthnRequestOutcome::Response(answer)),
                    ResponseOutcome::Replayed => {
                        self.authn_request_refused(Refusal::Replayed, &context.with_session(&active_session))
                    }
                    ResponseOutcome::Refused(instead) => Ok(instead.into()),
                    // Signed out since the session was read: nobody is signed in.
                    ResponseOutcome::SessionEnded => {
                        self.respond_or_wait(snapshot, application, valid_request, carried, None, context)
                    }
                }
            }
            // If the session cookie may have been withheld, `/continue` decides: there the browser sends it.
            Some(_) | None
                if valid_request.is_passive
                    && (valid_request.force_authn
                        || !visitor.session_may_be_hidden
                        || !visitor.is_navigation) =>
            {
                Ok(self
                    .respond_with_status(snapshot, application, told(), Refusal::NoPassive, &context)?
                    .into())
            }
            Some(_) | None if !visitor.is_navigation => Ok(AuthnRequestOutcome::NotTopLevel),
            Some(_) | None => self.wait_for_sign_in(application, valid_request, carried, visitor),
        }
    }

    fn wait_for_sign_in(
        &self,
        application: &Application,
        valid_request: ValidRequest,
        carried: CarriedParameters,
        visitor: &Visitor,
    ) -> Result<AuthnRequestOutcome, Error> {
        if valid_request.unchecked_signature {
            // Recorded here: when the sign-in resumes, the request is no longer available.
            let mut event = self.event("sign_on", codes::SIGNATURE_UNCHECKED, Some(visitor));
            event.application = Some(application.id);
            event.detail = Some(UNCHECKED_SIGNATURE.to_owned());
            event.unauthenticated = true;
            self.count_refusal(&event)?;
        }
        let wish = NewPendingSignIn {
            request_id: valid_request.request_id,
            acs: valid_request.acs,
            relay_state: carried.relay_state,
            force_authn: valid_request.force_authn,
            is_passive: valid_request.is_passive,
            subject: valid_request.subject,
            name_id_format: valid_request.name_id_format,
            authn_context_class: valid_request.context_class,
            login_hint: carried.login_hint,
        };
        Ok(AuthnRequestOutcome::SignInNeeded(self.seal_sign_in(
            application,
            wish,
            visitor,
        )?))
    }

    /// Our own page: the sender is not authenticated.
    fn authn_request_refused(
        &self,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<AuthnRequestOutcome, Error> {
        Ok(AuthnRequestOutcome::Refused(self.refused_page(refusal, context)?))
    }
}

/// The parameters that came with a request.
#[derive(Clone, Debug)]
struct CarriedParameters {
    relay_state: Option<String>,
    login_hint: Option<Email>,
}

/// The requesting application and the active session, at the same generation.
struct LookedUp {
    snapshot: Arc<Snapshot>,
    application: Result<Arc<Application>, Refusal>,
    active_session: Option<ActiveSession>,
}

fn read(raw_message: &RawMessage) -> Result<(Unverified<AuthnRequest>, CarriedParameters), Refusal> {
    let mut inbound = raw_message.decode()?;
    if inbound.kind == MessageKind::Response {
        return Err(Refusal::Malformed("a response where a request belongs"));
    }
    let beside = CarriedParameters {
        relay_state: inbound.relay_state.take(),
        login_hint: inbound.login_hint.take(),
    };
    Ok((authn_request::read(&inbound)?, beside))
}

/// The requesting application: by entity ID, and if several share one, by ACS URL.
fn find_requester(snapshot: &Snapshot, request: &AuthnRequest) -> Result<Arc<Application>, Refusal> {
    match snapshot.by_entity_id(&request.issuer).as_slice() {
        [] => Err(Refusal::UnknownIssuer),
        [only] => Ok(Arc::clone(only)),
        several => {
            let Some(asked) = &request.acs_url else {
                return Err(Refusal::AmbiguousIssuer);
            };
            let mut matching = several
                .iter()
                .filter(|application| application.saml.acs_by_url(asked).is_some());
            match (matching.next(), matching.next()) {
                (Some(only), None) => Ok(Arc::clone(only)),
                (None, _) => Err(Refusal::UnknownAcs),
                (Some(_), Some(_)) => Err(Refusal::AmbiguousIssuer),
            }
        }
    }
}
