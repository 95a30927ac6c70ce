//! A sign-in in progress.

use chrono::{DateTime, Utc};

use crate::model::{id::ApplicationId, name_id::NameIdFormat};

/// The user whom a request is about (saml-core, 3.4.1.4): a name and its format.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    pub format: NameIdFormat,
    pub value: String,
}

/// A validated request that waits for its user to sign in. It is not stored here: the browser stores it, sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingSignIn {
    pub application: ApplicationId,
    /// The request's own `ID`, for `InResponseTo`.
    pub request_id: String,
    /// Where the response is sent: [`SpUrl::digest`](crate::model::application::SpUrl::digest) of an ACS URL that the
    /// application registered.
    pub acs_digest: [u8; 32],
    /// Opaque to us, returned unchanged.
    pub relay_state: Option<String>,
    /// The user must sign in again, after `created_at` (saml-core, 3.4.1, `ForceAuthn`).
    pub force_authn: bool,
    /// No page may be shown (saml-core, 3.4.1, `IsPassive`).
    pub is_passive: bool,
    /// The user must be this one (saml-core, 3.4.1.4).
    pub subject: Option<Subject>,
    pub name_id_format: NameIdFormat,
    /// The `AuthnContextClassRef` of the response.
    pub context_class: String,
    /// The e-mail address to prefill in the sign-in form.
    pub login_hint: Option<String>,
    /// When the request was received.
    pub created_at: DateTime<Utc>,
}

impl PendingSignIn {
    /// Writes it as [`PendingSignIn::from_bytes`] reads it: each field after its length, none as `0xFFFF`. It is
    /// short, since it is part of a URL in the browser.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flags = [u8::from(self.force_authn) | u8::from(self.is_passive) << 1];
        let subject = self.subject.as_ref();
        let mut bytes = Vec::with_capacity(512);
        for field in [
            Some(self.application.to_string().as_bytes()),
            Some(self.request_id.as_bytes()),
            Some(&self.acs_digest[..]),
            self.relay_state.as_deref().map(str::as_bytes),
            Some(&flags[..]),
            subject.map(|subject| subject.format.name().as_bytes()),
            subject.map(|subject| subject.value.as_bytes()),
            Some(self.name_id_format.name().as_bytes()),
            Some(self.context_class.as_bytes()),
            self.login_hint.as_deref().map(str::as_bytes),
            Some(&self.created_at.timestamp_micros().to_be_bytes()[..]),
        ] {
            // Longer values were refused before.
            let length = field.map(|field| u16::try_from(field.len()).unwrap_or(u16::MAX));
            bytes.extend(length.unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend(field.unwrap_or_default());
        }
        bytes
    }

    /// Parses what [`PendingSignIn::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let application = fields.text()??.parse().ok()?;
        let request_id = fields.text()??;
        let acs = fields.next()??.try_into().ok()?;
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
        let context_class = fields.text()??;
        let login_hint = fields.text()?;
        let micros = i64::from_be_bytes(fields.next()??.try_into().ok()?);
        fields.0.is_empty().then_some(Self {
            application,
            request_id,
            acs_digest: acs,
            relay_state,
            force_authn: flags & 1 != 0,
            is_passive: flags & 2 != 0,
            subject,
            name_id_format,
            context_class,
            login_hint,
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
            request_id: request_id.unwrap_or_default(),
            acs_digest: [9; 32],
            relay_state,
            force_authn: flags.0,
            is_passive: flags.1,
            subject: subject.map(|value| Subject {
                format: NameIdFormat::Persistent,
                value,
            }),
            name_id_format: NameIdFormat::Transient,
            context_class: "urn:x".to_owned(),
            login_hint,
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
}
