//! Receiving an `AuthnRequest`: the Response is sent at once if the user is signed in; otherwise the request waits for
//! the sign-in.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, EntityId},
        sign_in::{Payload, PendingSignIn, SamlPayload, SignInRequirements},
        user::Email,
    },
    provider::{
        entry::{Entrance, Entry, Party},
        entry_refusal::EntryRefusal,
        error::Error,
        handle::Saml,
        look_up::LookedUp,
        refusal::RefusalContext,
        saml::{refusal::StatusTarget, request_details},
        sign_in::gate,
        snapshot::Snapshot,
        sso::SignInOutcome,
        visitor::Visitor,
    },
    saml::{
        authn_request::{self, AuthnRequest, ValidRequest, ValidationContext},
        binding::{inbound::MessageKind, raw_message::RawMessage},
        refusal::Refusal,
        signature::{Unverified, VerificationOutcome},
    },
};

impl Saml<'_> {
    /// Processes a message that arrived at the SSO URL.
    pub fn receive_authn_request(
        &self,
        raw_message: &RawMessage,
        visitor: &Visitor,
    ) -> Result<SignInOutcome, Error> {
        let (request, carried) = match read(raw_message) {
            Ok(read) => read,
            Err(refusal) => {
                return self.sign_in().refused(
                    &refusal,
                    &RefusalContext::sso(None, request_details::from_unread(raw_message), visitor),
                );
            }
        };
        let facts = request_details::from_authn_request(&request);
        let LookedUp {
            snapshot,
            application,
            active_session,
        } = self.look_up(visitor.session.as_ref(), |snapshot| {
            find_requester(snapshot, request.unverified())
        })?;
        let application = match &application {
            Ok(application) => application.as_saml().ok_or(Refusal::UnknownIssuer),
            Err(refusal) => Err(refusal.clone()),
        };
        let application = match application {
            Ok(application) => application,
            Err(refusal) => {
                let refusal = self.unless_imported(refusal, &request.unverified().issuer)?;
                return self
                    .sign_in()
                    .refused(&refusal, &RefusalContext::sso(None, facts, visitor));
            }
        };
        let mut context = RefusalContext::sso(Some(application.application), facts, visitor);
        // Before the costly signature check; the gate asks the same again.
        if let Err(refusal) = gate::check_application(application.application, self.now()) {
            return self
                .sign_in()
                .refused(&EntryRefusal::Gate(refusal).into(), &context);
        }
        let outcome = match request.verify(&application.sp.signing_certificates) {
            Ok(outcome) => outcome,
            Err(refusal) => {
                return self.sign_in().refused(
                    &refusal,
                    &context
                        .with_tried_certificates(&refusal)
                        .with_embedded_certificates(raw_message),
                );
            }
        };
        let validation_context = ValidationContext {
            sp: application.sp,
            formats: application.application.name_id_formats(),
            entity_id: &snapshot.installation.entity_id,
            sso: &self.endpoints().sso,
            policy: &self.policy(),
            now: self.now(),
        };
        context.is_signed = matches!(outcome, VerificationOutcome::Signed(_));
        match authn_request::validate(outcome, &validation_context) {
            Ok(valid_request) => {
                let entry = Entry {
                    snapshot: &snapshot,
                    party: Party::Saml(application),
                    pending: self.pending_sign_in(application.application, valid_request, carried),
                    entrance: Entrance::Request,
                    context: context.validated(),
                };
                self.sign_in().enter(&entry, active_session)
            }
            Err(refused) => match refused.acs {
                None => self.sign_in().refused(&refused.refusal, &context),
                Some(acs) => {
                    let told = StatusTarget {
                        request_id: &refused.request_id,
                        acs: &acs,
                        relay_state: carried.relay_state,
                    };
                    Ok(self
                        .respond_with_status(&snapshot, application, told, &refused.refusal, &context)?
                        .into())
                }
            },
        }
    }

    fn pending_sign_in(
        &self,
        application: &Application,
        request: ValidRequest,
        carried: CarriedParameters,
    ) -> PendingSignIn {
        PendingSignIn {
            application: application.id,
            payload: Payload::Saml(SamlPayload {
                request_id: Some(request.request_id),
                acs_digest: request.acs.digest(),
                relay_state: carried.relay_state,
                name_id_format: request.name_id_format,
                unchecked_signature: request.unchecked_signature,
            }),
            requirements: SignInRequirements {
                force_authn: request.force_authn,
                is_passive: request.is_passive,
                subject: request.subject,
                authn_context: request.authn_context,
                login_hint: carried.login_hint.map(|email| email.as_str().to_owned()),
                ..SignInRequirements::default()
            },
            created_at: self.now(),
        }
    }

    /// An issuer that is not registered may be an imported entity that an administrator has to enable. This query is
    /// made only here, so that no other request pays for it.
    fn unless_imported(&self, refusal: Refusal, issuer: &EntityId) -> Result<Refusal, Error> {
        if refusal == Refusal::UnknownIssuer && self.store().read(|tx| tx.is_imported_entity(issuer))? {
            return Ok(Refusal::ImportedEntityNotEnabled);
        }
        Ok(refusal)
    }
}

/// The parameters that came with a request.
#[derive(Clone, Debug)]
struct CarriedParameters {
    relay_state: Option<String>,
    login_hint: Option<Email>,
}

fn read(raw_message: &RawMessage) -> Result<(Unverified<AuthnRequest>, CarriedParameters), Refusal> {
    let mut inbound = raw_message.decode()?;
    if inbound.kind == MessageKind::Response {
        return Err(Refusal::Malformed("a response where a request belongs"));
    }
    let beside = CarriedParameters {
        relay_state: inbound.relay_state.take(),
        login_hint: inbound.login_hint.take(),
    };
    Ok((authn_request::read(&inbound)?, beside))
}

/// The requesting application: by entity ID, and if several share one, by ACS URL.
fn find_requester(snapshot: &Snapshot, request: &AuthnRequest) -> Result<Arc<Application>, Refusal> {
    match snapshot.by_entity_id(&request.issuer).as_slice() {
        [] => Err(Refusal::UnknownIssuer),
        [only] => Ok(Arc::clone(only)),
        several => {
            let Some(asked) = &request.acs_url else {
                return Err(Refusal::AmbiguousIssuer);
            };
            let mut matching = several
                .iter()
                .filter(|one| one.saml().is_some_and(|sp| sp.acs_by_url(asked).is_some()));
            match (matching.next(), matching.next()) {
                (Some(only), None) => Ok(Arc::clone(only)),
                (None, _) => Err(Refusal::UnknownAcs),
                (Some(_), Some(_)) => Err(Refusal::AmbiguousIssuer),
            }
        }
    }
}
