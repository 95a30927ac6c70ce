//! The gate: whether the browser's session may be answered to an application, in one place for every entrance and every
//! protocol.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    access::{self, AccessDecision},
    model::{
        application::Application,
        authentication::{AuthenticationEvent, AuthenticationEvents, AuthenticationMethod},
        authn_context::{self, AuthnContextClass},
        second_factor::SecondFactorRule,
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
    /// The user is signed in, and must give a second factor, or set one up.
    SecondFactor,
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
    /// The application is open to chosen users and groups, and the user is not among them.
    NotAssigned,
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
    /// What holds for this user at this application.
    pub(in crate::provider) second_factor: SecondFactorRule,
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
    let access = input.session.map(|session| {
        (
            session,
            access::decide(&session.user, input.application, session.is_assigned),
        )
    });
    let session = match access {
        Some((session, AccessDecision::Allowed)) => Some(session),
        Some((_, AccessDecision::ApplicationDisabled)) => {
            return GateDecision::Refused(GateRefusal::ApplicationDisabled);
        }
        Some((_, AccessDecision::NotAssigned)) => return GateDecision::Refused(GateRefusal::NotAssigned),
        // A disabled user is signed in nowhere.
        Some((_, AccessDecision::UserDisabled)) | None => None,
    };
    let named_class = |proved: &AuthenticationEvents| named_class_of(input.application, asked, proved);
    let proved_now = session.map(|session| &session.session.authentications);
    let is_possible = can_satisfy(input, &named_class) || proved_now.and_then(named_class).is_some();
    if !is_possible && !asked.authn_context_is_voluntary {
        return GateDecision::Refused(GateRefusal::AuthnContext);
    }
    // A preference that nobody here can satisfy is dropped (OpenID Connect Core, 5.5.1.1).
    let without_preference = SignInRequirements::default();
    // Nor is one that only a page could satisfy, where none may be shown.
    let is_silent = asked.is_passive && asked.authn_context_is_voluntary;
    let is_kept = is_possible && !(is_silent && proved_now.and_then(named_class).is_none());
    let asked_of_class = if is_kept { asked } else { &without_preference };
    let named_class =
        |proved: &AuthenticationEvents| named_class_of(input.application, asked_of_class, proved);
    let Some(session) = session else {
        return GateDecision::SignIn {
            reauthenticate: false,
        };
    };
    let mut proved = Cow::Borrowed(&session.session.authentications);
    if asked.force_authn {
        // What was proved before does not count, be it the password or another factor (saml-core, 3.4.1).
        proved = Cow::Owned(proved.since(input.pending.created_at));
        if !input.is_resumed || proved.first_factor_at().is_none() {
            return GateDecision::SignIn { reauthenticate: true };
        }
    }
    let proved = &*proved;
    if let Some(max_age) = asked.max_age
        && proved
            .first_factor_at()
            .is_none_or(|at| input.now - at > max_age.max(since_request(input)))
    {
        return GateDecision::SignIn { reauthenticate: true };
    }
    if !input.is_subject {
        return GateDecision::Refused(GateRefusal::OtherSubject);
    }
    if input.second_factor == SecondFactorRule::Required && !proved.has_second_factor() {
        return GateDecision::SecondFactor;
    }
    let class = named_class(proved);
    match class.and_then(|class| Some((class, authn_context::proved_at(class, proved)?))) {
        Some((class, at)) => {
            // Whoever asks for a fresh sign-in is told of that, and not of an older second factor.
            let fresh = asked.max_age.and_then(|_asked| proved.first_factor_at());
            GateDecision::Respond(Authenticated {
                class,
                at: fresh.unwrap_or(at),
            })
        }
        None if named_class(&after_sign_in(input.now)).is_none() => GateDecision::SecondFactor,
        None => GateDecision::SignIn { reauthenticate: true },
    }
}

/// How long ago the request was received, if the browser has come back with it: a sign-in since then is as fresh as any
/// can be.
fn since_request(input: &GateInput<'_>) -> TimeDelta {
    if input.is_resumed {
        input.now - input.pending.created_at
    } else {
        TimeDelta::zero()
    }
}

/// Whether what a user can prove here satisfies the request: a password, and a second factor unless it is not used.
fn can_satisfy(
    input: &GateInput<'_>,
    named_class: &impl Fn(&AuthenticationEvents) -> Option<AuthnContextClass>,
) -> bool {
    let mut proved = after_sign_in(input.now);
    if named_class(&proved).is_some() {
        return true;
    }
    proved.record(AuthenticationEvent {
        method: AuthenticationMethod::OneTimePassword,
        at: input.now,
        credential: None,
    });
    input.second_factor != SecondFactorRule::Never && named_class(&proved).is_some()
}

/// Whether a passkey alone is what the request asks for.
pub(in crate::provider) fn can_begin_with_passkey(
    application: &Application,
    asked: &SignInRequirements,
    now: DateTime<Utc>,
) -> bool {
    let passkey = AuthenticationEvents::new(AuthenticationEvent {
        method: AuthenticationMethod::HardwareKey,
        at: now,
        credential: None,
    });
    named_class_of(application, asked, &passkey).is_some()
}

fn after_sign_in(now: DateTime<Utc>) -> AuthenticationEvents {
    AuthenticationEvents::new(AuthenticationEvent::password(now))
}

/// The class that an answer names; `None` if what was proved does not satisfy the request.
fn named_class_of(
    application: &Application,
    asked: &SignInRequirements,
    proved: &AuthenticationEvents,
) -> Option<AuthnContextClass> {
    match &asked.authn_context {
        None => authn_context::default_class(proved, application.default_class()),
        Some(requested) => requested.satisfied_class(proved),
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;
    use crate::model::{
        application::{
            ApplicationAccess, ApplicationKind, Client, ClientId, EntityId, Protocol, ServiceProvider, Slug,
            SpUrl,
        },
        authn_context::{Comparison, RequestedAuthnContext},
        id::{ApplicationId, SessionId, UserId},
        name_id::NameIdFormat,
        secret::Secret,
        session::Session,
        sign_in::{Payload, SamlPayload},
        user::{Email, NameComponent, NameComponents, Preferences, StableId, User},
    };

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn application(protocol: Protocol, enabled: bool) -> Application {
        Application {
            id: ApplicationId::new(at(0), [1; 10]),
            slug: Slug::parse("wiki").unwrap(),
            name: "Wiki".to_owned(),
            kind: ApplicationKind::Other,
            enabled,
            access: ApplicationAccess::Everyone,
            second_factor: None,
            tile_url: None,
            protocol,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        }
    }

    fn session(enabled: bool, signed_in_at: DateTime<Utc>) -> ActiveSession {
        let name = NameComponent::parse("the name", "Ada").unwrap();
        let user = User {
            id: UserId::new(at(0), [2; 10]),
            stable_id: StableId::parse("ada").unwrap(),
            email: Email::parse("ada@x.example").unwrap(),
            names: NameComponents::new(Some(name), None).unwrap(),
            user_name: None,
            enabled,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
            external_id: None,
            deleted_at: None,
            role: None,
            preferences: Preferences::default(),
        };
        ActiveSession {
            session: Session {
                id: SessionId::new(at(0), [3; 10]),
                user: user.id,
                seed: Secret::new([4; 32]),
                authentications: AuthenticationEvents::new(AuthenticationEvent::password(signed_in_at)),
                last_seen_at: signed_in_at,
                idle_expires_at: at(600),
                expires_at: at(600),
            },
            user,
            identity: None,
            participant: None,
            is_assigned: false,
        }
    }

    fn pending(force_authn: bool, authn_context: Option<RequestedAuthnContext>) -> PendingSignIn {
        PendingSignIn {
            application: ApplicationId::new(at(0), [1; 10]),
            payload: Payload::Saml(SamlPayload {
                request_id: None,
                acs_digest: [0; 32],
                relay_state: None,
                name_id_format: NameIdFormat::EmailAddress,
                unchecked_signature: false,
            }),
            requirements: SignInRequirements {
                force_authn,
                authn_context,
                ..SignInRequirements::default()
            },
            created_at: at(10),
        }
    }

    /// What the gate decides of every combination of enabled, user, session, freshness, subject and context.
    fn decisions(protocol: &Protocol) -> Vec<GateDecision> {
        let exact = |class| Some(RequestedAuthnContext::new(Comparison::Exact, [class]));
        let contexts = [
            None,
            exact(AuthnContextClass::PasswordProtectedTransport),
            exact(AuthnContextClass::X509),
        ];
        let sessions: Vec<_> = [(true, 5), (true, 15), (false, 15)]
            .map(|(enabled, minute)| Some(session(enabled, at(minute))))
            .into_iter()
            .chain(iter::once(None))
            .collect();
        let mut decided = Vec::new();
        for flags in 0..16_u8 {
            let [enabled, force_authn, is_resumed, is_subject] = [1, 2, 4, 8].map(|flag| flags & flag != 0);
            let application = application(protocol.clone(), enabled);
            for context in &contexts {
                let pending = pending(force_authn, context.clone());
                decided.extend(sessions.iter().map(|session| {
                    decide(&GateInput {
                        application: &application,
                        pending: &pending,
                        is_resumed,
                        session: session.as_ref(),
                        is_subject,
                        second_factor: SecondFactorRule::Offered,
                        now: at(20),
                    })
                }));
            }
        }
        decided
    }

    #[test]
    fn the_gate_decides_the_same_whatever_the_protocol() {
        let entity_id = EntityId::parse("https://wiki.example/saml").unwrap();
        let saml = decisions(&ServiceProvider::with_defaults(entity_id, Vec::new()).into());
        let client = Client::with_defaults(
            ClientId::parse("wiki").unwrap(),
            vec![SpUrl::parse("https://wiki.example/callback").unwrap()],
        );
        let oidc = decisions(&client.into());
        assert_eq!(oidc, saml);
        let authenticated = Authenticated {
            class: AuthnContextClass::PasswordProtectedTransport,
            at: at(15),
        };
        for expected in [
            GateDecision::Respond(authenticated),
            GateDecision::SignIn { reauthenticate: true },
            GateDecision::SignIn {
                reauthenticate: false,
            },
            GateDecision::Refused(GateRefusal::ApplicationDisabled),
            GateDecision::Refused(GateRefusal::OtherSubject),
            GateDecision::Refused(GateRefusal::AuthnContext),
        ] {
            assert!(oidc.contains(&expected), "{expected:?}");
        }
    }
}
