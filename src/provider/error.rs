//! Why a step could not be taken. What a peer or a person did wrong is an outcome, not this.

/// Our own failures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// A key could not be opened or made.
    #[error(transparent)]
    Keys(#[from] crate::keys::error::Error),
    /// A password could not be hashed.
    #[error(transparent)]
    Credential(#[from] crate::credential::password::Error),
    /// A message could not be written or signed.
    #[error(transparent)]
    Message(#[from] crate::saml::response::Error),
    /// OpenSSL failed.
    #[error("a signature could not be made")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something that `serve` does at its first start has not been done.
    #[error("this database has no {0} yet: start `hallpass serve` once")]
    NotInitialized(&'static str),
    /// A lock was left by a step that panicked.
    #[error("a step before this one broke")]
    Poisoned,
}

impl Error {
    /// Whether trying again in a moment may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Keys(_)
            | Self::Credential(_)
            | Self::Message(_)
            | Self::Signing(_)
            | Self::NotInitialized(_)
            | Self::Poisoned => false,
        }
    }
}
