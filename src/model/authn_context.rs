//! Authentication context classes (saml-authn-context, 3.4), held against what a session's user has proved.

use chrono::{DateTime, Utc};

use crate::model::{
    authentication::{AuthenticationEvents, AuthenticationMethod},
    response_options::DefaultClass,
};

/// A class that requests may name, or that an answer names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthnContextClass {
    /// Says nothing, and is true of every sign-in (saml-authn-context, 3.4.25).
    Unspecified,
    InternetProtocol,
    InternetProtocolPassword,
    /// A password, whatever carries it: named only if it is asked for (saml-authn-context, 3.4.12).
    Password,
    PreviousSession,
    /// A password over a protected transport (saml-authn-context, 3.4.1).
    PasswordProtectedTransport,
    MobileTwoFactorContract,
    MobileTwoFactorUnregistered,
    Smartcard,
    SmartcardPki,
    SoftwarePki,
    TimeSyncToken,
    TlsClient,
    X509,
    /// Two factors of different kinds (REFEDS MFA profile).
    RefedsMfa,
    /// Any other: it is not known how strong it is.
    Unknown,
}

const PREFIX: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:";

impl AuthnContextClass {
    /// All but [`Self::Unknown`]: the position is its number in a sealed sign-in, so new ones go to the end.
    const KNOWN: [Self; 15] = [
        Self::Unspecified,
        Self::InternetProtocol,
        Self::InternetProtocolPassword,
        Self::Password,
        Self::PreviousSession,
        Self::PasswordProtectedTransport,
        Self::MobileTwoFactorContract,
        Self::MobileTwoFactorUnregistered,
        Self::Smartcard,
        Self::SmartcardPki,
        Self::SoftwarePki,
        Self::TimeSyncToken,
        Self::TlsClient,
        Self::X509,
        Self::RefedsMfa,
    ];

    /// The URI; empty for [`Self::Unknown`].
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Unspecified => "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
            Self::InternetProtocol => "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocol",
            Self::InternetProtocolPassword => {
                "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword"
            }
            Self::Password => "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            Self::PreviousSession => "urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession",
            Self::PasswordProtectedTransport => {
                "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
            }
            Self::MobileTwoFactorContract => "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
            Self::MobileTwoFactorUnregistered => {
                "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered"
            }
            Self::Smartcard => "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard",
            Self::SmartcardPki => "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
            Self::SoftwarePki => "urn:oasis:names:tc:SAML:2.0:ac:classes:SoftwarePKI",
            Self::TimeSyncToken => "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
            Self::TlsClient => "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient",
            Self::X509 => "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            Self::RefedsMfa => "https://refeds.org/profile/mfa",
            Self::Unknown => "",
        }
    }

    pub fn from_uri(uri: &str) -> Self {
        if !uri.starts_with(PREFIX) && uri != Self::RefedsMfa.uri() {
            return Self::Unknown;
        }
        let known = Self::KNOWN.into_iter().find(|class| class.uri() == uri);
        known.unwrap_or(Self::Unknown)
    }

    /// How strong it is beside the others.
    const fn strength(self) -> Option<u8> {
        match self {
            Self::Unspecified => Some(0),
            Self::InternetProtocol
            | Self::InternetProtocolPassword
            | Self::Password
            | Self::PreviousSession => Some(1),
            Self::PasswordProtectedTransport => Some(2),
            Self::MobileTwoFactorContract
            | Self::MobileTwoFactorUnregistered
            | Self::Smartcard
            | Self::SmartcardPki
            | Self::SoftwarePki
            | Self::TimeSyncToken
            | Self::TlsClient
            | Self::X509
            | Self::RefedsMfa => Some(3),
            Self::Unknown => None,
        }
    }
}

/// How the classes of a request are meant (saml-core, 3.3.2.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// One of them.
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as can be, and not stronger than one of them.
    Maximum,
    /// Stronger than any of them.
    Better,
}

impl Comparison {
    /// The position is its number in a sealed sign-in.
    const ALL: [Self; 4] = [Self::Exact, Self::Minimum, Self::Maximum, Self::Better];
}

/// The authentication that a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedAuthnContext {
    comparison: Comparison,
    /// In the order of preference, each once.
    classes: Vec<AuthnContextClass>,
}

impl RequestedAuthnContext {
    /// `classes` are in the order of preference.
    pub fn new(comparison: Comparison, classes: impl IntoIterator<Item = AuthnContextClass>) -> Self {
        let mut distinct = Vec::new();
        for class in classes {
            if !distinct.contains(&class) {
                distinct.push(class);
            }
        }
        Self {
            comparison,
            classes: distinct,
        }
    }

    /// The class to name in the answer; `None` if what was proved is not what is asked for (`NoAuthnContext`).
    pub fn satisfied_class(&self, proved: &AuthenticationEvents) -> Option<AuthnContextClass> {
        if self.comparison == Comparison::Exact {
            // A password over TLS is a password: a service provider that asks for exactly that receives that class.
            let position = |class| self.classes.iter().position(|requested| *requested == class);
            return exact_classes(proved)
                .filter_map(|class| Some((position(class)?, class)))
                .min_by_key(|(position, _class)| *position)
                .map(|(_position, class)| class);
        }
        let mut candidates = classes_by_strength(proved);
        match self.comparison {
            Comparison::Exact => None,
            Comparison::Minimum => {
                candidates.find(|class| self.any(|requested| requested <= class.strength()))
            }
            Comparison::Maximum => candidates
                .filter(|class| self.any(|requested| requested >= class.strength()))
                .last(),
            Comparison::Better => candidates.find(|class| {
                !self.classes.is_empty()
                    && self.classes.iter().all(|requested| {
                        requested.strength().is_some() && requested.strength() < class.strength()
                    })
            }),
        }
    }

    /// Whether a class of known strength matches.
    fn any(&self, is_match: impl Fn(Option<u8>) -> bool) -> bool {
        self.classes
            .iter()
            .map(|class| class.strength())
            .any(|strength| strength.is_some() && is_match(strength))
    }

    /// As stored in a sealed sign-in: a digit for the comparison, a letter for each class.
    pub fn to_text(&self) -> String {
        let comparison = Comparison::ALL
            .iter()
            .position(|comparison| *comparison == self.comparison);
        let letters = self.classes.iter().map(|class| {
            let known = AuthnContextClass::KNOWN.iter().position(|known| known == class);
            letter(known.unwrap_or(AuthnContextClass::KNOWN.len()))
        });
        format!(
            "{}{}",
            comparison.unwrap_or_default(),
            letters.collect::<String>()
        )
    }

    /// Parses what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        let comparison = characters.next()?.to_digit(10)?;
        let comparison = *Comparison::ALL.get(usize::try_from(comparison).ok()?)?;
        let class = |found: char| {
            (0..=AuthnContextClass::KNOWN.len())
                .find(|number| letter(*number) == found)
                .map(|number| {
                    let known = AuthnContextClass::KNOWN.get(number);
                    known.copied().unwrap_or(AuthnContextClass::Unknown)
                })
        };
        let classes = characters.map(class).collect::<Option<Vec<_>>>()?;
        Some(Self::new(comparison, classes))
    }
}

fn letter(number: usize) -> char {
    u8::try_from(number).map_or('~', |number| char::from(b'a'.saturating_add(number)))
}

/// The class of an answer whose request asks for none; `None` if nothing was proved.
pub fn default_class(proved: &AuthenticationEvents, default: DefaultClass) -> Option<AuthnContextClass> {
    let mut classes = classes_by_strength(proved);
    match default {
        DefaultClass::Proven => classes.last(),
        DefaultClass::Password if proved.includes(AuthenticationMethod::Password) => classes.next(),
        // Without a password, what is true and says nothing: the application knows no other class.
        DefaultClass::Password => classes.next().map(|_known| AuthnContextClass::Unspecified),
    }
}

/// When what `class` names was proved: `AuthnInstant`, `auth_time`.
pub fn proved_at(class: AuthnContextClass, proved: &AuthenticationEvents) -> Option<DateTime<Utc>> {
    match class {
        AuthnContextClass::RefedsMfa => proved.second_factor_at(),
        AuthnContextClass::TimeSyncToken => proved.totp_at(),
        AuthnContextClass::Unspecified
        | AuthnContextClass::InternetProtocol
        | AuthnContextClass::InternetProtocolPassword
        | AuthnContextClass::Password
        | AuthnContextClass::PreviousSession
        | AuthnContextClass::PasswordProtectedTransport
        | AuthnContextClass::MobileTwoFactorContract
        | AuthnContextClass::MobileTwoFactorUnregistered
        | AuthnContextClass::Smartcard
        | AuthnContextClass::SmartcardPki
        | AuthnContextClass::SoftwarePki
        | AuthnContextClass::TlsClient
        | AuthnContextClass::X509
        | AuthnContextClass::Unknown => proved.first_factor_at(),
    }
}

/// The classes that an answer names by itself, the weakest first.
fn classes_by_strength(proved: &AuthenticationEvents) -> impl Iterator<Item = AuthnContextClass> {
    let password = proved.includes(AuthenticationMethod::Password);
    let password = password.then_some(AuthnContextClass::PasswordProtectedTransport);
    let multi_factor = proved.is_multi_factor().then_some(AuthnContextClass::RefedsMfa);
    password.into_iter().chain(multi_factor)
}

/// The classes that are true of what was proved.
fn exact_classes(proved: &AuthenticationEvents) -> impl Iterator<Item = AuthnContextClass> {
    let password = proved.includes(AuthenticationMethod::Password);
    let password = password.then_some(AuthnContextClass::Password);
    let anything = proved.first_factor_at().map(|_at| AuthnContextClass::Unspecified);
    let token = proved.totp_at().map(|_at| AuthnContextClass::TimeSyncToken);
    classes_by_strength(proved)
        .chain(token)
        .chain(password)
        .chain(anything)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{
        AuthnContextClass::{
            Password, PasswordProtectedTransport, RefedsMfa, Smartcard, Unknown, Unspecified, X509,
        },
        Comparison::{Better, Exact, Maximum, Minimum},
        *,
    };
    use crate::model::authentication::AuthenticationEvent;

    fn password() -> AuthenticationEvents {
        AuthenticationEvents::new(AuthenticationEvent::password(DateTime::UNIX_EPOCH))
    }

    fn two_factors() -> AuthenticationEvents {
        let mut events = password();
        events.record(AuthenticationEvent {
            method: AuthenticationMethod::OneTimePassword,
            at: DateTime::UNIX_EPOCH,
            credential: None,
        });
        events
    }

    #[test]
    fn every_comparison_is_as_the_specification_says() {
        const PROVIDED: Option<AuthnContextClass> = Some(PasswordProtectedTransport);
        for (comparison, classes, expected) in [
            (Exact, &[PasswordProtectedTransport][..], PROVIDED),
            (Exact, &[X509, PasswordProtectedTransport], PROVIDED),
            (
                Exact,
                &[Unspecified, PasswordProtectedTransport],
                Some(Unspecified),
            ),
            (Exact, &[PasswordProtectedTransport, Unspecified], PROVIDED),
            (Exact, &[Password], Some(Password)),
            (Exact, &[X509, Password], Some(Password)),
            (Exact, &[PasswordProtectedTransport, Password], PROVIDED),
            (Exact, &[Unknown], None),
            (Exact, &[], None),
            (Minimum, &[Password], PROVIDED),
            (Minimum, &[X509, Unspecified], PROVIDED),
            (Minimum, &[X509], None),
            (Minimum, &[Unknown], None),
            (Maximum, &[X509], PROVIDED),
            (Maximum, &[PasswordProtectedTransport], PROVIDED),
            (Maximum, &[Password], None),
            (Maximum, &[RefedsMfa], PROVIDED),
            (Better, &[Password], PROVIDED),
            (Better, &[Password, PasswordProtectedTransport], None),
            (Better, &[Unknown], None),
            (Better, &[], None),
        ] {
            let requested = RequestedAuthnContext::new(comparison, classes.iter().copied());
            assert_eq!(requested.satisfied_class(&password()), expected, "{requested:?}");
            assert_eq!(requested.satisfied_class(&AuthenticationEvents::default()), None);
        }
    }

    #[test]
    fn a_second_factor_satisfies_what_a_password_does_not() {
        for (comparison, classes, expected) in [
            (Exact, &[RefedsMfa][..], Some(RefedsMfa)),
            (Exact, &[RefedsMfa, PasswordProtectedTransport], Some(RefedsMfa)),
            (
                Exact,
                &[PasswordProtectedTransport],
                Some(PasswordProtectedTransport),
            ),
            (Exact, &[X509], None),
            (Minimum, &[Smartcard], Some(RefedsMfa)),
            (Minimum, &[Password], Some(PasswordProtectedTransport)),
            (
                Maximum,
                &[PasswordProtectedTransport],
                Some(PasswordProtectedTransport),
            ),
            (Maximum, &[X509], Some(RefedsMfa)),
            (Better, &[PasswordProtectedTransport], Some(RefedsMfa)),
            (Better, &[RefedsMfa], None),
        ] {
            let requested = RequestedAuthnContext::new(comparison, classes.iter().copied());
            assert_eq!(
                requested.satisfied_class(&two_factors()),
                expected,
                "{requested:?}"
            );
        }
        for (default, expected) in [
            (DefaultClass::Proven, RefedsMfa),
            (DefaultClass::Password, PasswordProtectedTransport),
        ] {
            assert_eq!(default_class(&two_factors(), default), Some(expected));
            assert_eq!(
                default_class(&password(), default),
                Some(PasswordProtectedTransport)
            );
        }
    }

    #[test]
    fn a_passkey_alone_is_two_factors_and_no_password() {
        let passkey = AuthenticationEvents::new(AuthenticationEvent {
            method: AuthenticationMethod::HardwareKey,
            at: DateTime::UNIX_EPOCH,
            credential: None,
        });
        for (comparison, classes, expected) in [
            (Exact, &[RefedsMfa][..], Some(RefedsMfa)),
            (Exact, &[PasswordProtectedTransport, RefedsMfa], Some(RefedsMfa)),
            (Exact, &[PasswordProtectedTransport], None),
            (Exact, &[Password], None),
            (Exact, &[Unspecified], Some(Unspecified)),
            (Exact, &[AuthnContextClass::TimeSyncToken], None),
            (Minimum, &[PasswordProtectedTransport], Some(RefedsMfa)),
            (Minimum, &[Smartcard], Some(RefedsMfa)),
            (Maximum, &[PasswordProtectedTransport], None),
            (Maximum, &[X509], Some(RefedsMfa)),
            (Better, &[PasswordProtectedTransport], Some(RefedsMfa)),
            (Better, &[RefedsMfa], None),
        ] {
            let requested = RequestedAuthnContext::new(comparison, classes.iter().copied());
            assert_eq!(requested.satisfied_class(&passkey), expected, "{requested:?}");
        }
        assert_eq!(default_class(&passkey, DefaultClass::Proven), Some(RefedsMfa));
        assert_eq!(default_class(&passkey, DefaultClass::Password), Some(Unspecified));
        for class in [RefedsMfa, Unspecified] {
            assert_eq!(
                proved_at(class, &passkey),
                Some(DateTime::UNIX_EPOCH),
                "{class:?}"
            );
        }
    }

    #[test]
    fn every_class_is_recognized_by_its_uri_and_survives_sealing() {
        let all = AuthnContextClass::KNOWN.into_iter().chain([Unknown]);
        for class in AuthnContextClass::KNOWN {
            assert_eq!(AuthnContextClass::from_uri(class.uri()), class);
        }
        for uri in ["", "urn:x:own", "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos"] {
            assert_eq!(AuthnContextClass::from_uri(uri), Unknown, "{uri}");
        }
        for comparison in Comparison::ALL {
            let requested = RequestedAuthnContext::new(comparison, all.clone());
            assert_eq!(
                RequestedAuthnContext::from_text(&requested.to_text()),
                Some(requested)
            );
        }
        for bad in ["", "x", "9a", "0z", "0~"] {
            assert_eq!(RequestedAuthnContext::from_text(bad), None, "{bad}");
        }
    }
}
