//! Why a message is refused: a code for the administrator, a status for the service provider, a message for the user.

mod code;

use chrono::{DateTime, Utc};

use crate::{model::explanation::Explanation, saml::refusal::code as of, xml};

pub use crate::{model::explanation::StatusCodes, saml::refusal::code::all};

/// What a peer did wrong, or what it asked for and cannot have.
///
/// A new variant needs an explanation (`code/page.rs` if the sender is not verified and our own page is shown,
/// `code/status.rs` if the service provider is sent a status) and its row in docs/errors.md: `cargo test --lib codes`
/// fails until both exist, and prints the row.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The URL, its encoding or its XML is invalid.
    #[error("the message cannot be read: {0}")]
    Malformed(&'static str),
    /// Larger than what is accepted.
    #[error("the message is too large: {0}")]
    TooLarge(&'static str),
    /// Nothing was sent: the URL was opened by hand.
    #[error("no SAML message was sent")]
    NoMessage,
    #[error("no application is registered for the issuer")]
    UnknownIssuer,
    /// Imported metadata lists the application, and no administrator has enabled it.
    #[error("the issuer is known from imported metadata, and not enabled")]
    ImportedEntityNotEnabled,
    #[error("the application's metadata has expired")]
    MetadataExpired,
    /// Several applications have this entity ID, and the request does not say which one sent it.
    #[error("several applications share this issuer, and the request does not say which of them asks")]
    AmbiguousIssuer,
    /// An administrator has disabled the application.
    #[error("the application is disabled")]
    ApplicationDisabled,
    /// The requested ACS is not registered.
    #[error("the answer is asked for at an address that is not registered")]
    UnknownAcs,
    /// The message is addressed to another recipient.
    #[error("the Destination is not the address that the message came to")]
    WrongDestination,
    /// Signed, but not by a key of the sender.
    #[error("the signature is not by a registered certificate of the sender, or the message was changed")]
    BadSignature,
    /// Signed with an algorithm that could be forged, or that is unknown.
    #[error("the signature algorithm is not accepted: {0}")]
    SignatureAlgorithm(&'static str),
    /// Signed in a way that might not cover what is read, or that would make us fetch something.
    #[error("the XML signature is not of the plain shape that SAML asks for: {0}")]
    SignatureShape(&'static str),
    /// Answered before, for another browser or user.
    #[error("the message was answered before, for another browser or person")]
    Replayed,
    #[error("the message is not of SAML version 2.0")]
    Version,
    #[error("the message was issued at {0}, too long ago")]
    Stale(DateTime<Utc>),
    #[error("the message was issued at {0}, in the future: a clock is wrong")]
    IssuedInFuture(DateTime<Utc>),
    /// The message must be signed, and is not.
    #[error("the message is not signed, although the application's registration demands it")]
    SignatureMissing,
    /// The response is requested over a binding other than HTTP-POST.
    #[error("the answer is asked for over a binding other than HTTP-POST")]
    UnsupportedBinding,
    /// The requested NameID format is not issued here.
    #[error("the NameIDPolicy asks for a name that is not given here")]
    NameIdPolicy,
    /// The requested ACS index is not registered.
    #[error("the AssertionConsumerServiceIndex is not among the registered ones")]
    UnknownAcsIndex,
    /// The requested authentication context is not available.
    #[error("the RequestedAuthnContext asks for another login than by password")]
    AuthnContext,
    /// No page may be shown, but the user would have to sign in.
    #[error("IsPassive, but the person is not signed in")]
    NoPassive,
    /// The application is open to chosen users and groups only.
    #[error("the person is not among those who may use the application")]
    NotAssigned,
    /// Another user is signed in than the requested one.
    #[error("the Subject is not the person who is signed in")]
    Subject,
    /// The user has no value for an attribute that the application requires.
    #[error("the person has no value for {0}, which the application requires")]
    MissingAttribute(String),
    /// The list of identity providers does not include us.
    #[error("the Scoping lists other identity providers only")]
    Scoping,
    /// An element that is not supported, and must not be ignored.
    #[error("the request asks for something that is not done here: {0}")]
    Unsupported(&'static str),
    /// The message's own `NotOnOrAfter` has passed.
    #[error("the message says that it is over")]
    Expired,
    /// The SSO flow was started here, and the application accepts only responses that it requested.
    #[error("the application takes no response that it did not ask for")]
    IdpInitiatedNotAllowed,
    /// A logout for a user who is not signed in there.
    #[error("no session of the sender matches the NameID and SessionIndex")]
    NoSuchSession,
    /// A response to no request of ours, or to one that was answered before.
    #[error("the response answers no open request of ours")]
    UnexpectedResponse,
    /// The sender is not the application that our request was sent to.
    #[error("the response's Issuer is not the application that was asked")]
    WrongIssuer,
}

impl Refusal {
    pub const fn explanation(&self) -> &'static Explanation {
        match self {
            Self::Malformed(_) => &of::REQUEST_MALFORMED,
            Self::TooLarge(_) => &of::REQUEST_TOO_LARGE,
            Self::NoMessage => &of::REQUEST_MISSING,
            Self::UnknownIssuer => &of::ISSUER_UNKNOWN,
            Self::ImportedEntityNotEnabled => &of::APPLICATION_KNOWN,
            Self::MetadataExpired => &of::METADATA_EXPIRED,
            Self::AmbiguousIssuer => &of::ISSUER_AMBIGUOUS,
            Self::ApplicationDisabled => &of::APPLICATION_DISABLED,
            Self::UnknownAcs => &of::ACS_UNKNOWN,
            Self::WrongDestination => &of::DESTINATION_WRONG,
            Self::BadSignature => &of::SIGNATURE_WRONG,
            Self::SignatureAlgorithm(_) => &of::SIGNATURE_ALGORITHM,
            Self::SignatureShape(_) => &of::SIGNATURE_SHAPE,
            Self::Replayed => &of::REQUEST_ANSWERED,
            Self::Version => &of::VERSION_MISMATCH,
            Self::Stale(_) => &of::REQUEST_STALE,
            Self::IssuedInFuture(_) => &of::REQUEST_EARLY,
            Self::SignatureMissing => &of::SIGNATURE_MISSING,
            Self::UnsupportedBinding => &of::BINDING_UNSUPPORTED,
            Self::NameIdPolicy => &of::NAMEID_POLICY,
            Self::UnknownAcsIndex => &of::ACS_INDEX_UNKNOWN,
            Self::AuthnContext => &of::AUTHN_CONTEXT,
            Self::NoPassive => &of::NO_PASSIVE,
            Self::NotAssigned => &of::ACCESS_MISSING,
            Self::Subject => &of::SUBJECT_OTHER,
            Self::MissingAttribute(_) => &of::ATTRIBUTE_MISSING,
            Self::Scoping => &of::SCOPING_OTHER,
            Self::Unsupported(_) => &of::REQUEST_UNSUPPORTED,
            Self::Expired => &of::REQUEST_EXPIRED,
            Self::IdpInitiatedNotAllowed => &of::START_NOT_ALLOWED,
            Self::NoSuchSession => &of::SESSION_UNKNOWN,
            Self::UnexpectedResponse => &of::RESPONSE_UNEXPECTED,
            Self::WrongIssuer => &of::ISSUER_OTHER,
        }
    }

    /// A short name that never changes: for support, logs and tests.
    pub const fn code(&self) -> &'static str {
        self.explanation().code
    }

    /// The status to respond with if a registered ACS is known; none: our own page is shown, since neither the sender
    /// nor one of its URLs is verified.
    pub const fn status(&self) -> Option<StatusCodes> {
        self.explanation().status
    }
}

impl From<xml::error::Error> for Refusal {
    fn from(error: xml::error::Error) -> Self {
        match error {
            xml::error::Error::Malformed(why) => Self::Malformed(why),
            xml::error::Error::TooLarge(why) => Self::TooLarge(why),
        }
    }
}

#[cfg(test)]
mod tests;
