//! The gate: whether the browser's session may be answered to an application, in one place for every entrance and every
//! protocol.

use chrono::{DateTime, Utc};

use crate::{
    access::{self, AccessDecision},
    model::{
        application::Application,
        authentication::{AuthenticationEvent, AuthenticationEvents},
        authn_context::{self, AuthnContextClass},
        sign_in::{PendingSignIn, SignInRequirements},
    },
    provider::session::ActiveSession,
};

/// What the gate decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum GateDecision {
    Respond(Authenticated),
    /// The user must enter the password first.
    SignIn {
        /// Somebody is signed in, and must sign in again.
        reauthenticate: bool,
    },
    Refused(GateRefusal),
}

/// How the user authenticated, as the answer says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) struct Authenticated {
    pub(in crate::provider) class: AuthnContextClass,
    pub(in crate::provider) at: DateTime<Utc>,
}

/// Why nobody, or not this user, is signed in to the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum GateRefusal {
    ApplicationDisabled,
    MetadataExpired,
    /// The user is not the one that the request names.
    OtherSubject,
    /// No sign-in here is what the request asks for.
    AuthnContext,
}

/// What the gate looks at.
#[derive(Clone, Copy, Debug)]
pub(in crate::provider) struct GateInput<'a> {
    pub(in crate::provider) application: &'a Application,
    pub(in crate::provider) pending: &'a PendingSignIn,
    /// The request was received earlier: a sign-in since then is the one that it asks for.
    pub(in crate::provider) is_resumed: bool,
    pub(in crate::provider) session: Option<&'a ActiveSession>,
    /// Whether the session's user is the requested subject; `true` if the request names none.
    pub(in crate::provider) is_subject: bool,
    pub(in crate::provider) now: DateTime<Utc>,
}

/// Whether anybody may be signed in to `application` now.
pub(in crate::provider) fn check_application(
    application: &Application,
    now: DateTime<Utc>,
) -> Result<(), GateRefusal> {
    if !application.enabled {
        Err(GateRefusal::ApplicationDisabled)
    } else if application.is_metadata_expired(now) {
        Err(GateRefusal::MetadataExpired)
    } else {
        Ok(())
    }
}

/// Decides, in this order: the application is enabled and its metadata valid; the user is active, and may use the
/// application; what the request asks of the user is satisfied by the session, or a step is missing.
pub(in crate::provider) fn decide(input: &GateInput<'_>) -> GateDecision {
    if let Err(refusal) = check_application(input.application, input.now) {
        return GateDecision::Refused(refusal);
    }
    let asked = &input.pending.requirements;
    let access = input
        .session
        .map(|session| (session, access::decide(&session.user, input.application)));
    let session = match access {
        Some((session, AccessDecision::Allowed)) => Some(session),
        Some((_, AccessDecision::ApplicationDisabled)) => {
            return GateDecision::Refused(GateRefusal::ApplicationDisabled);
        }
        // A disabled user is signed in nowhere.
        Some((_, AccessDecision::UserDisabled)) | None => None,
    };
    let after_sign_in = AuthenticationEvents::new(AuthenticationEvent::password(input.now));
    if named_class(asked, &after_sign_in).is_none() && session.and_then(|one| class_of(asked, one)).is_none()
    {
        return GateDecision::Refused(GateRefusal::AuthnContext);
    }
    let Some(session) = session else {
        return GateDecision::SignIn {
            reauthenticate: false,
        };
    };
    let proved = &session.session.authentications;
    let is_fresh = input.is_resumed && proved.last_at() >= Some(input.pending.created_at);
    if asked.force_authn && !is_fresh {
        return GateDecision::SignIn { reauthenticate: true };
    }
    if !input.is_subject {
        return GateDecision::Refused(GateRefusal::OtherSubject);
    }
    match (named_class(asked, proved), proved.last_at()) {
        (Some(class), Some(at)) => GateDecision::Respond(Authenticated { class, at }),
        (None, _) | (_, None) => GateDecision::SignIn { reauthenticate: true },
    }
}

fn class_of(asked: &SignInRequirements, session: &ActiveSession) -> Option<AuthnContextClass> {
    named_class(asked, &session.session.authentications)
}

/// The class that an answer names; `None` if what was proved does not satisfy the request.
fn named_class(asked: &SignInRequirements, proved: &AuthenticationEvents) -> Option<AuthnContextClass> {
    match &asked.authn_context {
        None => authn_context::default_class(proved),
        Some(requested) => requested.satisfied_class(proved),
    }
}
