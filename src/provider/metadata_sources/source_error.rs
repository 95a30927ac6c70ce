//! Why metadata is not accepted.

use std::io;

use crate::{
    fetch,
    model::remedy::{Remediable, Remedy},
    provider::{applications::bad_application::BadApplication, error::Error},
    saml::metadata::{aggregate as aggregate_reader, sp::BadMetadata},
};

/// Why metadata is not accepted, as a message for the administrator. What was accepted before remains in force.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    /// The application cannot be registered as the metadata describes it.
    #[error(transparent)]
    Application(#[from] BadApplication),
    #[error("the metadata is no UTF-8 text")]
    NotText,
    /// There is no ACS to send Responses to.
    #[error("the metadata names no AssertionConsumerService over HTTP-POST")]
    NoAcs,
    /// So many entities are missing that the publisher has most likely made a mistake.
    #[error("{delisted} of {listed} entities are missing in it; nothing was taken away")]
    TooManyDelisted {
        delisted: usize,
        /// How many entities were listed before.
        listed: usize,
        /// The source.
        name: String,
    },
    /// The copy is outdated: it was replayed, or its publisher reverted to it.
    #[error("this copy is older than the one in force: {why}; nothing was taken")]
    OlderCopy {
        why: String,
        /// The source.
        name: String,
        /// Whether it was fetched from a URL; else it was read from a file.
        is_fetched: bool,
    },
    /// An error of our own.
    #[error("it could not be stored: {0}")]
    Internal(#[source] Box<Error>),
    #[error("the metadata cannot be read: {0}")]
    Unreadable(io::Error),
    /// Another process is working on the source.
    #[error("it is being fetched already, by another process; try again in a minute")]
    Busy,
}

impl Remediable for SourceError {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Metadata(bad) => bad.remedy(),
            Self::Application(bad) => bad.remedy(),
            Self::Internal(error) => error.remedy(),
            Self::TooManyDelisted { name, .. } => Some(Remedy::AcceptDelisting { source: name.clone() }),
            Self::OlderCopy { name, is_fetched, .. } => Some(Remedy::AcceptOlderCopy {
                source: name.clone(),
                is_fetched: *is_fetched,
            }),
            Self::Fetch(_) | Self::NotText | Self::NoAcs | Self::Unreadable(_) | Self::Busy => None,
        }
    }
}

impl From<aggregate_reader::Error> for SourceError {
    fn from(error: aggregate_reader::Error) -> Self {
        match error {
            aggregate_reader::Error::Bad(bad) => Self::Metadata(bad),
            aggregate_reader::Error::Io(error) => Self::Unreadable(error),
        }
    }
}
