//! Resumes a pending sign-in and decides on the next step.

use crate::{
    model::{
        application::{Application, SpUrl},
        id::ApplicationId,
        name_id::NameIdFormat,
        request_details::RequestDetails,
        sign_in::PendingSignIn,
    },
    provider::{
        Provider,
        error::Error,
        saml::{
            refusal::{RefusalContext, RefusalOutcome, RefusedPage, StatusTarget},
            request_details,
            response::{ResponseOutcome, ResponseRequest, SamlResponse},
        },
        session::ActiveSession,
        sign_in::pending::{CookieBinding, SealedSignIn},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::refusal::Refusal,
};

/// The next step.
#[derive(Debug)]
pub enum Resumed {
    /// Show the sign-in form.
    SignIn {
        /// The requesting application, if there is one.
        application: Option<(ApplicationId, String)>,
        /// The user is signed in, and must sign in again.
        reauthenticate: bool,
        /// The e-mail address to fill in.
        email: Option<String>,
    },
    /// Redirect the browser to this sign-in, which replaces the one from a form of another site.
    BindToBrowser(SealedSignIn),
    /// A user is signed in: send the browser to this URL of ours.
    Redirect(String),
    /// Post this to the application.
    Response(Box<SamlResponse>),
    /// Show our own page with the reason.
    Refused(Box<RefusedPage>),
    /// It cannot be opened: it has expired, or another browser started it.
    Gone,
}

impl From<RefusalOutcome> for Resumed {
    fn from(instead: RefusalOutcome) -> Self {
        match instead {
            RefusalOutcome::Status(answer) => Self::Response(answer),
            RefusalOutcome::RefusedPage(page) => Self::Refused(page),
        }
    }
}

impl Provider {
    /// Resumes the sign-in that this browser carries.
    pub fn resume_sign_in(&self, sealed: &str, visitor: &Visitor) -> Result<Resumed, Error> {
        let Some((pending, binding)) = self.open_sign_in(sealed, visitor)? else {
            return self.resume_target(sealed, visitor);
        };
        let snapshot = self.fresh_snapshot()?;
        let Some(application) = snapshot.by_id(pending.application).map(|found| &**found) else {
            return Ok(Resumed::Gone);
        };
        let acs = application.saml.acs_by_digest(&pending.acs_digest);
        let facts = RequestDetails::default()
            .with(request_details::name::REQUEST, Some(&pending.request_id))
            .with(request_details::name::ACS, acs.map(SpUrl::as_str));
        let context = RefusalContext::sso(Some(application), facts, visitor).validated();
        if !application.enabled {
            return self.resume_refused(Refusal::ApplicationDisabled, &context);
        }
        if application.is_metadata_expired(self.now()) {
            return self.resume_refused(Refusal::MetadataExpired, &context);
        }
        let Some(acs) = acs else {
            // The registration changed while the user was typing.
            return self.resume_refused(Refusal::UnknownAcs, &context);
        };
        let active_session = self.active_session_at(visitor.session.as_ref(), application.id)?;
        match active_session {
            Some(active_session)
                if !pending.force_authn || active_session.session.authenticated_at >= pending.created_at =>
            {
                self.respond_to_pending(
                    &snapshot,
                    (application, acs),
                    pending,
                    &active_session,
                    &context.with_session(&active_session),
                )
            }
            Some(_) | None if pending.is_passive => self.respond_to_pending_with_status(
                &snapshot,
                (application, acs),
                pending,
                Refusal::NoPassive,
                &context,
            ),
            // From here on it is bound to the same cookie as the form.
            _ if binding == CookieBinding::Posted => {
                Ok(Resumed::BindToBrowser(self.bind_to_browser(&pending, visitor)?))
            }
            active_session => Ok(Resumed::SignIn {
                application: Some((application.id, application.name.clone())),
                reauthenticate: active_session.is_some(),
                email: email_hint(&pending).or_else(|| {
                    active_session.map(|active_session| active_session.user.email.as_str().to_owned())
                }),
            }),
        }
    }

    /// Resumes a sealed URL of ours, once a user is signed in.
    fn resume_target(&self, sealed: &str, visitor: &Visitor) -> Result<Resumed, Error> {
        let Some(target) = self.open_target(sealed, visitor)? else {
            return Ok(Resumed::Gone);
        };
        if self.is_signed_in(visitor)? {
            return Ok(Resumed::Redirect(target));
        }
        Ok(Resumed::SignIn {
            application: None,
            reauthenticate: false,
            email: None,
        })
    }

    /// The application that a sign-in is for, so that the form can name it.
    pub fn application_of_sign_in(
        &self,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<(ApplicationId, String)>, Error> {
        let Some((pending, _)) = self.open_sign_in(sealed, visitor)? else {
            return Ok(None);
        };
        let snapshot = self.cached_snapshot()?;
        Ok(snapshot
            .by_id(pending.application)
            .map(|application| (application.id, application.name.clone())))
    }

    fn respond_to_pending(
        &self,
        snapshot: &Snapshot,
        (application, acs): (&Application, &SpUrl),
        pending: PendingSignIn,
        active_session: &ActiveSession,
        context: &RefusalContext<'_>,
    ) -> Result<Resumed, Error> {
        if !self.is_subject(application, active_session, pending.subject.as_ref())? {
            return self.respond_to_pending_with_status(
                snapshot,
                (application, acs),
                pending,
                Refusal::Subject,
                context,
            );
        }
        let email = email_hint(&pending);
        let question = ResponseRequest {
            application,
            request_id: Some(&pending.request_id),
            acs,
            relay_state: pending.relay_state.clone(),
            name_id_format: pending.name_id_format,
            authn_context_class: &pending.context_class,
            unchecked_signature: false,
        };
        match self.respond(snapshot, question, active_session, context.visitor)? {
            ResponseOutcome::Response(answer) => Ok(Resumed::Response(answer)),
            ResponseOutcome::Replayed => self.resume_refused(Refusal::Replayed, context),
            ResponseOutcome::Refused(instead) => Ok(instead.into()),
            ResponseOutcome::SessionEnded if pending.is_passive => self.respond_to_pending_with_status(
                snapshot,
                (application, acs),
                pending,
                Refusal::NoPassive,
                context,
            ),
            ResponseOutcome::SessionEnded => Ok(Resumed::SignIn {
                application: Some((application.id, application.name.clone())),
                reauthenticate: false,
                email,
            }),
        }
    }

    /// Refuses a pending request with a status to its sender.
    fn respond_to_pending_with_status(
        &self,
        snapshot: &Snapshot,
        (application, acs): (&Application, &SpUrl),
        pending: PendingSignIn,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<Resumed, Error> {
        let status_target = StatusTarget {
            request_id: &pending.request_id,
            acs,
            relay_state: pending.relay_state,
        };
        Ok(self
            .respond_with_status(snapshot, application, status_target, refusal, context)?
            .into())
    }

    fn resume_refused(&self, refusal: Refusal, context: &RefusalContext<'_>) -> Result<Resumed, Error> {
        Ok(Resumed::Refused(self.refused_page(refusal, context)?))
    }
}

/// The e-mail address to fill in: that of the requested subject, or else the login hint.
fn email_hint(pending: &PendingSignIn) -> Option<String> {
    let subject = pending.subject.as_ref().filter(|subject| match subject.format {
        NameIdFormat::EmailAddress | NameIdFormat::Unspecified => true,
        NameIdFormat::Persistent | NameIdFormat::Transient => false,
    });
    subject
        .map(|subject| subject.value.clone())
        .or_else(|| pending.login_hint.clone())
}
