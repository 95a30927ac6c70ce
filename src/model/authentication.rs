//! What the user of a session has proved, and when.

use chrono::{DateTime, Utc};

/// How a user authenticated, by its name in RFC 8176 (`amr`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthenticationMethod {
    /// `pwd`
    Password,
    /// `otp`
    OneTimePassword,
    /// `hwk`: a passkey
    HardwareKey,
    /// No proof by itself: a second factor was given on this device before, and is not asked for again for a while. It
    /// has no name in RFC 8176.
    RememberedDevice,
    /// A method that only a newer version knows: it proves nothing here.
    Unknown,
}

impl AuthenticationMethod {
    const KNOWN: [Self; 4] = [
        Self::Password,
        Self::OneTimePassword,
        Self::HardwareKey,
        Self::RememberedDevice,
    ];

    /// Its value in `amr`, and in the database.
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimePassword => "otp",
            Self::HardwareKey => "hwk",
            Self::RememberedDevice => "device",
            Self::Unknown => "unknown",
        }
    }

    pub fn from_amr(name: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|method| method.amr() == name);
        known.unwrap_or(Self::Unknown)
    }

    /// Whether it proves something besides what a password proves: with a password, two factors.
    pub const fn is_second_factor(self) -> bool {
        match self {
            Self::Password | Self::RememberedDevice | Self::Unknown => false,
            Self::OneTimePassword | Self::HardwareKey => true,
        }
    }

    /// Whether a sign-in can begin with it. Authenticators that do not verify their user are refused, so a passkey
    /// proves two factors by itself.
    pub const fn is_first_factor(self) -> bool {
        match self {
            Self::Password | Self::HardwareKey => true,
            Self::OneTimePassword | Self::RememberedDevice | Self::Unknown => false,
        }
    }
}

/// One proof of who the user is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthenticationEvent {
    pub method: AuthenticationMethod,
    pub at: DateTime<Utc>,
    /// The ID of the credential, if the user may have several of this kind: no space and no `:`.
    pub credential: Option<String>,
}

impl AuthenticationEvent {
    /// Stands for the credential where a recovery code was used: each of them works once.
    pub const RECOVERY_CODE: &'static str = "recovery-code";

    pub const fn password(at: DateTime<Utc>) -> Self {
        Self {
            method: AuthenticationMethod::Password,
            at,
            credential: None,
        }
    }
}

/// The authentication events of a session, of each credential the last one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthenticationEvents(Vec<AuthenticationEvent>);

impl AuthenticationEvents {
    /// A session that begins with `event`.
    pub fn new(event: AuthenticationEvent) -> Self {
        Self(vec![event])
    }

    /// Adds an event; the earlier one of the same credential no longer counts.
    pub fn record(&mut self, event: AuthenticationEvent) {
        self.0
            .retain(|known| (known.method, &known.credential) != (event.method, &event.credential));
        self.0.push(event);
    }

    /// When the user last proved anything.
    pub fn last_at(&self) -> Option<DateTime<Utc>> {
        self.last_of(|_any| true)
    }

    /// When the user last proved what a sign-in begins with.
    pub fn first_factor_at(&self) -> Option<DateTime<Utc>> {
        self.last_of(|event| event.method.is_first_factor())
    }

    /// When the user last proved a second factor.
    pub fn second_factor_at(&self) -> Option<DateTime<Utc>> {
        self.last_of(|event| event.method.is_second_factor())
    }

    fn last_of(&self, is_of_kind: impl Fn(&AuthenticationEvent) -> bool) -> Option<DateTime<Utc>> {
        let events = self.0.iter().filter(|event| is_of_kind(event));
        events.map(|event| event.at).max()
    }

    pub fn iter(&self) -> impl Iterator<Item = &AuthenticationEvent> {
        self.0.iter()
    }

    /// When a time-based one-time password was last proved, which a recovery code is not.
    pub fn totp_at(&self) -> Option<DateTime<Utc>> {
        self.last_of(|event| {
            event.method == AuthenticationMethod::OneTimePassword
                && event.credential.as_deref() != Some(AuthenticationEvent::RECOVERY_CODE)
        })
    }

    /// Whether a second factor was proved, or need not be on this device.
    pub fn has_second_factor(&self) -> bool {
        self.is_multi_factor() || self.includes(AuthenticationMethod::RememberedDevice)
    }

    pub fn includes(&self, method: AuthenticationMethod) -> bool {
        self.0.iter().any(|event| event.method == method)
    }

    /// How the user authenticated, in the order of it.
    pub fn methods(&self) -> impl Iterator<Item = AuthenticationMethod> {
        self.0.iter().map(|event| event.method)
    }

    /// Whether a password and something else were proved, or a passkey, which is both.
    pub fn is_multi_factor(&self) -> bool {
        self.0.iter().any(|event| event.method.is_first_factor())
            && self.0.iter().any(|event| event.method.is_second_factor())
    }

    /// What was proved at `since` or later.
    #[must_use]
    pub fn since(&self, since: DateTime<Utc>) -> Self {
        let events = self.0.iter().filter(|event| event.at >= since);
        Self(events.cloned().collect())
    }

    /// What was proved, by names, in the order in which it was.
    pub fn describe(&self) -> String {
        let name = |event: &AuthenticationEvent| match event.credential.as_deref() {
            Some(AuthenticationEvent::RECOVERY_CODE) => AuthenticationEvent::RECOVERY_CODE,
            Some(_) | None => event.method.amr(),
        };
        self.0.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// As the database keeps them: `METHOD:MICROSECONDS` or `METHOD:MICROSECONDS:CREDENTIAL`, with spaces between.
    pub fn to_text(&self) -> String {
        let events = self.0.iter().map(|event| {
            let (method, micros) = (event.method.amr(), event.at.timestamp_micros());
            match &event.credential {
                None => format!("{method}:{micros}"),
                Some(credential) => format!("{method}:{micros}:{credential}"),
            }
        });
        events.collect::<Vec<_>>().join(" ")
    }

    /// Parses what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut events = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let mut parts = word.splitn(3, ':');
            let (method, micros, credential) = (parts.next()?, parts.next()?, parts.next());
            let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            events.push(AuthenticationEvent {
                method: AuthenticationMethod::from_amr(method),
                at,
                credential: credential.map(str::to_owned),
            });
        }
        Some(Self(events))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = AuthenticationEvent> {
        (
            0..4_usize,
            0..4_000_000_000_000_000_i64,
            proptest::option::of("[A-Z0-9]{1,26}"),
        )
            .prop_map(|(method, micros, credential)| AuthenticationEvent {
                method: AuthenticationMethod::KNOWN[method],
                at: DateTime::from_timestamp_micros(micros).unwrap(),
                credential,
            })
    }

    proptest! {
        #[test]
        fn events_round_trip(all in proptest::collection::vec(event(), 0..5)) {
            let mut events = AuthenticationEvents::default();
            for event in all {
                events.record(event);
            }
            prop_assert_eq!(AuthenticationEvents::from_text(&events.to_text()), Some(events));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            let _ = AuthenticationEvents::from_text(&text);
        }
    }

    #[test]
    fn the_last_event_of_each_credential_counts() {
        let noon = DateTime::from_timestamp_micros(1_800_000_000_000_000).unwrap();
        let later = noon + TimeDelta::minutes(5);
        let mut events = AuthenticationEvents::new(AuthenticationEvent::password(noon));
        assert!(!events.is_multi_factor(), "{events:?}");
        events.record(AuthenticationEvent::password(later));
        assert_eq!(
            events,
            AuthenticationEvents::new(AuthenticationEvent::password(later))
        );
        events.record(AuthenticationEvent {
            method: AuthenticationMethod::OneTimePassword,
            at: noon,
            credential: Some("A".to_owned()),
        });
        assert!(events.is_multi_factor(), "{events:?}");
        assert_eq!(events.last_at(), Some(later));
        assert_eq!(events.to_text(), "pwd:1800000300000000 otp:1800000000000000:A");
    }

    #[test]
    fn a_passkey_alone_proves_two_factors_and_a_code_alone_none() {
        let noon = DateTime::from_timestamp_micros(1_800_000_000_000_000).unwrap();
        let event = |method| AuthenticationEvent {
            method,
            at: noon,
            credential: Some("A".to_owned()),
        };
        let passkey = AuthenticationEvents::new(event(AuthenticationMethod::HardwareKey));
        assert!(passkey.is_multi_factor() && passkey.has_second_factor());
        assert_eq!(passkey.first_factor_at(), Some(noon));
        assert_eq!(passkey.second_factor_at(), Some(noon));
        let code = AuthenticationEvents::new(event(AuthenticationMethod::OneTimePassword));
        assert!(!code.is_multi_factor() && !code.has_second_factor());
        assert_eq!(code.first_factor_at(), None);
    }

    #[test]
    fn an_event_of_an_unknown_method_proves_nothing() {
        let events = AuthenticationEvents::from_text("iris:1800000000000000").unwrap();
        assert!(
            AuthenticationMethod::KNOWN
                .iter()
                .all(|method| !events.includes(*method)),
            "{events:?}"
        );
        assert_eq!(events.last_at().unwrap().timestamp(), 1_800_000_000);
        for bad in ["pwd", "pwd:", "pwd:x", "pwd:99999999999999999999"] {
            assert_eq!(AuthenticationEvents::from_text(bad), None, "{bad}");
        }
    }
}
