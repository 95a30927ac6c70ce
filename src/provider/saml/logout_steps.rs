//! The steps of a logout: which application to ask next, with which message, and the LogoutResponse to the initiator.

use std::sync::Arc;

use crate::{
    model::{
        application::{Binding, LogoutEndpoint, SamlApplication, SpUrl},
        id::{ApplicationId, LogoutId},
        logout::{Initiator, Logout, LogoutStep, LogoutStepState},
        secret::Token,
    },
    provider::{
        error::Error,
        handle::Saml,
        logout::sign_out::{ParticipantLogoutStatus, anonymized, participant_statuses},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        binding::{inbound::MessageKind, redirect},
        logout::{
            UnsignedMessage,
            request::{self, LogoutRequestContent},
            response::{self, LogoutResponseContent},
        },
        refusal::StatusCodes,
        urn::status,
    },
};

/// The state of a logout, as its page shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutProgress {
    /// All applications that take part.
    pub participants: Vec<ParticipantLogoutStatus>,
    pub next: NextAction,
}

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NextAction {
    /// This application is asked next; the page sends the browser there by itself.
    Ask(NextStep),
    /// This application was asked, and the browser is back without its response: the user decides how to continue.
    NoResponse(NextStep),
    /// The initiator receives its LogoutResponse next; the page sends the browser there by itself.
    Respond {
        /// ID and name.
        to: (ApplicationId, String),
    },
    /// Nothing: the user reads the result, and may go back to the initiator.
    Finished(Option<(ApplicationId, String)>),
}

/// The application that is next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NextStep {
    /// The position of its logout step.
    pub position: i64,
    /// ID and name.
    pub application: (ApplicationId, String),
}

/// A logout message of ours to deliver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutDelivery {
    /// The recipient: ID and name.
    pub application: (ApplicationId, String),
    pub carrier: OutboundBinding,
}

/// How a message is delivered, by the binding that the application registered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OutboundBinding {
    /// Send the browser to this URL, which contains the message and its signature.
    Redirect(String),
    /// Let the browser post this; the signature is inside the message.
    Post {
        location: SpUrl,
        /// The XML.
        message: String,
        /// As received.
        relay_state: Option<String>,
    },
}

/// The outcome of advancing a logout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdvanceLogoutOutcome {
    /// Ask the next application; for HTTP-POST, show the page of the logout meanwhile.
    Ask(Box<(LogoutDelivery, LogoutProgress)>),
    /// Deliver the LogoutResponse to the initiator.
    Respond(Box<LogoutDelivery>),
    /// Stay: the page shows what is next.
    Stay,
}

/// A logout as its own browser may see it.
struct LogoutView {
    snapshot: Arc<Snapshot>,
    logout: Logout,
    steps: Vec<LogoutStep>,
}

impl Saml<'_> {
    /// The state of a logout; `None` if this browser has no such logout. Does not ask any application.
    pub fn logout_progress(
        &self,
        id: LogoutId,
        browser: Option<&Token>,
        visitor: &Visitor,
    ) -> Result<Option<LogoutProgress>, Error> {
        let Some(mut view) = self.logout_view(id, browser)? else {
            return Ok(None);
        };
        let next = self.next_action(&view);
        if matches!(next, NextAction::Finished(_)) {
            self.logout()
                .finish_logout(&view.snapshot, &view.logout, &view.steps, visitor)?;
            for step in view.steps.iter_mut().filter(|step| !step.state.is_settled()) {
                // The logout is over: this application will not be asked any more.
                step.state = LogoutStepState::Unconfirmed;
            }
        }
        Ok(Some(view.progress(next)))
    }

    /// Advances: asks the next application, once, or sends the LogoutResponse to the initiator.
    pub fn advance_logout(
        &self,
        id: LogoutId,
        browser: Option<&Token>,
        visitor: &Visitor,
    ) -> Result<Option<AdvanceLogoutOutcome>, Error> {
        let Some(view) = self.logout_view(id, browser)? else {
            return Ok(None);
        };
        Ok(Some(match self.next_action(&view) {
            NextAction::Ask(next) => self.send_logout_request(view, &next)?,
            NextAction::Respond { .. } | NextAction::Finished(Some(_)) => {
                self.respond_to_initiator(&view, visitor)?
            }
            NextAction::NoResponse(_) | NextAction::Finished(None) => AdvanceLogoutOutcome::Stay,
        }))
    }

    /// Skips an application that was not asked, or has not responded.
    pub fn skip_logout_step(
        &self,
        id: LogoutId,
        browser: Option<&Token>,
        position: i64,
    ) -> Result<(), Error> {
        if self.logout_view(id, browser)?.is_some() {
            self.store().write(|tx| tx.skip_logout_step(id, position))?;
        }
        Ok(())
    }

    /// The logout, if it is this browser's. Applications that have lost their logout endpoint since are skipped.
    fn logout_view(&self, id: LogoutId, browser: Option<&Token>) -> Result<Option<LogoutView>, Error> {
        let Some(browser) = browser else { return Ok(None) };
        let found = self.store().read(|tx| tx.logout(id))?;
        let Some((logout, mut steps)) = found.filter(|(logout, _)| logout.browser == browser.hash()) else {
            return Ok(None);
        };
        let snapshot = self.fresh_snapshot()?;
        for step in &mut steps {
            if step.state == LogoutStepState::Pending
                && logout_endpoint(&snapshot, step.application).is_none()
            {
                self.store()
                    .write(|tx| tx.mark_logout_step_without_endpoint(id, step.position))?;
                step.state = LogoutStepState::NoEndpoint;
            }
        }
        Ok(Some(LogoutView {
            snapshot,
            logout,
            steps,
        }))
    }

    fn next_action(&self, view: &LogoutView) -> NextAction {
        let now = self.now();
        let back = view
            .logout
            .initiator
            .as_ref()
            .and_then(|by| view.initiator_to_answer(by));
        if now >= view.logout.expires_at {
            // By now the initiator has stopped waiting.
            return NextAction::Finished(None);
        }
        let first_in = |state| view.steps.iter().find(|step| step.state == state);
        if view.logout.finished_at.is_some() {
            return NextAction::Finished(back);
        }
        if let Some(step) = first_in(LogoutStepState::Requested) {
            return NextAction::NoResponse(view.next_step(step));
        }
        if let Some(step) = first_in(LogoutStepState::Pending) {
            return NextAction::Ask(view.next_step(step));
        }
        match back {
            Some(to) => NextAction::Respond { to },
            None => NextAction::Finished(None),
        }
    }

    /// Signs the request before the write that marks the application as requested. If another tab was first, the signed
    /// request is discarded.
    fn send_logout_request(
        &self,
        mut view: LogoutView,
        next: &NextStep,
    ) -> Result<AdvanceLogoutOutcome, Error> {
        let now = self.now();
        let found = view.steps.iter_mut().find(|step| step.position == next.position);
        let (Some(step), Some((application, endpoint))) =
            (found, logout_endpoint(&view.snapshot, next.application.0))
        else {
            return Ok(AdvanceLogoutOutcome::Stay);
        };
        let id = self.message_id();
        let Some(name_id) = step.subject.name_id() else {
            return Ok(AdvanceLogoutOutcome::Stay);
        };
        let content = LogoutRequestContent {
            issuer: &view.snapshot.installation.entity_id,
            id: &id,
            destination: endpoint.location.as_str(),
            name_id,
            session_index: &step.session_handle,
        };
        let message = request::write(&content, &self.policy(), now)?;
        let outbound = logout_delivery(
            &view.snapshot,
            application,
            endpoint,
            &endpoint.location,
            MessageKind::Request,
            &message,
            None,
        )?;
        let is_first = self
            .store()
            .write(|tx| tx.mark_logout_step_requested(view.logout.id, next.position, &id, now))?;
        if !is_first {
            return Ok(AdvanceLogoutOutcome::Stay);
        }
        step.state = LogoutStepState::Requested;
        let progress = view.progress(NextAction::Ask(next.clone()));
        Ok(AdvanceLogoutOutcome::Ask(Box::new((outbound, progress))))
    }

    /// The LogoutResponse to the initiator: success, or partial logout (saml-core, 3.7.3.2).
    fn respond_to_initiator(
        &self,
        view: &LogoutView,
        visitor: &Visitor,
    ) -> Result<AdvanceLogoutOutcome, Error> {
        let Some(by) = &view.logout.initiator else {
            return Ok(AdvanceLogoutOutcome::Stay);
        };
        let second = (!view.all_confirmed()).then_some(status::PARTIAL_LOGOUT);
        let sent = self.logout_response(&view.snapshot, by, (status::SUCCESS, second), None)?;
        self.logout()
            .finish_logout(&view.snapshot, &view.logout, &view.steps, visitor)?;
        Ok(sent.map_or(AdvanceLogoutOutcome::Stay, |outbound| {
            AdvanceLogoutOutcome::Respond(Box::new(outbound))
        }))
    }

    /// A signed `LogoutResponse` for `by`; `None` if it wants none, or has no endpoint for it.
    pub(super) fn logout_response(
        &self,
        snapshot: &Snapshot,
        by: &Initiator,
        status: StatusCodes,
        status_message: Option<&str>,
    ) -> Result<Option<LogoutDelivery>, Error> {
        let Some((application, endpoint)) = logout_endpoint(snapshot, by.application) else {
            return Ok(None);
        };
        if !by.wants_response {
            return Ok(None);
        }
        let content = LogoutResponseContent {
            issuer: &snapshot.installation.entity_id,
            id: &self.message_id(),
            destination: endpoint.response_url(),
            in_response_to: &by.request_id,
            status,
            status_message,
        };
        let message = response::write(&content, self.now())?;
        logout_delivery(
            snapshot,
            application,
            endpoint,
            content.destination,
            MessageKind::Response,
            &message,
            by.relay_state.as_deref(),
        )
        .map(Some)
    }
}

impl LogoutView {
    fn all_confirmed(&self) -> bool {
        self.steps
            .iter()
            .all(|step| step.state == LogoutStepState::Confirmed)
    }

    fn progress(&self, next: NextAction) -> LogoutProgress {
        LogoutProgress {
            participants: self.participants(),
            next,
        }
    }

    /// The applications that take part, as this browser may see them.
    fn participants(&self) -> Vec<ParticipantLogoutStatus> {
        let participants = participant_statuses(&self.snapshot, &self.steps);
        if self.logout.hides_applications {
            anonymized(participants)
        } else {
            participants
        }
    }

    fn next_step(&self, step: &LogoutStep) -> NextStep {
        let participants = self.participants();
        let named = participants
            .into_iter()
            .find(|participant| participant.application == step.application);
        NextStep {
            position: step.position,
            application: (
                step.application,
                named.map(|participant| participant.name).unwrap_or_default(),
            ),
        }
    }

    /// The initiator, if it wants a LogoutResponse and has an endpoint for it.
    fn initiator_to_answer(&self, by: &Initiator) -> Option<(ApplicationId, String)> {
        let (application, _) = logout_endpoint(&self.snapshot, by.application)?;
        let application = application.application;
        by.wants_response
            .then(|| (application.id, application.name.clone()))
    }
}

/// An application and its logout endpoint. A disabled one is asked too: it may hold a session, and learns only that the
/// session is over.
fn logout_endpoint(snapshot: &Snapshot, id: ApplicationId) -> Option<(SamlApplication<'_>, &LogoutEndpoint)> {
    let application = snapshot.by_id(id)?.as_saml()?;
    Some((application, application.sp.logout.as_ref()?))
}

fn logout_delivery(
    snapshot: &Snapshot,
    application: SamlApplication<'_>,
    endpoint: &LogoutEndpoint,
    location: &SpUrl,
    carried: MessageKind,
    message: &UnsignedMessage,
    relay_state: Option<&str>,
) -> Result<LogoutDelivery, Error> {
    let (signer, algorithm) = (
        &snapshot.signer,
        application.sp.response_options.signature_algorithm,
    );
    let binding = match endpoint.binding {
        Binding::Redirect => OutboundBinding::Redirect(
            redirect::encode(
                location.as_str(),
                carried,
                &message.unsigned_xml(),
                relay_state,
                signer,
                algorithm,
            )
            .map_err(|why| Error::Signing(Box::new(why)))?,
        ),
        Binding::Post => OutboundBinding::Post {
            location: location.clone(),
            message: message.signed_xml(signer, algorithm)?,
            relay_state: relay_state.map(str::to_owned),
        },
    };
    let application = application.application;
    Ok(LogoutDelivery {
        application: (application.id, application.name.clone()),
        carrier: binding,
    })
}
