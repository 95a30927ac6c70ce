//! Failures of our own. What a peer or a user did wrong is an outcome, not an error.

/// Our own failures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// A key could not be opened or generated.
    #[error(transparent)]
    Keys(#[from] crate::keys::error::Error),
    /// A password could not be hashed.
    #[error(transparent)]
    Credential(#[from] crate::credential::password::Error),
    /// A message could not be written or signed.
    #[error(transparent)]
    Message(#[from] crate::saml::response::Error),
    #[error("a signature could not be made")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// `serve` has not yet initialized the database.
    #[error("this database has no {0} yet: start `hallpass serve` once")]
    NotInitialized(&'static str),
    /// A thread panicked while it held a lock.
    #[error("a step before this one broke")]
    Poisoned,
}

impl Error {
    /// Whether the same call may succeed in a moment.
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
