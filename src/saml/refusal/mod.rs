//! Why a message is not answered as asked: a code for the administrator, a status for the service
//! provider, words for the person.

mod code;

use chrono::{DateTime, Utc};

use crate::{model::explanation::Explanation, saml::refusal::code as of};

pub use crate::{model::explanation::StatusCodes, saml::refusal::code::all};

/// What a peer did wrong, or asked for in vain.
///
/// A new variant needs an explanation (`code/message.rs` where the sender is not proven and our own page is
/// shown, `code/wish.rs` where the service provider is told by a status) and its row in docs/errors.md:
/// `cargo test --lib codes` fails until both are there, and prints the row.
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
    NoMessage,
    /// No application has this entity ID.
    #[error("no application is registered for the issuer")]
    UnknownIssuer,
    /// Imported metadata lists the application, and nobody has enabled it.
    #[error("the issuer is known from imported metadata, and not enabled")]
    ImportedEntityNotEnabled,
    /// What is known of the application has expired.
    #[error("the application's metadata has expired")]
    MetadataExpired,
    /// Several applications have this entity ID, and the request does not say which.
    #[error("several applications share this issuer, and the request does not say which of them asks")]
    AmbiguousIssuer,
    /// An administrator has switched the application off.
    #[error("the application is disabled")]
    ApplicationDisabled,
    /// The address asked for is not registered.
    #[error("the answer is asked for at an address that is not registered")]
    UnknownAcs,
    /// Addressed to somebody else.
    #[error("the Destination is not the address that the message came to")]
    WrongDestination,
    /// Signed, but not by a key of the sender.
    #[error("the signature is not by a registered certificate of the sender, or the message was changed")]
    BadSignature,
    /// Signed with something that anybody could forge, or that we do not know.
    #[error("the signature algorithm is not accepted: {0}")]
    SignatureAlgorithm(&'static str),
    /// Signed in a way that need not cover what is read, or that would have us fetch something.
    #[error("the XML signature is not of the plain shape that SAML asks for: {0}")]
    SignatureShape(&'static str),
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
    IssuedInFuture(DateTime<Utc>),
    /// Must be signed, and is not.
    #[error("the message is not signed, although the application's registration demands it")]
    SignatureMissing,
    /// Another way of answering than HTTP-POST.
    #[error("the answer is asked for over a binding other than HTTP-POST")]
    UnsupportedBinding,
    /// A name format that we do not give.
    #[error("the NameIDPolicy asks for a name that is not given here")]
    NameIdPolicy,
    /// A number that is not registered.
    #[error("the AssertionConsumerServiceIndex is not among the registered ones")]
    UnknownAcsIndex,
    /// A kind of login that we do not have.
    #[error("the RequestedAuthnContext asks for another login than by password")]
    AuthnContext,
    /// No page may be shown, but the person would have to log in.
    #[error("IsPassive, but the person is not signed in")]
    NoPassive,
    /// Another person is signed in than the one asked for.
    #[error("the Subject is not the person who is signed in")]
    Subject,
    /// Nothing to say under a name that the application requires.
    #[error("the person has no value for {0}, which the application requires")]
    MissingAttribute(String),
    /// A list of providers without us.
    #[error("the Scoping lists other identity providers only")]
    Scoping,
    /// An element that we do not honour, and will not ignore.
    #[error("the request asks for something that is not done here: {0}")]
    Unsupported(&'static str),
    /// The message may not be used any more, says its sender.
    #[error("the message says that it is over")]
    Expired,
    /// A sign-on was begun here, and the application wants to begin it itself.
    #[error("the application takes no response that it did not ask for")]
    IdpInitiatedNotAllowed,
    /// Logout of somebody who is not signed in there.
    #[error("no session of the sender matches the NameID and SessionIndex")]
    NoSuchSession,
    /// An answer to nothing that we asked, or to what was answered before.
    #[error("the response answers no open request of ours")]
    UnexpectedResponse,
    /// Another sender than the one who was asked.
    #[error("the response's Issuer is not the application that was asked")]
    WrongIssuer,
}

impl Refusal {
    /// Everything that is said of it.
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

    /// The status to answer with where a registered address is known; none: our own page, since
    /// neither the sender nor an address of theirs is proven.
    pub const fn status(&self) -> Option<StatusCodes> {
        self.explanation().status
    }
}

#[cfg(test)]
mod tests;
