//! Failures of our own. What a peer or a user did wrong is an outcome, not an error.

use crate::model::{
    application::Slug,
    remedy::{Remediable, Remedy},
};

/// Our own failures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// A key could not be opened or generated.
    #[error(transparent)]
    Keys(#[from] crate::crypto::error::Error),
    /// The keys in the database are no usable key ring.
    #[error(transparent)]
    KeyRing(#[from] crate::provider::keys::ring::Error),
    /// A password could not be hashed.
    #[error(transparent)]
    Credential(#[from] crate::credential::password::Error),
    /// A message could not be written or signed.
    #[error(transparent)]
    Message(#[from] crate::saml::response::Error),
    /// A mail could not be written.
    #[error(transparent)]
    Mail(#[from] crate::mail::SendError),
    /// A one-time password could not be checked.
    #[error(transparent)]
    Totp(crate::credential::totp::Error),
    /// A passkey could not be asked for.
    #[error(transparent)]
    Passkey(#[from] crate::credential::passkey::Error),
    #[error("a signature could not be made")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was signed for the application with this slug cannot be verified.
    #[error("what is signed for {0} does not fit our own certificate")]
    SignatureUnproven(String),
    /// `serve` has not yet initialized the database.
    #[error("this database has no {0} yet")]
    NotInitialized(&'static str),
    /// Neither this name, nor with a number after it, is free for a metadata source.
    #[error("the name {0}, and {0}-2 to {0}-99, belong to metadata sources already")]
    NoFreeSlug(Slug),
    /// The database says that its configuration is newer than what was just read from it.
    #[error("the configuration changes faster than it can be read")]
    UnsettledGeneration,
    /// Our entity ID or the active key cannot be read.
    #[error(
        "{0}, and Hallpass has no other in its place: a newer version wrote it, or the database is damaged. Run the version that wrote it, or restore a backup (docs/operations.md)"
    )]
    OwnRow(#[source] crate::store::Error),
    /// The role of whoever asks does not hold it.
    #[error("your role does not allow this")]
    Forbidden,
    /// A sensitive act, and whoever asks authenticated more than `FRESH_AUTHENTICATION` ago.
    #[error("this asks you to authenticate once more")]
    FreshAuthenticationNeeded,
    /// Nothing could be erased from the audit log between two changes of its chain.
    #[error("the chain of the audit log changes faster than a person can be erased from it")]
    ChainContended,
    /// A thread panicked while it held a lock.
    #[error("a step before this one broke")]
    Poisoned,
}

impl Remediable for Error {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NotInitialized(_) => Some(Remedy::Serve),
            Self::NoFreeSlug(_) => Some(Remedy::GiveSourceName),
            Self::Store(crate::store::Error::NoOwnerLeft) => Some(Remedy::AddOwner),
            Self::Store(_)
            | Self::Keys(_)
            | Self::KeyRing(_)
            | Self::Credential(_)
            | Self::Message(_)
            | Self::Mail(_)
            | Self::Totp(_)
            | Self::Passkey(_)
            | Self::Signing(_)
            | Self::SignatureUnproven(_)
            | Self::UnsettledGeneration
            | Self::OwnRow(_)
            | Self::Forbidden
            | Self::FreshAuthenticationNeeded
            | Self::ChainContended
            | Self::Poisoned => None,
        }
    }
}

impl Error {
    /// For rows without which nothing works, such as our entity ID: an unreadable one is [`Self::OwnRow`].
    pub(super) fn of_own_row(error: crate::store::Error) -> Self {
        if error.is_unreadable() {
            Self::OwnRow(error)
        } else {
            Self::Store(error)
        }
    }

    /// Whether a row holds a value that this version cannot read.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unreadable())
    }

    /// Whether the same call may succeed in a moment.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::UnsettledGeneration => true,
            Self::Keys(_)
            | Self::KeyRing(_)
            | Self::Credential(_)
            | Self::Message(_)
            | Self::Mail(_)
            | Self::Totp(_)
            | Self::Passkey(_)
            | Self::Signing(_)
            | Self::SignatureUnproven(_)
            | Self::NotInitialized(_)
            | Self::NoFreeSlug(_)
            | Self::OwnRow(_)
            | Self::Forbidden
            | Self::FreshAuthenticationNeeded
            | Self::ChainContended
            | Self::Poisoned => false,
        }
    }
}
