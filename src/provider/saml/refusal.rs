//! A message is not answered as asked: a row for the administrator, then a status or a page.

use crate::{
    model::{
        application::{Application, SpUrl},
        id::{ApplicationId, SessionId, UserId},
        reference::Reference,
        request_details::RequestDetails,
    },
    provider::{
        Provider,
        error::Error,
        saml::{request_details, response::SamlResponse},
        session::ActiveSession,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{binding::inbound::RawMessage, refusal::Refusal},
};

/// What the page says of a refusal: never a registered value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedPage {
    /// Why.
    pub refusal: Refusal,
    /// Which time it was.
    pub reference: Reference,
    /// Whether the message was about signing out.
    pub is_logout: bool,
    /// Whose request it is: id and name. Strangers are not told whose it seems to be.
    pub application: Option<(ApplicationId, String)>,
}

/// What the browser gets in place of what was asked for.
#[derive(Debug)]
pub enum RefusalOutcome {
    /// Post this to the application: it says why not.
    Status(Box<SamlResponse>),
    /// Our own page says why not.
    RefusedPage(Box<RefusedPage>),
}

/// What a refused message was about.
#[derive(Debug)]
pub(in crate::provider) struct RefusalContext<'a> {
    /// `sign_on` or `logout`.
    pub(in crate::provider) action: &'static str,
    /// Whose message it is, or says that it is.
    pub(in crate::provider) application: Option<&'a Application>,
    /// Who is signed in, in which session, where that matters.
    pub(in crate::provider) user_and_session: Option<(UserId, SessionId)>,
    /// A registered key has signed the message.
    pub(in crate::provider) is_signed: bool,
    /// The message was found valid: whoever brings it may know whose it is.
    pub(in crate::provider) is_valid: bool,
    /// What it asked for.
    pub(in crate::provider) details: RequestDetails,
    /// Who brought it.
    pub(in crate::provider) visitor: &'a Visitor,
}

/// Where a status response goes.
#[derive(Debug)]
pub(in crate::provider) struct StatusTarget<'a> {
    pub(in crate::provider) request_id: &'a str,
    pub(in crate::provider) acs: &'a SpUrl,
    pub(in crate::provider) relay_state: Option<String>,
}

impl<'a> RefusalContext<'a> {
    /// A sign-on that `application` asked for, if it is known.
    pub(in crate::provider) fn sso(
        application: Option<&'a Application>,
        facts: RequestDetails,
        visitor: &'a Visitor,
    ) -> Self {
        Self {
            action: "sign_on",
            application,
            user_and_session: None,
            is_signed: false,
            is_valid: false,
            details: facts,
            visitor,
        }
    }

    /// A sign-out that `application` asked for, if it is known.
    pub(in crate::provider) fn logout(
        application: Option<&'a Application>,
        facts: RequestDetails,
        visitor: &'a Visitor,
    ) -> Self {
        Self {
            action: "logout",
            ..Self::sso(application, facts, visitor)
        }
    }

    /// The same, with the certificates that a signature was held against where it fitted none.
    pub(in crate::provider) fn with_tried_certificates(mut self, refusal: &Refusal) -> Self {
        if let Some(application) = self.application {
            self.details = request_details::with_tried_certificates(self.details, refusal, application);
        }
        self
    }

    /// The same, with the certificates that came with the message.
    pub(in crate::provider) fn with_embedded_certificates(mut self, raw_message: &RawMessage) -> Self {
        self.details = request_details::with_certificates_of(self.details, raw_message);
        self
    }

    /// The same, of a message that was found valid.
    pub(in crate::provider) fn validated(mut self) -> Self {
        self.is_valid = true;
        self
    }

    /// The same, of a person who is signed in.
    pub(in crate::provider) fn with_session(mut self, active_session: &ActiveSession) -> Self {
        self.user_and_session = Some((active_session.user.id, active_session.session.id));
        self
    }
}

impl Provider {
    /// Notes a refused message, and logs it. Returns the reference that its page or status shows.
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
            tracing::info!(action, code, %reference, app.id = app_id, detail = message, "refused");
        }
        Ok(reference)
    }

    /// Our own page: the sender is not proven, or no address for an answer is.
    pub(in crate::provider) fn refused_page(
        &self,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<Box<RefusedPage>, Error> {
        let may_name_application =
            context.is_valid || context.user_and_session.is_some() || self.is_signed_in(context.visitor)?;
        Ok(Box::new(RefusedPage {
            reference: self.record_refusal(&refusal, context)?,
            is_logout: context.action == "logout",
            application: context
                .application
                .filter(|_application| may_name_application)
                .map(|application| (application.id, application.name.clone())),
            refusal,
        }))
    }

    /// A status response to an address that `application` registered; our own page where the refusal is of
    /// a kind that nobody is told.
    pub(in crate::provider) fn respond_with_status(
        &self,
        snapshot: &Snapshot,
        application: &Application,
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

/// `StatusMessage`: one sentence with code and reference. Service providers show it to people.
pub(in crate::provider) fn status_message(refusal: &Refusal, reference: &Reference) -> String {
    let wrong = refusal.explanation().message.trim_end_matches('.');
    format!("{wrong} ({} {reference}).", refusal.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_message_is_one_sentence_with_code_and_reference() {
        let said = status_message(
            &Refusal::NameIdPolicy,
            &Reference::from_request_id("7f3a92c100112233"),
        );
        assert_eq!(
            said,
            "The request asks for a kind of name that is not given here (NAMEID-POLICY 7F3A-92C1)."
        );
    }
}
