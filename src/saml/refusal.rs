//! Why a message is not answered as asked: a code for the administrator, a status for the service
//! provider, words for the person.

use chrono::{DateTime, Utc};

use crate::saml::urn::status;

/// What a peer did wrong, or asked for in vain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The address, its encoding or its XML is not of the form that it must have.
    #[error("the message cannot be read: {0}")]
    Malformed(&'static str),
    /// More than is read.
    #[error("the message is too large: {0}")]
    TooLarge(&'static str),
    /// Nothing was sent at all: somebody opened the address by hand.
    #[error("no SAML message was sent")]
    Nothing,
    /// No application has this entity ID.
    #[error("no application is registered for the issuer")]
    UnknownIssuer,
    /// Several applications have this entity ID, and the request does not say which.
    #[error("several applications share this issuer, and the request does not say which of them asks")]
    AmbiguousIssuer,
    /// An administrator has switched the application off.
    #[error("the application is disabled")]
    ApplicationDisabled,
    /// The address asked for is not registered.
    #[error("the answer is asked for at an address that is not registered")]
    UnknownConsumer,
    /// Addressed to somebody else.
    #[error("the Destination is not the address that the message came to")]
    WrongDestination,
    /// Signed, but not by a key of the sender.
    #[error("the signature is not by a registered certificate of the sender, or the message was changed")]
    BadSignature,
    /// Signed with something that anybody could forge, or that we do not know.
    #[error("the signature algorithm is not accepted: {0}")]
    Algorithm(&'static str),
    /// Answered for another browser or person before.
    #[error("the message was answered before, for another browser or person")]
    Replayed,
    /// Not SAML 2.0.
    #[error("the message is not of SAML version 2.0")]
    Version,
    /// Made too long ago.
    #[error("the message was issued at {0}, too long ago")]
    Stale(DateTime<Utc>),
    /// Made in the future.
    #[error("the message was issued at {0}, in the future: a clock is wrong")]
    Early(DateTime<Utc>),
    /// Must be signed, and is not.
    #[error("the message is not signed, although the application's registration demands it")]
    SignatureMissing,
    /// Another way of answering than HTTP-POST.
    #[error("the answer is asked for over a binding other than HTTP-POST")]
    Binding,
    /// A name format that we do not give.
    #[error("the NameIDPolicy asks for a name that is not given here")]
    NameIdPolicy,
    /// A number that is not registered.
    #[error("the AssertionConsumerServiceIndex is not among the registered ones")]
    ConsumerIndex,
    /// A kind of login that we do not have.
    #[error("the RequestedAuthnContext asks for another login than by password")]
    AuthnContext,
    /// No page may be shown, but the person would have to log in.
    #[error("IsPassive, but the person is not signed in")]
    Passive,
    /// Another person is signed in than the one asked for.
    #[error("the Subject is not the person who is signed in")]
    Subject,
    /// A list of providers without us.
    #[error("the Scoping lists other identity providers only")]
    Scoping,
    /// An element that we do not honour, and will not ignore.
    #[error("the request asks for something that is not done here: {0}")]
    Unsupported(&'static str),
    /// The message may not be used any more, says its sender.
    #[error("the message says that it is over")]
    Expired,
    /// Logout of somebody who is not signed in there.
    #[error("no session of the sender matches the NameID and SessionIndex")]
    NoSuchSession,
}

/// What the person reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Words {
    /// What is wrong.
    pub wrong: &'static str,
    /// What the administrator does about it.
    pub mend: &'static str,
}

/// A top-level and a second-level status code (saml-core, 3.2.2.2).
pub type Status = (&'static str, Option<&'static str>);

impl Refusal {
    /// A short name that never changes: for support, logs and tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "REQUEST-MALFORMED",
            Self::TooLarge(_) => "REQUEST-TOO-LARGE",
            Self::Nothing => "REQUEST-MISSING",
            Self::UnknownIssuer => "ISSUER-UNKNOWN",
            Self::AmbiguousIssuer => "ISSUER-AMBIGUOUS",
            Self::ApplicationDisabled => "APPLICATION-DISABLED",
            Self::UnknownConsumer => "ACS-UNKNOWN",
            Self::WrongDestination => "DESTINATION-WRONG",
            Self::BadSignature => "SIGNATURE-WRONG",
            Self::Algorithm(_) => "SIGNATURE-ALGORITHM",
            Self::Replayed => "REQUEST-ANSWERED",
            Self::Version => "VERSION-MISMATCH",
            Self::Stale(_) => "REQUEST-STALE",
            Self::Early(_) => "REQUEST-EARLY",
            Self::SignatureMissing => "SIGNATURE-MISSING",
            Self::Binding => "BINDING-UNSUPPORTED",
            Self::NameIdPolicy => "NAMEID-POLICY",
            Self::ConsumerIndex => "ACS-INDEX-UNKNOWN",
            Self::AuthnContext => "AUTHN-CONTEXT",
            Self::Passive => "NO-PASSIVE",
            Self::Subject => "SUBJECT-OTHER",
            Self::Scoping => "SCOPING-OTHER",
            Self::Unsupported(_) => "REQUEST-UNSUPPORTED",
            Self::Expired => "REQUEST-EXPIRED",
            Self::NoSuchSession => "SESSION-UNKNOWN",
        }
    }

    /// The status to answer with where a registered address is known; none: our own page, since
    /// neither the sender nor an address of theirs is proven.
    pub const fn status(&self) -> Option<Status> {
        match self {
            Self::Malformed(_)
            | Self::TooLarge(_)
            | Self::Nothing
            | Self::UnknownIssuer
            | Self::AmbiguousIssuer
            | Self::ApplicationDisabled
            | Self::UnknownConsumer
            | Self::WrongDestination
            | Self::BadSignature
            | Self::Algorithm(_)
            | Self::Replayed => None,
            Self::Version => Some((status::VERSION_MISMATCH, None)),
            Self::Stale(_) | Self::Early(_) | Self::SignatureMissing | Self::Expired => {
                Some((status::REQUESTER, Some(status::REQUEST_DENIED)))
            }
            Self::Binding => Some((status::REQUESTER, Some(status::UNSUPPORTED_BINDING))),
            Self::NameIdPolicy => Some((status::REQUESTER, Some(status::INVALID_NAME_ID_POLICY))),
            Self::AuthnContext => Some((status::RESPONDER, Some(status::NO_AUTHN_CONTEXT))),
            Self::Passive => Some((status::RESPONDER, Some(status::NO_PASSIVE))),
            Self::Subject | Self::NoSuchSession => Some((status::RESPONDER, Some(status::UNKNOWN_PRINCIPAL))),
            Self::Scoping => Some((status::RESPONDER, Some(status::NO_SUPPORTED_IDP))),
            Self::ConsumerIndex | Self::Unsupported(_) => {
                Some((status::REQUESTER, Some(status::REQUEST_UNSUPPORTED)))
            }
        }
    }

    /// What a person reads where we show our own page.
    pub const fn words(&self) -> Words {
        let (wrong, mend) = match self {
            Self::Malformed(_) | Self::TooLarge(_) => (
                "The application sent a request that cannot be read. It may have been cut on its way here.",
                "Start again at the application. If it happens again, its SAML settings are broken: compare its Sign-in URL with ours, and look at the log under this code.",
            ),
            Self::Nothing => (
                "This address is for applications; nothing was sent along with it.",
                "Open the application itself, or your own page here, and start there.",
            ),
            Self::UnknownIssuer => (
                "The application that sent you is not registered here.",
                "Register it with `hallpass app add`. Its entity ID must be, letter for letter, what it sends as Issuer; in ChatGPT this is the Audience, and it changes when the connection is reset.",
            ),
            Self::AmbiguousIssuer => (
                "Several applications share one name here, and this request does not say which of them sent you.",
                "Let the application send its AssertionConsumerServiceURL, or register only one application under this entity ID.",
            ),
            Self::ApplicationDisabled => (
                "An administrator has switched this application off.",
                "`hallpass app enable` switches it on again.",
            ),
            Self::UnknownConsumer => (
                "The application asked for our answer at an address that is not registered here. To keep your account safe, we stopped.",
                "If the connection was reset, its addresses changed: paste the new ACS URL and Audience with `hallpass app edit`.",
            ),
            Self::WrongDestination => (
                "The application addressed its request to somebody else. To keep your account safe, we stopped.",
                "Paste our Sign-in URL and Sign-out URL at the application, letter for letter; `hallpass app show` prints them.",
            ),
            Self::BadSignature => (
                "The request's signature does not fit the application. To keep your account safe, we stopped.",
                "If the application changed its certificate, register the new one with `hallpass app edit --certificate` or `--metadata`.",
            ),
            Self::Algorithm(_) => (
                "The request is signed in a way that is no longer safe. To keep your account safe, we stopped.",
                "Let the application sign with RSA-SHA256. (pysaml2 signs with SHA-1 unless told otherwise: set signing_algorithm and digest_algorithm under service, sp.)",
            ),
            Self::Replayed => (
                "This sign-on has ended: it was used before.",
                "Start again at the application.",
            ),
            Self::Version
            | Self::Stale(_)
            | Self::Early(_)
            | Self::SignatureMissing
            | Self::Binding
            | Self::NameIdPolicy
            | Self::ConsumerIndex
            | Self::AuthnContext
            | Self::Passive
            | Self::Subject
            | Self::Scoping
            | Self::Unsupported(_)
            | Self::Expired
            | Self::NoSuchSession => (
                "The application asked for something that cannot be done here.",
                "Look at the log under this code, then at the application's SAML settings.",
            ),
        };
        Words { wrong, mend }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unproven_sender_is_never_answered() {
        for refusal in [
            Refusal::BadSignature,
            Refusal::Algorithm("x"),
            Refusal::UnknownConsumer,
            Refusal::WrongDestination,
            Refusal::UnknownIssuer,
            Refusal::ApplicationDisabled,
            Refusal::Replayed,
        ] {
            assert_eq!(refusal.status(), None, "{refusal}");
        }
        assert_eq!(
            Refusal::SignatureMissing.status(),
            Some((status::REQUESTER, Some(status::REQUEST_DENIED)))
        );
    }
}
