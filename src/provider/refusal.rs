//! A refused request of any protocol: its audit row, and what our own page shows of it.

use crate::{
    model::{
        application::Application,
        audit_action::AuditAction,
        explanation::Explanation,
        id::{ApplicationId, SessionId, UserId},
        reference::Reference,
        request_details::RequestDetails,
    },
    provider::{core::Provider, error::Error, session::ActiveSession, visitor::Visitor},
};

/// What the page shows about a refusal: never a registered value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedPage {
    pub explanation: &'static Explanation,
    /// Identifies this refusal in the audit log.
    pub reference: Reference,
    /// Whether the message was a logout message.
    pub is_logout: bool,
    /// The requesting application: ID and name. Strangers do not learn which application the message claims to be from.
    pub application: Option<(ApplicationId, String)>,
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
    /// A registered key has signed the message, or its sender is authenticated otherwise.
    pub(in crate::provider) is_signed: bool,
    /// The message is valid: the browser that brings it may learn the application's name.
    pub(in crate::provider) is_valid: bool,
    pub(in crate::provider) details: RequestDetails,
    pub(in crate::provider) visitor: &'a Visitor,
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

impl Provider {
    /// Records and logs a refused message, whose code and message those are. Returns the reference that its page or
    /// answer shows.
    pub(in crate::provider) fn record_refused(
        &self,
        code: &'static str,
        message: &str,
        context: &RefusalContext<'_>,
    ) -> Result<Reference, Error> {
        let action = context.action;
        let mut event = self.event(action, code, Some(context.visitor));
        event.application = context.application.map(|application| application.id);
        event.user = context.user_and_session.map(|(user, _)| user);
        event.session = context.user_and_session.map(|(_, session)| session);
        event.detail = Some(context.details.appended_to(message));
        event.unauthenticated = !context.is_signed && context.user_and_session.is_none();
        let recorded = self.count_refusal(&event)?;
        let reference = recorded.reference;
        if recorded.is_logged {
            let app_id = event.application.map(tracing::field::display);
            tracing::info!(action = action.as_str(), code, %reference, app.id = app_id, detail = message, "refused");
        }
        Ok(reference)
    }

    /// Our own page: the sender is not authenticated, or there is no trusted address for an answer.
    pub(in crate::provider) fn refused_on_page(
        &self,
        explanation: &'static Explanation,
        message: &str,
        context: &RefusalContext<'_>,
    ) -> Result<Box<RefusedPage>, Error> {
        let may_name_application =
            context.is_valid || context.user_and_session.is_some() || self.is_signed_in(context.visitor)?;
        Ok(Box::new(RefusedPage {
            explanation,
            reference: self.record_refused(explanation.code, message, context)?,
            is_logout: context.action == AuditAction::Logout,
            application: context
                .application
                .filter(|_application| may_name_application)
                .map(|application| (application.id, application.name.clone())),
        }))
    }
}

/// The sentence that an application is told: code and reference are in it. Applications show it to users.
pub(in crate::provider) fn status_text(explanation: &Explanation, reference: &Reference) -> String {
    let wrong = explanation.message.trim_end_matches('.');
    format!("{wrong} ({} {reference}).", explanation.code)
}
