//! Refusing a message: an audit event for the administrator, then a status or a page.

use crate::{
    model::{
        application::{Application, SamlApplication, SpUrl},
        audit_action::AuditAction,
        id::{ApplicationId, SessionId, UserId},
        reference::Reference,
        request_details::RequestDetails,
    },
    provider::{
        error::Error,
        handle::Saml,
        saml::{request_details, saml_response::SamlResponse},
        session::ActiveSession,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{binding::raw_message::RawMessage, refusal::Refusal},
};

/// What the page shows about a refusal: never a registered value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedPage {
    pub refusal: Refusal,
    /// Identifies this refusal in the audit log.
    pub reference: Reference,
    /// Whether the message was a logout message.
    pub is_logout: bool,
    /// The requesting application: ID and name. Strangers do not learn which application the message claims to be from.
    pub application: Option<(ApplicationId, String)>,
}

/// What the browser gets instead of the requested response.
#[derive(Debug)]
pub enum RefusalOutcome {
    /// Post this status Response to the application.
    Status(Box<SamlResponse>),
    /// Show our own page with the reason.
    RefusedPage(Box<RefusedPage>),
}

/// The message that was refused, and its circumstances.
#[derive(Clone, Debug)]
pub(in crate::provider) struct RefusalContext<'a> {
    /// `sign_on`, `logout` or `single_logout`.
    pub(in crate::provider) action: AuditAction,
    /// The application that sent the message, or is named as its issuer.
    pub(in crate::provider) application: Option<&'a Application>,
    /// Who is signed in, in which session, if that matters.
    pub(in crate::provider) user_and_session: Option<(UserId, SessionId)>,
    /// A registered key has signed the message.
    pub(in crate::provider) is_signed: bool,
    /// The message is valid: the browser that brings it may learn the application's name.
    pub(in crate::provider) is_valid: bool,
    pub(in crate::provider) details: RequestDetails,
    pub(in crate::provider) visitor: &'a Visitor,
}

/// Where a status Response goes.
#[derive(Debug)]
pub(in crate::provider) struct StatusTarget<'a> {
    pub(in crate::provider) request_id: &'a str,
    pub(in crate::provider) acs: &'a SpUrl,
    pub(in crate::provider) relay_state: Option<String>,
}

impl<'a> RefusalContext<'a> {
    /// A refused sign-in that `application` asked for, if it is known.
    pub(in crate::provider) fn sso(
        application: Option<&'a Application>,
        details: RequestDetails,
        visitor: &'a Visitor,
    ) -> Self {
        Self {
            action: AuditAction::SingleSignOn,
            application,
            user_and_session: None,
            is_signed: false,
            is_valid: false,
            details,
            visitor,
        }
    }

    /// A refused logout that `application` asked for, if it is known.
    pub(in crate::provider) fn logout(
        application: Option<&'a Application>,
        details: RequestDetails,
        visitor: &'a Visitor,
    ) -> Self {
        Self {
            action: AuditAction::Logout,
            ..Self::sso(application, details, visitor)
        }
    }

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

    /// Marks the message as valid.
    pub(in crate::provider) fn validated(mut self) -> Self {
        self.is_valid = true;
        self
    }

    /// Adds the user who is signed in, and the session.
    pub(in crate::provider) fn with_session(mut self, active_session: &ActiveSession) -> Self {
        self.user_and_session = Some((active_session.user.id, active_session.session.id));
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
        let (action, code, message) = (context.action, refusal.code(), refusal.to_string());
        let mut event = self.event(action, code, Some(context.visitor));
        event.application = context.application.map(|application| application.id);
        event.user = context.user_and_session.map(|(user, _)| user);
        event.session = context.user_and_session.map(|(_, session)| session);
        event.detail = Some(context.details.appended_to(&message));
        event.unauthenticated = !context.is_signed && context.user_and_session.is_none();
        let recorded = self.count_refusal(&event)?;
        let reference = recorded.reference;
        if recorded.is_logged {
            let app_id = event.application.map(tracing::field::display);
            tracing::info!(action = action.as_str(), code, %reference, app.id = app_id, detail = message, "refused");
        }
        Ok(reference)
    }

    /// Our own page: the sender is not authenticated, or there is no trusted endpoint for a response.
    pub(in crate::provider) fn refused_page(
        &self,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<Box<RefusedPage>, Error> {
        let may_name_application =
            context.is_valid || context.user_and_session.is_some() || self.is_signed_in(context.visitor)?;
        Ok(Box::new(RefusedPage {
            reference: self.record_refusal(&refusal, context)?,
            is_logout: context.action == AuditAction::Logout,
            application: context
                .application
                .filter(|_application| may_name_application)
                .map(|application| (application.id, application.name.clone())),
            refusal,
        }))
    }

    /// A status Response to a registered ACS of `application`; or our own page, if the refusal is of a kind that no
    /// application is informed of.
    pub(in crate::provider) fn respond_with_status(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        target: StatusTarget<'_>,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<RefusalOutcome, Error> {
        let Some(status) = refusal.status() else {
            return Ok(RefusalOutcome::RefusedPage(self.refused_page(refusal, context)?));
        };
        let reference = self.record_refusal(&refusal, context)?;
        let message = status_message(&refusal, &reference);
        let answer = self.status_response(snapshot, application, target, status, &message)?;
        Ok(RefusalOutcome::Status(Box::new(answer)))
    }
}

/// `StatusMessage`: one sentence with code and reference. Service providers show it to users.
pub(in crate::provider) fn status_message(refusal: &Refusal, reference: &Reference) -> String {
    let wrong = refusal.explanation().message.trim_end_matches('.');
    format!("{wrong} ({} {reference}).", refusal.code())
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
