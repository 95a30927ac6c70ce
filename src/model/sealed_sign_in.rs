//! How a sign-in in progress is written for the browser that keeps it.

use chrono::{DateTime, TimeDelta};

use crate::model::{
    authn_context::{AuthnContextClass, Comparison, RequestedAuthnContext},
    grant::Words,
    name_id::NameIdFormat,
    sign_in::{OidcPayload, Payload, PendingSignIn, ResponseMode, SamlPayload, SignInRequirements, Subject},
};

/// Stands where a sign-in by SAML has the ID of its application.
const OIDC_MARK: &[u8] = b"oidc";

impl PendingSignIn {
    /// Writes it as [`Self::from_bytes`] reads it: each field after its length, none as `0xFFFF`. It is short, since it
    /// is part of a URL in the browser.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.payload {
            Payload::Saml(saml) => self.saml_bytes(saml),
            Payload::Oidc(oidc) => self.oidc_bytes(oidc),
        }
    }

    fn saml_bytes(&self, saml: &SamlPayload) -> Vec<u8> {
        let requirements = &self.requirements;
        let flags = [u8::from(requirements.force_authn) | u8::from(requirements.is_passive) << 1];
        let subject = requirements.subject.as_ref();
        let context = requirements
            .authn_context
            .as_ref()
            .map(RequestedAuthnContext::to_text);
        joined(&[
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
        ])
    }

    fn oidc_bytes(&self, oidc: &OidcPayload) -> Vec<u8> {
        let requirements = &self.requirements;
        let flags = [u8::from(requirements.force_authn)
            | u8::from(requirements.is_passive) << 1
            | u8::from(requirements.authn_context_is_voluntary) << 2];
        let subject = requirements.subject.as_ref();
        let context = requirements
            .authn_context
            .as_ref()
            .map(RequestedAuthnContext::to_text);
        let max_age = requirements
            .max_age
            .map(|max_age| max_age.num_seconds().to_be_bytes());
        let words = [
            &oidc.scope,
            &oidc.resource,
            &oidc.id_token_claims,
            &oidc.userinfo_claims,
        ]
        .map(Words::to_string);
        let [scope, resource, id_token_claims, userinfo_claims] = &words;
        joined(&[
            Some(OIDC_MARK),
            Some(self.application.to_string().as_bytes()),
            Some(oidc.redirect_uri.as_bytes()),
            Some(oidc.response_mode.name().as_bytes()),
            oidc.state.as_deref().map(str::as_bytes),
            oidc.nonce.as_deref().map(str::as_bytes),
            oidc.code_challenge.as_deref().map(str::as_bytes),
            Some(scope.as_bytes()),
            Some(resource.as_bytes()),
            Some(id_token_claims.as_bytes()),
            Some(userinfo_claims.as_bytes()),
            Some(&flags[..]),
            subject.map(|subject| subject.format.name().as_bytes()),
            subject.map(|subject| subject.value.as_bytes()),
            context.as_deref().map(str::as_bytes),
            max_age.as_ref().map(|seconds| &seconds[..]),
            requirements.login_hint.as_deref().map(str::as_bytes),
            Some(&self.created_at.timestamp_micros().to_be_bytes()[..]),
        ])
    }

    /// Parses what [`Self::to_bytes`] wrote, here or in the version before, which kept the class of the answer in place
    /// of the requested context.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let first = fields.text()??;
        if first.as_bytes() == OIDC_MARK {
            return Self::from_oidc_fields(fields);
        }
        let application = first.parse().ok()?;
        let request_id = fields.text()?;
        let acs_digest = fields.next()??.try_into().ok()?;
        let relay_state = fields.text()?;
        let [flags] = fields.next()?? else { return None };
        let subject = fields.subject()?;
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
                ..SignInRequirements::default()
            },
            created_at: DateTime::from_timestamp_micros(micros)?,
        })
    }

    fn from_oidc_fields(mut fields: Fields<'_>) -> Option<Self> {
        let application = fields.text()??.parse().ok()?;
        let redirect_uri = fields.text()??;
        let response_mode = ResponseMode::from_name(&fields.text()??)?;
        let (state, nonce, code_challenge) = (fields.text()?, fields.text()?, fields.text()?);
        let mut words = || Some(Words::parse(&fields.text()??));
        let payload = OidcPayload {
            redirect_uri,
            response_mode,
            state,
            nonce,
            code_challenge,
            scope: words()?,
            resource: words()?,
            id_token_claims: words()?,
            userinfo_claims: words()?,
        };
        let [flags] = fields.next()?? else { return None };
        let subject = fields.subject()?;
        let authn_context = match fields.text()? {
            None => None,
            Some(context) => Some(RequestedAuthnContext::from_text(&context)?),
        };
        let max_age = match fields.next()? {
            None => None,
            Some(seconds) => Some(TimeDelta::try_seconds(i64::from_be_bytes(
                seconds.try_into().ok()?,
            ))?),
        };
        let login_hint = fields.text()?;
        let micros = i64::from_be_bytes(fields.next()??.try_into().ok()?);
        fields.0.is_empty().then_some(Self {
            application,
            payload: Payload::Oidc(payload),
            requirements: SignInRequirements {
                force_authn: flags & 1 != 0,
                is_passive: flags & 2 != 0,
                authn_context_is_voluntary: flags & 4 != 0,
                subject,
                authn_context,
                max_age,
                login_hint,
            },
            created_at: DateTime::from_timestamp_micros(micros)?,
        })
    }
}

/// Each field after its length, none as `0xFFFF`.
fn joined(fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    for field in fields {
        // Longer values were refused before.
        let length = field.map(|field| u16::try_from(field.len()).unwrap_or(u16::MAX));
        bytes.extend(length.unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(field.unwrap_or_default());
    }
    bytes
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

    /// The format of a subject and its value, or two fields that are none.
    #[expect(clippy::option_option, reason = "as for `next`")]
    fn subject(&mut self) -> Option<Option<Subject>> {
        match (self.text()?, self.text()?) {
            (Some(name), Some(value)) => Some(Some(Subject {
                format: NameIdFormat::from_name(&name)?,
                value,
            })),
            (None, None) => Some(None),
            (Some(_), None) | (None, Some(_)) => None,
        }
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
    use crate::model::id::ApplicationId;

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
                ..SignInRequirements::default()
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
        fn a_sign_in_by_openid_connect_round_trips(
            texts: [Option<String>; 3],
            max_age: Option<u32>,
            flags: (bool, bool, bool),
        ) {
            let [state, nonce, login_hint] = texts;
            let mut pending = pending([const { None }; 4], (flags.0, flags.1), 7);
            pending.payload = Payload::Oidc(OidcPayload {
                redirect_uri: "https://rp.example/cb".to_owned(),
                response_mode: ResponseMode::FormPost,
                state,
                nonce,
                code_challenge: flags.2.then(|| "x".repeat(43)),
                scope: Words::parse("openid email"),
                resource: Words::default(),
                id_token_claims: Words::parse("email"),
                userinfo_claims: Words::default(),
            });
            pending.requirements.authn_context_is_voluntary = flags.2;
            pending.requirements.max_age = max_age.map(|age| TimeDelta::seconds(age.into()));
            pending.requirements.login_hint = login_hint;
            let bytes = pending.to_bytes();
            prop_assert_eq!(PendingSignIn::from_bytes(&bytes), Some(pending));
            prop_assert_eq!(PendingSignIn::from_bytes(&[&bytes[..], b"x"].concat()), None);
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
