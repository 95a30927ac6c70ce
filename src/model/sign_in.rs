//! A sign-in in progress.

use chrono::{DateTime, Utc};

use crate::model::{
    authn_context::{AuthnContextClass, Comparison, RequestedAuthnContext},
    id::ApplicationId,
    name_id::NameIdFormat,
};

/// The user whom a request is about (saml-core, 3.4.1.4): a name and its format.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    pub format: NameIdFormat,
    pub value: String,
}

/// A sign-in to an application that is answered at once, or waits for its user: every entrance makes one, whatever the
/// protocol. While it waits it is not stored here: the browser keeps it, sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingSignIn {
    pub application: ApplicationId,
    pub payload: Payload,
    pub requirements: SignInRequirements,
    /// When the request was received.
    pub created_at: DateTime<Utc>,
}

/// What a response needs to know of its request, by protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Payload {
    Saml(SamlPayload),
}

/// What a SAML Response needs to know of its AuthnRequest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SamlPayload {
    /// The request's own `ID`, for `InResponseTo`; `None` for an unsolicited Response.
    pub request_id: Option<String>,
    /// Where the response is sent: [`SpUrl::digest`](crate::model::application::SpUrl::digest) of an ACS URL that the
    /// application registered.
    pub acs_digest: [u8; 32],
    /// Opaque to us, returned unchanged.
    pub relay_state: Option<String>,
    pub name_id_format: NameIdFormat,
    /// The request was signed, but no certificate is registered to verify it. Not sealed: it is recorded before the
    /// request waits.
    pub unchecked_signature: bool,
}

/// What is asked of the user.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SignInRequirements {
    /// The user must sign in again, after the request was received (saml-core, 3.4.1, `ForceAuthn`).
    pub force_authn: bool,
    /// No page may be shown (saml-core, 3.4.1, `IsPassive`).
    pub is_passive: bool,
    /// The user must be this one (saml-core, 3.4.1.4).
    pub subject: Option<Subject>,
    /// How the user must have authenticated (saml-core, 3.3.2.2.1).
    pub authn_context: Option<RequestedAuthnContext>,
    /// The e-mail address to prefill in the sign-in form.
    pub login_hint: Option<String>,
}

impl SignInRequirements {
    /// The e-mail address to prefill: that of the requested subject, or else the login hint.
    pub fn email(&self) -> Option<&str> {
        let subject = self.subject.as_ref().filter(|subject| match subject.format {
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified => true,
            NameIdFormat::Persistent | NameIdFormat::Transient => false,
        });
        let subject = subject.map(|subject| subject.value.as_str());
        subject.or(self.login_hint.as_deref())
    }
}

impl PendingSignIn {
    /// Writes it as [`Self::from_bytes`] reads it: each field after its length, none as `0xFFFF`. It is short, since it
    /// is part of a URL in the browser.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Payload::Saml(saml) = &self.payload;
        let requirements = &self.requirements;
        let flags = [u8::from(requirements.force_authn) | u8::from(requirements.is_passive) << 1];
        let subject = requirements.subject.as_ref();
        let context = requirements
            .authn_context
            .as_ref()
            .map(RequestedAuthnContext::to_text);
        let mut bytes = Vec::with_capacity(512);
        for field in [
            Some(self.application.to_string().as_bytes()),
            saml.request_id.as_deref().map(str::as_bytes),
            Some(&saml.acs_digest[..]),
            saml.relay_state.as_deref().map(str::as_bytes),
            Some(&flags[..]),
            subject.map(|subject| subject.format.name().as_bytes()),
            subject.map(|subject| subject.value.as_bytes()),
            Some(saml.name_id_format.name().as_bytes()),
            context.as_deref().map(str::as_bytes),
            requirements.login_hint.as_deref().map(str::as_bytes),
            Some(&self.created_at.timestamp_micros().to_be_bytes()[..]),
        ] {
            // Longer values were refused before.
            let length = field.map(|field| u16::try_from(field.len()).unwrap_or(u16::MAX));
            bytes.extend(length.unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(field.unwrap_or_default());
        }
        bytes
    }

    /// Parses what [`Self::to_bytes`] wrote, here or in the version before, which kept the class of the answer in place
    /// of the requested context.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let application = fields.text()??.parse().ok()?;
        let request_id = fields.text()?;
        let acs_digest = fields.next()??.try_into().ok()?;
        let relay_state = fields.text()?;
        let [flags] = fields.next()?? else { return None };
        let subject = match (fields.text()?, fields.text()?) {
            (Some(name), Some(value)) => Some(Subject {
                format: NameIdFormat::from_name(&name)?,
                value,
            }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let name_id_format = NameIdFormat::from_name(&fields.text()??)?;
        let authn_context = match fields.text()? {
            None => None,
            Some(class) if class.starts_with("urn:") => {
                let class = AuthnContextClass::from_uri(&class);
                Some(RequestedAuthnContext::new(Comparison::Exact, [class]))
            }
            Some(context) => Some(RequestedAuthnContext::from_text(&context)?),
        };
        let login_hint = fields.text()?;
        let micros = i64::from_be_bytes(fields.next()??.try_into().ok()?);
        fields.0.is_empty().then_some(Self {
            application,
            payload: Payload::Saml(SamlPayload {
                request_id,
                acs_digest,
                relay_state,
                name_id_format,
                unchecked_signature: false,
            }),
            requirements: SignInRequirements {
                force_authn: flags & 1 != 0,
                is_passive: flags & 2 != 0,
                subject,
                authn_context,
                login_hint,
            },
            created_at: DateTime::from_timestamp_micros(micros)?,
        })
    }
}

/// The remaining fields.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next field, which may be none; `None` if there is no next field.
    #[expect(
        clippy::option_option,
        reason = "no more fields is not the same as a field that is none"
    )]
    fn next(&mut self) -> Option<Option<&'a [u8]>> {
        let (length, rest) = self.0.split_first_chunk::<2>()?;
        let length = u16::from_be_bytes(*length);
        if length == u16::MAX {
            self.0 = rest;
            return Some(None);
        }
        let (field, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(Some(field))
    }

    #[expect(clippy::option_option, reason = "as for `next`")]
    fn text(&mut self) -> Option<Option<String>> {
        match self.next()? {
            None => Some(None),
            Some(bytes) => String::from_utf8(bytes.to_vec()).ok().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pending(texts: [Option<String>; 4], flags: (bool, bool), micros: i64) -> PendingSignIn {
        let [request_id, relay_state, subject, login_hint] = texts;
        PendingSignIn {
            application: ApplicationId::new(DateTime::UNIX_EPOCH, [7; 10]),
            payload: Payload::Saml(SamlPayload {
                request_id,
                acs_digest: [9; 32],
                relay_state,
                name_id_format: NameIdFormat::Transient,
                unchecked_signature: false,
            }),
            requirements: SignInRequirements {
                force_authn: flags.0,
                is_passive: flags.1,
                subject: subject.map(|value| Subject {
                    format: NameIdFormat::Persistent,
                    value,
                }),
                authn_context: flags.0.then(|| {
                    RequestedAuthnContext::new(
                        Comparison::Minimum,
                        [AuthnContextClass::X509, AuthnContextClass::Unknown],
                    )
                }),
                login_hint,
            },
            created_at: DateTime::from_timestamp_micros(micros).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn a_pending_sign_in_round_trips(
            texts: [Option<String>; 4],
            flags: (bool, bool),
            micros in 0..4_000_000_000_000_000_i64,
        ) {
            let pending = pending(texts, flags, micros);
            let bytes = pending.to_bytes();
            prop_assert_eq!(PendingSignIn::from_bytes(&bytes), Some(pending));
            prop_assert_eq!(PendingSignIn::from_bytes(&[&bytes[..], b"x"].concat()), None);
            prop_assert_eq!(PendingSignIn::from_bytes(&bytes[..bytes.len() - 1]), None);
        }

        #[test]
        fn anything_else_is_read_without_a_panic(bytes: Vec<u8>) {
            let _ = PendingSignIn::from_bytes(&bytes);
        }
    }

    #[test]
    fn the_sign_in_that_the_version_before_sealed_goes_on() {
        let now = pending([Some("_r1".to_owned()), None, None, None], (true, false), 7);
        let old_class = b"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        let bytes = now.to_bytes();
        let context = now.requirements.authn_context.as_ref().unwrap().to_text();
        let field = [
            &u16::try_from(context.len()).unwrap().to_be_bytes()[..],
            context.as_bytes(),
        ]
        .concat();
        let at = bytes
            .windows(field.len())
            .position(|window| window == field)
            .unwrap();
        let old_field = [
            &u16::try_from(old_class.len()).unwrap().to_be_bytes()[..],
            old_class,
        ]
        .concat();
        let old = [&bytes[..at], &old_field, &bytes[at + field.len()..]].concat();
        let read = PendingSignIn::from_bytes(&old).unwrap();
        assert_eq!(
            read.requirements.authn_context,
            Some(RequestedAuthnContext::new(
                Comparison::Exact,
                [AuthnContextClass::PasswordProtectedTransport]
            ))
        );
        assert_eq!((read.payload, read.created_at), (now.payload, now.created_at));
    }
}
