//! What an application would receive about a user, built by the same code as for every sign-in, for an administrator to
//! look at. It is no sign-in: only an audit event is stored, and no signature leaves this file.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, ApplicationAccess, EntityId, SamlApplication, SpUrl},
        attribute::NameFormat,
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationEvents},
        authn_context::AuthnContextClass,
        id::SessionId,
        name_id::{NameId, NameIdFormat},
        response_options::{ContentCipher, SignatureAlgorithm, SignedParts},
        secret::Secret,
        session::Session,
        use_case::UseCase,
        user::User,
    },
    provider::{
        audit::codes,
        error::Error,
        handle::Applications,
        saml::{
            response::{AssertedSubject, ResponseRequest},
            response_options::protection_without_encryption,
        },
        session::ActiveSession,
        sign_in::gate::Authenticated,
        snapshot::Snapshot,
    },
    saml::{attribute::Attribute, redact::redact_signatures, refusal::Refusal, response},
};

/// The `InResponseTo` of a preview: no request has this ID.
pub const IN_RESPONSE_TO: &str = "_preview";
/// Stands for a persistent NameID that the first sign-in will create.
pub const PLACEHOLDER_NAME_ID: &str = "made-at-the-first-sign-in";

/// What an application would receive about a user.
#[derive(Clone, Debug)]
pub struct Preview {
    pub application: Arc<Application>,
    pub user: User,
    /// Why a sign-in would be refused now.
    pub obstacles: Vec<Obstacle>,
    /// `None` if there is not enough to build one from.
    pub response: Option<PreviewedResponse>,
}

/// A reason for which a sign-in would be refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Obstacle {
    pub code: &'static str,
    pub message: String,
}

/// A Response and what it contains.
/// What the second implementation says of the signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verification {
    /// So many are valid.
    Verified(usize),
    /// One is not, or the shape is not ours.
    Failed(String),
    /// The feature `second-opinion` is off.
    NotInThisBuild,
}

#[derive(Clone, Debug)]
pub struct PreviewedResponse {
    pub acs: SpUrl,
    pub audience: EntityId,
    pub name_id: NameId,
    pub origin: NameIdOrigin,
    pub attributes: Vec<PreviewedAttribute>,
    /// How many signatures were verified, by another implementation than the one that signs; or why they were not.
    pub verified: Verification,
    /// The SHA-256 fingerprint of the certificate that they were verified with.
    pub certificate_sha256: String,
    pub signed_parts: SignedParts,
    pub signature_algorithm: SignatureAlgorithm,
    /// What the Assertion would be encrypted with; the preview shows it unencrypted.
    pub encryption: Option<ContentCipher>,
    /// The XML, without its signatures.
    pub xml: String,
}

/// Where a NameID comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameIdOrigin {
    /// It is the e-mail address.
    Email,
    /// It is an address that was pinned for the application.
    PinnedEmail,
    /// The application already knows the user by it.
    Existing,
    /// The first sign-in will create one: [`PLACEHOLDER_NAME_ID`] stands for it.
    AtFirstSignIn,
    /// Every session has another one; this one belongs to no session.
    PerSession,
}

/// An attribute as it would be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PreviewedAttribute {
    pub name: String,
    pub name_format: NameFormat,
    pub friendly_name: Option<String>,
    /// One or more.
    pub values: Vec<String>,
}

impl Applications<'_> {
    /// What `application` would receive about `user` after an AuthnRequest without special options. Recorded in the
    /// audit log.
    pub fn preview(&self, application: &Arc<Application>, user: &User) -> Result<Preview, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationPreview))?;
        let snapshot = self.fresh_snapshot()?;
        let active_session = self.synthetic_session(application, user)?;
        let mut obstacles = self.obstacles(application, user)?;
        let response = if let Some(saml) = application.as_saml() {
            self.previewed_response(&snapshot, saml, &active_session, &mut obstacles)?
        } else {
            obstacles.push(Refusal::UnknownIssuer.into());
            None
        };

        let mut event = self.event(AuditAction::ApplicationPreview, "ok", None);
        event.application = Some(application.id);
        event.user = Some(user.id);
        let codes: Vec<_> = obstacles.iter().map(|obstacle| obstacle.code).collect();
        event.detail = (!codes.is_empty()).then(|| format!("would be refused: {}", codes.join(", ")));
        self.store().write(|tx| tx.add_audit_event(&event))?;
        Ok(Preview {
            application: Arc::clone(application),
            user: user.clone(),
            obstacles,
            response,
        })
    }

    /// The obstacles that do not depend on attributes.
    fn obstacles(&self, application: &Application, user: &User) -> Result<Vec<Obstacle>, Error> {
        let mut found = Vec::new();
        let mut add_obstacle = |message: &str| {
            found.push(Obstacle {
                code: codes::LOGIN_WRONG,
                message: message.to_owned(),
            });
        };
        if user.deleted_at.is_some() {
            add_obstacle("the person is deleted");
        } else if !user.enabled {
            add_obstacle("the person is switched off");
        }
        if self.store().read(|tx| tx.stored_password(user.id))?.is_none() {
            add_obstacle("the person has no password");
        }
        if !application.enabled {
            found.push(Refusal::ApplicationDisabled.into());
        }
        if application.access == ApplicationAccess::Assigned
            && !self.store().read(|tx| tx.is_assigned(application.id, user.id))?
        {
            found.push(Refusal::NotAssigned.into());
        }
        if application.is_metadata_expired(self.now()) {
            found.push(Refusal::MetadataExpired.into());
        }
        Ok(found)
    }

    /// The Response, unless something is missing to build it from.
    fn previewed_response(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        active_session: &ActiveSession,
        obstacles: &mut Vec<Obstacle>,
    ) -> Result<Option<PreviewedResponse>, Error> {
        let attributes = match self.saml().released_attributes(application, active_session)? {
            Ok(attributes) => Some(attributes),
            Err(missing) => {
                obstacles.push(Refusal::MissingAttribute(missing.0.join(", ")).into());
                None
            }
        };
        let encryption = match self.saml().assertion_encryption(application) {
            Ok(envelope) => envelope.and(application.sp.response_options.encryption),
            Err(Error::Message(why @ response::Error::NoRecipient)) => {
                obstacles.push(Obstacle {
                    code: codes::FAILURE,
                    message: why.to_string(),
                });
                application.sp.response_options.encryption
            }
            Err(error) => return Err(error),
        };
        Ok(match (application.sp.default_acs(), &attributes) {
            (Some(acs), Some(attributes)) => {
                let preview =
                    self.preview_response(snapshot, application, acs, active_session, attributes)?;
                Some(PreviewedResponse {
                    encryption,
                    ..preview
                })
            }
            (None, _) => {
                obstacles.push(Refusal::UnknownAcs.into());
                None
            }
            (Some(_), None) => None,
        })
    }

    fn preview_response(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        acs: &SpUrl,
        active_session: &ActiveSession,
        attributes: &[Attribute<'_>],
    ) -> Result<PreviewedResponse, Error> {
        let format = application.sp.name_id_format;
        let name_id = self.saml().existing_name_id(
            snapshot,
            application,
            active_session,
            format,
            PLACEHOLDER_NAME_ID,
        )?;
        let origin = match format {
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified
                if *active_session.asserted_email() == active_session.user.email =>
            {
                NameIdOrigin::Email
            }
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified => NameIdOrigin::PinnedEmail,
            NameIdFormat::Transient => NameIdOrigin::PerSession,
            NameIdFormat::Persistent if name_id.value == PLACEHOLDER_NAME_ID => NameIdOrigin::AtFirstSignIn,
            NameIdFormat::Persistent => NameIdOrigin::Existing,
        };
        let response_request = ResponseRequest {
            application,
            request_id: Some(IN_RESPONSE_TO),
            acs,
            relay_state: None,
            name_id_format: format,
            authenticated: Authenticated {
                class: AuthnContextClass::PasswordProtectedTransport,
                at: self.now(),
            },
            unchecked_signature: false,
        };
        let session_index = active_session
            .session
            .session_index_for(application.application.id);
        let content = AssertedSubject {
            name_id: &name_id,
            session_index: &session_index,
            attributes,
        };
        let protection = protection_without_encryption(snapshot, application);
        let signed = self.saml().write_success_response(
            snapshot,
            &response_request,
            content,
            protection,
            self.now(),
        )?;
        let certificate = snapshot.signer.certificate();
        Ok(PreviewedResponse {
            acs: acs.clone(),
            audience: application.sp.audience.clone(),
            signed_parts: application.sp.response_options.signed_parts,
            signature_algorithm: application.sp.response_options.signature_algorithm,
            origin,
            attributes: attributes.iter().map(PreviewedAttribute::from).collect(),
            verified: verify(&signed, &certificate.der),
            certificate_sha256: certificate.sha256.clone(),
            encryption: None,
            xml: redact_signatures(&signed),
            name_id,
        })
    }

    /// A session that is not stored: what is derived from it belongs to no session.
    fn synthetic_session(&self, application: &Application, user: &User) -> Result<ActiveSession, Error> {
        let now = self.now();
        let identity = self
            .store()
            .read(|tx| tx.application_identity(application.id, user.id))?;
        Ok(ActiveSession {
            session: Session {
                id: SessionId::new(now, self.random()),
                user: user.id,
                seed: Secret::new(self.random()),
                authentications: AuthenticationEvents::new(AuthenticationEvent::password(now)),
                last_seen_at: now,
                idle_expires_at: self.idle_expiry(now),
                expires_at: now + self.policy().session_absolute,
            },
            user: user.clone(),
            identity,
            participant: None,
            is_assigned: true,
        })
    }
}

impl From<Refusal> for Obstacle {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code(),
            message: refusal.to_string(),
        }
    }
}

impl From<&Attribute<'_>> for PreviewedAttribute {
    fn from(attribute: &Attribute<'_>) -> Self {
        Self {
            name: attribute.name.to_owned(),
            name_format: attribute.name_format,
            friendly_name: attribute.friendly_name.map(str::to_owned),
            values: attribute.values.clone(),
        }
    }
}

#[cfg(feature = "second-opinion")]
fn verify(xml: &str, certificate: &[u8]) -> Verification {
    use crate::saml::second_opinion;

    if let Err(why) = second_opinion::precheck(xml) {
        return Verification::Failed(why.to_string());
    }
    match second_opinion::verify(xml, certificate) {
        Ok(signatures) => Verification::Verified(signatures),
        Err(why) => Verification::Failed(why.to_string()),
    }
}

#[cfg(not(feature = "second-opinion"))]
const fn verify(_xml: &str, _certificate: &[u8]) -> Verification {
    Verification::NotInThisBuild
}
