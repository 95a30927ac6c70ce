//! What a provider is built from.

use arc_swap::ArcSwap;

use crate::{
    clock::Clock,
    credential::password::Hasher,
    crypto::seal::SealingKey,
    entropy::Entropy,
    fetch::Fetcher,
    mail::Mailer,
    model::{
        endpoint::{BaseUrl, Endpoints},
        policy::Policy,
        remedy::RemedyWords,
    },
    store::Store,
};

/// What a provider is built from.
#[derive(Debug)]
pub struct Dependencies {
    pub clock: Box<dyn Clock>,
    pub entropy: Box<dyn Entropy>,
    /// Our public URLs.
    pub endpoints: Endpoints,
    /// Other addresses where people use the same passkeys.
    pub passkey_origins: Vec<BaseUrl>,
    /// Replaced when the settings are read again.
    pub policy: ArcSwap<Policy>,
    /// Opens the signing keys.
    pub sealing_key: SealingKey,
    pub hasher: Hasher,
    pub store: Store,
    pub fetcher: Fetcher,
    pub mailer: Mailer,
    /// The words of remedies in the log, and in errors that are stored.
    pub remedy_words: RemedyWords,
}
