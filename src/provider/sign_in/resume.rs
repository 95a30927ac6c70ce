//! A sign-on that waited goes on: what is the next step?

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

/// What to do next.
#[derive(Debug)]
pub enum Resumed {
    /// Show the login form.
    SignIn {
        /// For which application, where one has asked.
        application: Option<(ApplicationId, String)>,
        /// The person is signed in, and must sign in anew.
        reauthenticate: bool,
        /// What to fill in as e-mail address.
        email: Option<String>,
    },
    /// Send the browser to this address in place of the one that came after a form of another site.
    BindToBrowser(SealedSignIn),
    /// Somebody is signed in: send the browser to this address of ours.
    Redirect(String),
    /// Post this to the application.
    Response(Box<SamlResponse>),
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
    /// It cannot be opened: it is too late, or another browser began it.
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
    /// Goes on with the sign-in that this browser carries.
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
            // The registration changed while the person was typing.
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
            // From here on it is bound to the cookie that the form is bound to as well.
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

    /// An address of ours that waited until somebody is signed in.
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

    /// The application that a sign-in is for, to name it on the form.
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

    /// Refuses a request that waited where its sender hears it.
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

/// What to fill in as e-mail address: the person that it must be, or whom the sender expects.
fn email_hint(pending: &PendingSignIn) -> Option<String> {
    let subject = pending.subject.as_ref().filter(|subject| match subject.format {
        NameIdFormat::EmailAddress | NameIdFormat::Unspecified => true,
        NameIdFormat::Persistent | NameIdFormat::Transient => false,
    });
    subject
        .map(|subject| subject.value.clone())
        .or_else(|| pending.login_hint.clone())
}
