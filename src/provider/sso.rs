//! One way in: every entrance makes a [`PendingSignIn`], the gate decides, and the responder of its protocol answers.

use crate::{
    model::{
        application::{Application, SamlApplication, SpUrl},
        audit_action::AuditAction,
        id::ApplicationId,
        reference::Reference,
        request_details::RequestDetails,
        second_factor::SecondFactorRule,
        sign_in::{Payload, PendingSignIn, SamlPayload},
        user::UserSummary,
    },
    provider::{
        audit::codes,
        error::Error,
        handle::SignIn,
        saml::{
            refusal::{RefusalContext, RefusalOutcome, RefusedPage, StatusTarget, status_message},
            request_details,
            response::{ResponseOutcome, ResponseRequest, UNCHECKED_SIGNATURE},
            saml_response::SamlResponse,
        },
        session::ActiveSession,
        sign_in::{
            gate::{self, Authenticated, GateDecision, GateInput, GateRefusal},
            pending::{CookieBinding, SealedSignIn},
        },
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::refusal::Refusal,
};

/// What the browser gets at every entrance.
#[derive(Debug)]
pub enum SignInOutcome {
    /// Post this to the application.
    Respond(Box<SamlResponse>),
    /// Something comes before the response.
    Step(Step),
    /// There is no response.
    Refused(Refused),
}

/// What comes before the response.
#[derive(Debug)]
pub enum Step {
    /// Send the browser to `/continue/{sealed}`.
    Continue(SealedSignIn),
    /// Show the sign-in form.
    SignIn(SignInPrompt),
    /// Send the browser to the page that asks for a second factor, or sets one up, and then to where it came in.
    SecondFactor,
    /// Nobody is signed in. The URL is examined after the sign-in, so that strangers learn nothing about it.
    SignInFirst,
    /// Nobody is signed in, and the browser loads this inside another page, where nobody can sign in.
    LeaveFrame,
    /// Send the browser to this URL: the application starts SSO itself, or a URL of ours is examined.
    Redirect(String),
}

/// What the sign-in form says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SignInPrompt {
    /// The requesting application, if there is one.
    pub application: Option<(ApplicationId, String)>,
    /// The user is signed in, and must sign in again.
    pub reauthenticate: bool,
    /// The e-mail address to fill in.
    pub email: Option<String>,
    /// What the application asks for is not what a passkey alone proves.
    pub needs_password: bool,
}

/// Why there is no response.
#[derive(Debug)]
pub enum Refused {
    /// Show our own page with the reason.
    Page(Box<RefusedPage>),
    /// Show the page that says whom to ask for access.
    NotAssigned(Box<NotAssignedPage>),
    /// There is no such application, or the user may not use it.
    Unknown,
    /// The sealed sign-in cannot be opened: it has expired, or another browser started it.
    Gone,
}

/// What the page shows to a user who is not among those who may use an application.
#[derive(Debug)]
pub struct NotAssignedPage {
    pub application: (ApplicationId, String),
    pub user: UserSummary,
    /// The names of the groups that it is open to.
    pub groups: Vec<String>,
    pub code: &'static str,
    /// Identifies this refusal in the audit log.
    pub reference: Reference,
    /// The status that the application receives if the user goes back to it; `None` if it sent no request.
    pub back: Option<Box<SamlResponse>>,
}

impl From<RefusalOutcome> for SignInOutcome {
    fn from(instead: RefusalOutcome) -> Self {
        match instead {
            RefusalOutcome::Status(response) => Self::Respond(response),
            RefusalOutcome::RefusedPage(page) => Self::Refused(Refused::Page(page)),
        }
    }
}

/// Where the browser came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum Entrance {
    /// With a request of the application.
    Request,
    /// At a start URL.
    StartUrl,
    /// From a tile of the portal.
    Tile,
    /// With a sealed sign-in.
    Continue(CookieBinding),
}

/// A sign-in at the gate.
pub(in crate::provider) struct Entry<'a> {
    pub(in crate::provider) snapshot: &'a Snapshot,
    pub(in crate::provider) application: SamlApplication<'a>,
    pub(in crate::provider) pending: PendingSignIn,
    pub(in crate::provider) entrance: Entrance,
    pub(in crate::provider) context: RefusalContext<'a>,
}

impl Entry<'_> {
    const fn payload(&self) -> &SamlPayload {
        let Payload::Saml(payload) = &self.pending.payload;
        payload
    }
}

/// What comes before the response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Missing {
    SignIn,
    /// Somebody is signed in, and must sign in again.
    Reauthentication,
    SecondFactor,
}

/// The outcome of the gate.
pub(in crate::provider) enum Passage<'a> {
    /// The session may be answered, at this ACS.
    Passed(Box<ActiveSession>, Authenticated, &'a SpUrl),
    /// It may not; this is what the browser gets.
    Stopped(SignInOutcome),
}

impl SignIn<'_> {
    /// Answers the sign-in, or says what comes before.
    pub(in crate::provider) fn enter(
        &self,
        entry: &Entry<'_>,
        active_session: Option<ActiveSession>,
    ) -> Result<SignInOutcome, Error> {
        let (active_session, authenticated, acs) = match self.pass_gate(entry, active_session)? {
            Passage::Passed(active_session, authenticated, acs) => (active_session, authenticated, acs),
            Passage::Stopped(outcome) => return Ok(outcome),
        };
        let response_request = ResponseRequest {
            application: entry.application,
            request_id: entry.payload().request_id.as_deref(),
            acs,
            relay_state: entry.payload().relay_state.clone(),
            name_id_format: entry.payload().name_id_format,
            authenticated,
            unchecked_signature: entry.payload().unchecked_signature,
        };
        let visitor = entry.context.visitor;
        match self
            .saml()
            .respond(entry.snapshot, response_request, &active_session, visitor)?
        {
            ResponseOutcome::Response(response) => Ok(SignInOutcome::Respond(response)),
            ResponseOutcome::Replayed => {
                let context = entry.context.clone().with_session(&active_session);
                self.refused(Refusal::Replayed, &context)
            }
            ResponseOutcome::Refused(instead) => Ok(instead.into()),
            // Signed out since the session was read: nobody is signed in.
            ResponseOutcome::SessionEnded => self.enter(entry, None),
        }
    }

    /// Asks the gate, and turns what it refuses or misses into what the browser gets.
    pub(in crate::provider) fn pass_gate<'a>(
        &self,
        entry: &Entry<'a>,
        active_session: Option<ActiveSession>,
    ) -> Result<Passage<'a>, Error> {
        let subject = entry.pending.requirements.subject.as_ref();
        let is_subject = match &active_session {
            Some(active_session) => {
                self.saml()
                    .is_subject(entry.application.application, active_session, subject)?
            }
            None => true,
        };
        let rule = self.second_factor_rule_at(
            entry.snapshot,
            entry.application.application.second_factor,
            active_session.as_ref(),
        )?;
        // A session that the browser withholds may have what the rule does not ask for: `/continue` sees it.
        let is_hidden = active_session.is_none() && entry.context.visitor.session_may_be_hidden;
        let decision = gate::decide(&GateInput {
            application: entry.application.application,
            pending: &entry.pending,
            is_resumed: matches!(entry.entrance, Entrance::Continue(_)),
            session: active_session.as_ref(),
            is_subject,
            second_factor: if is_hidden {
                rule.max(SecondFactorRule::Offered)
            } else {
                rule
            },
            now: self.now(),
        });
        let acs = entry.application.sp.acs_by_digest(&entry.payload().acs_digest);
        Ok(Passage::Stopped(match (decision, acs, active_session) {
            (
                GateDecision::Refused(
                    refusal @ (GateRefusal::ApplicationDisabled | GateRefusal::MetadataExpired),
                ),
                _,
                active_session,
            )
            | (GateDecision::Refused(refusal), Some(_), active_session) => {
                self.refuse(entry, refusal, active_session.as_ref())?
            }
            // The registration changed while the user was typing.
            (_, None, _) => self.refused(Refusal::UnknownAcs, &entry.context)?,
            (GateDecision::Respond(authenticated), Some(acs), Some(active_session)) => {
                return Ok(Passage::Passed(Box::new(active_session), authenticated, acs));
            }
            (GateDecision::Respond(_) | GateDecision::SecondFactor, Some(_), None) => {
                self.sign_in_step(entry, None, Missing::SignIn)?
            }
            (GateDecision::SignIn { reauthenticate }, Some(_), active_session) => {
                let missing = if reauthenticate {
                    Missing::Reauthentication
                } else {
                    Missing::SignIn
                };
                self.sign_in_step(entry, active_session.as_ref(), missing)?
            }
            (GateDecision::SecondFactor, Some(_), active_session) => {
                self.sign_in_step(entry, active_session.as_ref(), Missing::SecondFactor)?
            }
        }))
    }

    /// The user has to sign in first: how, depends on the entrance.
    fn sign_in_step(
        &self,
        entry: &Entry<'_>,
        active_session: Option<&ActiveSession>,
        missing: Missing,
    ) -> Result<SignInOutcome, Error> {
        let (visitor, asked) = (entry.context.visitor, &entry.pending.requirements);
        let step = match entry.entrance {
            Entrance::StartUrl | Entrance::Tile if missing == Missing::SecondFactor => Step::SecondFactor,
            Entrance::StartUrl | Entrance::Tile => Step::SignInFirst,
            // If the session cookie may have been withheld, `/continue` decides: there the browser sends it.
            Entrance::Request
                if asked.is_passive
                    && (asked.force_authn || !visitor.session_may_be_hidden || !visitor.is_navigation) =>
            {
                return self.refuse_with_status(entry, Refusal::NoPassive, &entry.context);
            }
            Entrance::Request if !visitor.is_navigation => Step::LeaveFrame,
            Entrance::Request => {
                self.record_unchecked_signature(entry)?;
                Step::Continue(self.seal_sign_in(&entry.pending, visitor)?)
            }
            Entrance::Continue(_) if asked.is_passive => {
                return self.refuse_with_status(entry, Refusal::NoPassive, &entry.context);
            }
            // From here on it is bound to the same cookie as the form.
            Entrance::Continue(CookieBinding::Posted) => {
                Step::Continue(self.bind_to_browser(&entry.pending, visitor)?)
            }
            Entrance::Continue(CookieBinding::Browser) if missing == Missing::SecondFactor => {
                Step::SecondFactor
            }
            Entrance::Continue(CookieBinding::Browser) => {
                let signed_in = active_session.map(|active_session| active_session.user.email.as_str());
                let application = entry.application.application;
                Step::SignIn(SignInPrompt {
                    application: Some((application.id, application.name.clone())),
                    reauthenticate: missing == Missing::Reauthentication,
                    email: asked.email().or(signed_in).map(str::to_owned),
                    needs_password: !gate::can_begin_with_passkey(application, asked, self.now()),
                })
            }
        };
        Ok(SignInOutcome::Step(step))
    }

    /// When the sign-in resumes, the request is no longer available.
    fn record_unchecked_signature(&self, entry: &Entry<'_>) -> Result<(), Error> {
        if !entry.payload().unchecked_signature {
            return Ok(());
        }
        let mut event = self.event(
            AuditAction::SingleSignOn,
            codes::SIGNATURE_UNCHECKED,
            Some(entry.context.visitor),
        );
        event.application = Some(entry.application.application.id);
        event.detail = Some(UNCHECKED_SIGNATURE.to_owned());
        event.unauthenticated = true;
        self.count_refusal(&event)?;
        Ok(())
    }

    /// What the browser gets if the gate refuses: the application learns only what concerns its request.
    fn refuse(
        &self,
        entry: &Entry<'_>,
        refusal: GateRefusal,
        active_session: Option<&ActiveSession>,
    ) -> Result<SignInOutcome, Error> {
        let context = || {
            let context = entry.context.clone();
            match active_session {
                Some(active_session) => context.with_session(active_session),
                None => context,
            }
        };
        match refusal {
            GateRefusal::ApplicationDisabled if entry.entrance == Entrance::Tile => {
                Ok(SignInOutcome::Refused(Refused::Unknown))
            }
            GateRefusal::ApplicationDisabled | GateRefusal::MetadataExpired => {
                self.refused(refusal.into(), &entry.context)
            }
            GateRefusal::NotAssigned => self.refuse_access(entry, &context(), active_session),
            GateRefusal::OtherSubject | GateRefusal::AuthnContext => {
                self.refuse_with_status(entry, refusal.into(), &context())
            }
        }
    }

    /// The user is told whom to ask, and can then go back to the application with a status; where no page may be shown,
    /// the application receives the status at once.
    fn refuse_access(
        &self,
        entry: &Entry<'_>,
        context: &RefusalContext<'_>,
        active_session: Option<&ActiveSession>,
    ) -> Result<SignInOutcome, Error> {
        let refusal = Refusal::NotAssigned;
        let is_navigation = entry.entrance != Entrance::Request || entry.context.visitor.is_navigation;
        let may_show_page = is_navigation && !entry.pending.requirements.is_passive;
        let Some(active_session) = active_session.filter(|_| may_show_page) else {
            return self.refuse_with_status(entry, refusal, context);
        };
        let (payload, application) = (entry.payload(), entry.application.application);
        let groups = self.store().read(|tx| tx.assigned_groups(application.id))?;
        let reference = self.saml().record_refusal(&refusal, context)?;
        let acs = entry.application.sp.acs_by_digest(&payload.acs_digest);
        let back = match (payload.request_id.as_deref(), acs, refusal.status()) {
            (Some(request_id), Some(acs), Some(status)) => {
                let target = StatusTarget {
                    request_id,
                    acs,
                    relay_state: payload.relay_state.clone(),
                };
                let message = status_message(&refusal, &reference);
                let saml = self.saml();
                let status =
                    saml.status_response(entry.snapshot, entry.application, target, status, &message)?;
                Some(Box::new(status))
            }
            (_, _, _) => None,
        };
        Ok(SignInOutcome::Refused(Refused::NotAssigned(Box::new(
            NotAssignedPage {
                application: (application.id, application.name.clone()),
                user: UserSummary::from(&active_session.user),
                groups: groups.into_iter().map(|group| group.name.to_string()).collect(),
                code: refusal.code(),
                reference,
                back,
            },
        ))))
    }

    /// A status to the sender of the request; our own page, if there was no request.
    fn refuse_with_status(
        &self,
        entry: &Entry<'_>,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        let payload = entry.payload();
        let acs = entry.application.sp.acs_by_digest(&payload.acs_digest);
        let (Some(request_id), Some(acs)) = (payload.request_id.as_deref(), acs) else {
            return self.refused(refusal, context);
        };
        let target = StatusTarget {
            request_id,
            acs,
            relay_state: payload.relay_state.clone(),
        };
        let outcome =
            self.saml()
                .respond_with_status(entry.snapshot, entry.application, target, refusal, context)?;
        Ok(outcome.into())
    }

    /// Our own page.
    pub(in crate::provider) fn refused(
        &self,
        refusal: Refusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        let page = self.saml().refused_page(refusal, context)?;
        Ok(SignInOutcome::Refused(Refused::Page(page)))
    }

    /// Resumes a sign-in to an application.
    pub(in crate::provider) fn resume_at(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        pending: PendingSignIn,
        binding: CookieBinding,
        visitor: &Visitor,
    ) -> Result<SignInOutcome, Error> {
        let Payload::Saml(payload) = &pending.payload;
        let Some(saml) = application.as_saml() else {
            return Ok(SignInOutcome::Refused(Refused::Unknown));
        };
        let acs = saml.sp.acs_by_digest(&payload.acs_digest);
        let details = RequestDetails::default()
            .with(request_details::name::REQUEST, payload.request_id.as_deref())
            .with(request_details::name::ACS, acs.map(SpUrl::as_str));
        let entry = Entry {
            snapshot,
            application: saml,
            pending,
            entrance: Entrance::Continue(binding),
            context: RefusalContext::sso(Some(application), details, visitor).validated(),
        };
        let active_session = self.active_session_at(visitor.session.as_ref(), application.id)?;
        self.enter(&entry, active_session)
    }
}

impl From<GateRefusal> for Refusal {
    fn from(refusal: GateRefusal) -> Self {
        match refusal {
            GateRefusal::ApplicationDisabled => Self::ApplicationDisabled,
            GateRefusal::MetadataExpired => Self::MetadataExpired,
            GateRefusal::NotAssigned => Self::NotAssigned,
            GateRefusal::OtherSubject => Self::Subject,
            GateRefusal::AuthnContext => Self::AuthnContext,
        }
    }
}
