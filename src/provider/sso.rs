//! One way in: every entrance makes a [`PendingSignIn`], the gate decides, and the responder of its protocol answers.

use crate::{
    model::{
        application::{Application, SpUrl},
        audit_action::AuditAction,
        id::ApplicationId,
        reference::Reference,
        request_details::RequestDetails,
        second_factor::SecondFactorRule,
        sign_in::{Payload, PendingSignIn},
        user::UserSummary,
    },
    provider::{
        audit::codes,
        entry::{Entrance, Entry, Party, Responder},
        entry_refusal::{EntryRefusal, explanation_of},
        error::Error,
        handle::SignIn,
        oidc::{authorization_response::AuthorizationResponse, error_response::response_to_go_back},
        refusal::{RefusalContext, RefusedPage},
        saml::{
            refusal::RefusalOutcome, request_details, response::UNCHECKED_SIGNATURE,
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
    saml,
};

/// What the browser gets at every entrance.
#[derive(Debug)]
pub enum SignInOutcome {
    /// Take this to the application.
    Respond(Box<ApplicationResponse>),
    /// Something comes before the response.
    Step(Step),
    /// There is no response.
    Refused(Refused),
}

/// What an application is sent through the browser, by protocol.
#[derive(Debug)]
pub enum ApplicationResponse {
    Saml(SamlResponse),
    Oidc(AuthorizationResponse),
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
    /// What the application receives if the user goes back to it; `None` if it sent no request.
    pub back: Option<Box<ApplicationResponse>>,
}

impl From<RefusalOutcome> for SignInOutcome {
    fn from(instead: RefusalOutcome) -> Self {
        match instead {
            RefusalOutcome::Status(response) => Self::Respond(Box::new(ApplicationResponse::Saml(*response))),
            RefusalOutcome::RefusedPage(page) => Self::Refused(Refused::Page(page)),
        }
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
pub(in crate::provider) enum Passage {
    /// The session may be answered.
    Passed(Box<ActiveSession>, Authenticated),
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
        let (active_session, authenticated) = match self.pass_gate(entry, active_session)? {
            Passage::Passed(active_session, authenticated) => (active_session, authenticated),
            Passage::Stopped(outcome) => return Ok(outcome),
        };
        let answered = match entry.responder() {
            Some(Responder::Saml(saml, payload)) => {
                self.saml()
                    .respond_to_entry(entry, saml, payload, authenticated, &active_session)?
            }
            Some(Responder::Oidc(oidc, payload)) => {
                self.oidc()
                    .respond_to_entry(entry, oidc, payload, authenticated, &active_session)?
            }
            None => Some(SignInOutcome::Refused(Refused::Unknown)),
        };
        match answered {
            Some(outcome) => Ok(outcome),
            // Signed out since the session was read: nobody is signed in.
            None => self.enter(entry, None),
        }
    }

    /// Asks the gate, and turns what it refuses or misses into what the browser gets.
    pub(in crate::provider) fn pass_gate(
        &self,
        entry: &Entry<'_>,
        active_session: Option<ActiveSession>,
    ) -> Result<Passage, Error> {
        let subject = entry.pending.requirements.subject.as_ref();
        let is_subject = match &active_session {
            Some(active_session) => match entry.party {
                Party::Saml(saml) => self
                    .saml()
                    .is_subject(saml.application, active_session, subject)?,
                Party::Oidc(oidc) => self.oidc().is_subject(oidc, active_session, subject)?,
            },
            None => true,
        };
        let rule = self.second_factor_rule_at(
            entry.snapshot,
            entry.application().second_factor,
            active_session.as_ref(),
        )?;
        // A session that the browser withholds may have what the rule does not ask for: `/continue` sees it.
        let is_hidden = active_session.is_none() && entry.context.visitor.session_may_be_hidden;
        let decision = gate::decide(&GateInput {
            application: entry.application(),
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
        Ok(Passage::Stopped(
            match (decision, entry.has_destination(), active_session) {
                (
                    GateDecision::Refused(
                        refusal @ (GateRefusal::ApplicationDisabled | GateRefusal::MetadataExpired),
                    ),
                    _,
                    active_session,
                )
                | (GateDecision::Refused(refusal), true, active_session) => {
                    self.refuse(entry, refusal, active_session.as_ref())?
                }
                (_, false, _) => self.refuse_here(entry, EntryRefusal::NoDestination, &entry.context)?,
                (GateDecision::Respond(authenticated), true, Some(active_session)) => {
                    return Ok(Passage::Passed(Box::new(active_session), authenticated));
                }
                (GateDecision::Respond(_) | GateDecision::SecondFactor, true, None) => {
                    self.sign_in_step(entry, None, Missing::SignIn)?
                }
                (GateDecision::SignIn { reauthenticate }, true, active_session) => {
                    let missing = if reauthenticate {
                        Missing::Reauthentication
                    } else {
                        Missing::SignIn
                    };
                    self.sign_in_step(entry, active_session.as_ref(), missing)?
                }
                (GateDecision::SecondFactor, true, active_session) => {
                    self.sign_in_step(entry, active_session.as_ref(), Missing::SecondFactor)?
                }
            },
        ))
    }

    /// The user has to sign in first: how, depends on the entrance.
    fn sign_in_step(
        &self,
        entry: &Entry<'_>,
        active_session: Option<&ActiveSession>,
        missing: Missing,
    ) -> Result<SignInOutcome, Error> {
        let (visitor, asked) = (entry.context.visitor, &entry.pending.requirements);
        let no_page = EntryRefusal::NoPage {
            is_second_factor: missing == Missing::SecondFactor,
        };
        let step = match entry.entrance {
            Entrance::StartUrl | Entrance::Tile if missing == Missing::SecondFactor => Step::SecondFactor,
            Entrance::StartUrl | Entrance::Tile => Step::SignInFirst,
            // If the session cookie may have been withheld, `/continue` decides: there the browser sends it.
            Entrance::Request
                if asked.is_passive
                    && (asked.force_authn || !visitor.session_may_be_hidden || !visitor.is_navigation) =>
            {
                return self.refuse_at_application(entry, no_page, &entry.context);
            }
            Entrance::Request if !visitor.is_navigation => Step::LeaveFrame,
            Entrance::Request => {
                self.record_unchecked_signature(entry)?;
                Step::Continue(self.seal_sign_in(&entry.pending, visitor)?)
            }
            Entrance::Continue(_) if asked.is_passive => {
                return self.refuse_at_application(entry, no_page, &entry.context);
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
                let application = entry.application();
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
        match &entry.pending.payload {
            Payload::Saml(saml) if saml.unchecked_signature => {}
            Payload::Saml(_) | Payload::Oidc(_) => return Ok(()),
        }
        let mut event = self.event(
            AuditAction::SingleSignOn,
            codes::SIGNATURE_UNCHECKED,
            Some(entry.context.visitor),
        );
        event.application = Some(entry.application().id);
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
            // A client of OpenID Connect is sent every error for which its address is known.
            GateRefusal::ApplicationDisabled | GateRefusal::MetadataExpired
                if matches!(entry.party, Party::Oidc(_)) && entry.has_destination() =>
            {
                self.refuse_at_application(entry, EntryRefusal::Gate(refusal), &entry.context)
            }
            GateRefusal::ApplicationDisabled | GateRefusal::MetadataExpired => {
                self.refuse_here(entry, EntryRefusal::Gate(refusal), &entry.context)
            }
            GateRefusal::NotAssigned => self.refuse_access(entry, &context(), active_session),
            GateRefusal::OtherSubject | GateRefusal::AuthnContext => {
                self.refuse_at_application(entry, EntryRefusal::Gate(refusal), &context())
            }
        }
    }

    /// The user is told whom to ask, and can then go back to the application with what it is told; where no page may be
    /// shown, the application is told at once.
    fn refuse_access(
        &self,
        entry: &Entry<'_>,
        context: &RefusalContext<'_>,
        active_session: Option<&ActiveSession>,
    ) -> Result<SignInOutcome, Error> {
        let refusal = EntryRefusal::Gate(GateRefusal::NotAssigned);
        let is_navigation = entry.entrance != Entrance::Request || entry.context.visitor.is_navigation;
        let may_show_page = is_navigation && !entry.pending.requirements.is_passive;
        let Some(active_session) = active_session.filter(|_| may_show_page) else {
            return self.refuse_at_application(entry, refusal, context);
        };
        let application = entry.application();
        let groups = self.store().read(|tx| tx.assigned_groups(application.id))?;
        let explanation = explanation_of(refusal);
        let message = saml::refusal::Refusal::NotAssigned.to_string();
        let reference = self.record_refused(explanation.code, &message, context)?;
        let back = match entry.responder() {
            Some(Responder::Saml(saml, payload)) => {
                let status = self
                    .saml()
                    .told_later(entry.snapshot, saml, payload, &reference)?;
                status.map(|status| Box::new(ApplicationResponse::Saml(status)))
            }
            // It sent no request.
            Some(Responder::Oidc(..)) if matches!(entry.entrance, Entrance::Tile | Entrance::StartUrl) => {
                None
            }
            Some(Responder::Oidc(oidc, payload)) => {
                let error = response_to_go_back(entry.snapshot, oidc, payload, (refusal, &reference));
                Some(Box::new(ApplicationResponse::Oidc(error)))
            }
            None => None,
        };
        Ok(SignInOutcome::Refused(Refused::NotAssigned(Box::new(
            NotAssignedPage {
                application: (application.id, application.name.clone()),
                user: UserSummary::from(&active_session.user),
                groups: groups.into_iter().map(|group| group.name.to_string()).collect(),
                code: explanation.code,
                reference,
                back,
            },
        ))))
    }

    /// The sender of the request is told; our own page, if there was no request.
    pub(in crate::provider) fn refuse_at_application(
        &self,
        entry: &Entry<'_>,
        refusal: EntryRefusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        match entry.responder() {
            Some(Responder::Saml(saml, payload)) => {
                let refused = self
                    .saml()
                    .refuse_entry(entry.snapshot, saml, payload, refusal, context)?;
                Ok(refused.into())
            }
            Some(Responder::Oidc(oidc, payload)) => {
                self.oidc()
                    .refuse_entry(entry.snapshot, oidc, payload, refusal, context)
            }
            None => Ok(SignInOutcome::Refused(Refused::Unknown)),
        }
    }

    /// Our own page.
    fn refuse_here(
        &self,
        entry: &Entry<'_>,
        refusal: EntryRefusal,
        context: &RefusalContext<'_>,
    ) -> Result<SignInOutcome, Error> {
        match entry.party {
            Party::Saml(_) => self.refused(&refusal.into(), context),
            Party::Oidc(_) => self.oidc().refused_here(refusal, context),
        }
    }

    /// Our own page, for a request of SAML.
    pub(in crate::provider) fn refused(
        &self,
        refusal: &saml::refusal::Refusal,
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
        let Some(party) = Party::of(application, &pending.payload) else {
            return Ok(SignInOutcome::Refused(Refused::Unknown));
        };
        let details = match &pending.payload {
            Payload::Saml(payload) => {
                let acs = application
                    .saml()
                    .and_then(|sp| sp.acs_by_digest(&payload.acs_digest));
                RequestDetails::default()
                    .with(request_details::name::REQUEST, payload.request_id.as_deref())
                    .with(request_details::name::ACS, acs.map(SpUrl::as_str))
            }
            Payload::Oidc(payload) => RequestDetails::default()
                .with(request_details::name::REDIRECT_URI, Some(&payload.redirect_uri)),
        };
        let entry = Entry {
            snapshot,
            party,
            pending,
            entrance: Entrance::Continue(binding),
            context: RefusalContext::sso(Some(application), details, visitor).validated(),
        };
        let active_session = self.active_session_at(visitor.session.as_ref(), application.id)?;
        self.enter(&entry, active_session)
    }
}
