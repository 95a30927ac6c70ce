//! Why the gate, or what comes after it, lets nobody in to an application.

use crate::{model::explanation::Explanation, provider::sign_in::gate::GateRefusal, saml};

/// Why nobody is signed in to the application, whatever it speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum EntryRefusal {
    Gate(GateRefusal),
    /// No page may be shown, and one would be needed.
    NoPage {
        is_second_factor: bool,
    },
    /// The registration changed while the user was typing.
    NoDestination,
}

/// What the code means that the audit log has for a refusal.
pub(in crate::provider) fn explanation_of(refusal: EntryRefusal) -> &'static Explanation {
    saml::refusal::Refusal::from(refusal).explanation()
}

impl From<EntryRefusal> for saml::refusal::Refusal {
    fn from(refusal: EntryRefusal) -> Self {
        match refusal {
            EntryRefusal::Gate(GateRefusal::ApplicationDisabled) => Self::ApplicationDisabled,
            EntryRefusal::Gate(GateRefusal::MetadataExpired) => Self::MetadataExpired,
            EntryRefusal::Gate(GateRefusal::NotAssigned) => Self::NotAssigned,
            EntryRefusal::Gate(GateRefusal::OtherSubject) => Self::Subject,
            EntryRefusal::Gate(GateRefusal::AuthnContext) => Self::AuthnContext,
            EntryRefusal::NoPage { .. } => Self::NoPassive,
            EntryRefusal::NoDestination => Self::UnknownAcs,
        }
    }
}
