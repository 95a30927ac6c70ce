//! IdP-initiated SSO: an unsolicited Response, if the application accepts one (saml-profiles, 4.1.5).

use std::sync::Arc;

use crate::{
    access::{self, AccessDecision},
    model::{
        application::{Application, EntityId, Slug},
        request_details::RequestDetails,
    },
    provider::{
        Provider,
        error::Error,
        saml::{
            refusal::{RefusalContext, RefusalOutcome, RefusedPage},
            request_details,
            response::{ResponseOutcome, ResponseRequest, SamlResponse},
        },
        session::ActiveSession,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{authn_context, refusal::Refusal},
};

/// The application to start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StartTarget {
    Slug(Slug),
    /// By entity ID, if only one application has it.
    EntityId(EntityId),
}

/// The outcome of a start.
#[derive(Debug)]
pub enum StartOutcome {
    /// Post this to the application.
    Response(Box<SamlResponse>),
    /// Send the browser to this URL, where the application starts SSO itself.
    Redirect(String),
    /// Nobody is signed in. The target is looked up after the sign-in, so that strangers learn nothing about it.
    SignIn,
    /// Show our own page with the reason.
    Refused(Box<RefusedPage>),
    /// There is no such application, or the user may not use it.
    Unknown,
}

impl From<RefusalOutcome> for StartOutcome {
    fn from(instead: RefusalOutcome) -> Self {
        match instead {
            RefusalOutcome::Status(answer) => Self::Response(answer),
            RefusalOutcome::RefusedPage(page) => Self::Refused(page),
        }
    }
}

impl Provider {
    /// Starts SSO at an application.
    pub fn start_idp_initiated(&self, start: &StartTarget, visitor: &Visitor) -> Result<StartOutcome, Error> {
        if !self.is_signed_in(visitor)? {
            return Ok(StartOutcome::SignIn);
        }
        let snapshot = self.fresh_snapshot()?;
        let application = match find_target(&snapshot, start) {
            Ok(Some(application)) => application,
            Ok(None) => return Ok(StartOutcome::Unknown),
            Err(refusal) => {
                return self.start_refused(refusal, &RefusalContext::sso(None, details_of(start), visitor));
            }
        };
        let context = RefusalContext::sso(Some(&application), details_of(start), visitor);
        if !application.enabled {
            return self.start_refused(Refusal::ApplicationDisabled, &context);
        }
        if application.is_metadata_expired(self.now()) {
            return self.start_refused(Refusal::MetadataExpired, &context);
        }
        let acs = application.saml.default_acs();
        match (acs, &application.tile_url) {
            (Some(_), _) if application.saml.allow_idp_initiated => {
                let active_session = self.active_session_at(visitor.session.as_ref(), application.id)?;
                self.respond_idp_initiated(&snapshot, &application, active_session, visitor)
            }
            (_, Some(address)) => Ok(StartOutcome::Redirect(address.as_str().to_owned())),
            (_, None) => self.start_refused(Refusal::IdpInitiatedNotAllowed, &context),
        }
    }

    fn respond_idp_initiated(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        active_session: Option<ActiveSession>,
        visitor: &Visitor,
    ) -> Result<StartOutcome, Error> {
        let saml = &application.saml;
        let Some(acs) = saml.default_acs() else {
            return Ok(StartOutcome::Unknown);
        };
        let Some(active_session) = active_session else {
            return Ok(StartOutcome::SignIn);
        };
        if access::decide(&active_session.user, application) != AccessDecision::Allowed {
            return Ok(StartOutcome::Unknown);
        }
        let response_request = ResponseRequest {
            application,
            request_id: None,
            acs,
            relay_state: saml.default_relay_state.clone(),
            name_id_format: saml.name_id_format,
            authn_context_class: authn_context::PROVIDED_CLASS,
            unchecked_signature: false,
        };
        match self.respond(snapshot, response_request, &active_session, visitor)? {
            ResponseOutcome::Response(answer) => Ok(StartOutcome::Response(answer)),
            // There is no request that could have been answered before.
            ResponseOutcome::Replayed => Ok(StartOutcome::Unknown),
            ResponseOutcome::Refused(instead) => Ok(instead.into()),
            ResponseOutcome::SessionEnded => Ok(StartOutcome::SignIn),
        }
    }

    fn start_refused(&self, refusal: Refusal, context: &RefusalContext<'_>) -> Result<StartOutcome, Error> {
        Ok(StartOutcome::Refused(self.refused_page(refusal, context)?))
    }
}

/// What the URL named.
fn details_of(start: &StartTarget) -> RequestDetails {
    match start {
        StartTarget::Slug(_) => RequestDetails::default(),
        StartTarget::EntityId(entity_id) => {
            RequestDetails::default().with(request_details::name::ISSUER, Some(entity_id.as_str()))
        }
    }
}

fn find_target(snapshot: &Snapshot, start: &StartTarget) -> Result<Option<Arc<Application>>, Refusal> {
    match start {
        StartTarget::Slug(slug) => Ok(snapshot.by_slug(slug).map(Arc::clone)),
        StartTarget::EntityId(entity_id) => match snapshot.by_entity_id(entity_id).as_slice() {
            [] => Err(Refusal::UnknownIssuer),
            [only] => Ok(Some(Arc::clone(only))),
            [_, _, ..] => Err(Refusal::AmbiguousIssuer),
        },
    }
}
