//! Why metadata is not taken, and why it could not even be read.

use std::io;

use crate::{
    model::remedy::{Remediable, Remedy},
    xml::{self, error::StreamError},
};

/// Why metadata cannot be read, in words for the administrator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadMetadata {
    /// Not well-formed, or with what must not be there.
    #[error("this is no SAML metadata: {0}")]
    Malformed(String),
    /// Too large.
    #[error("the metadata is larger than {0} MB")]
    TooLarge(u64),
    /// Over.
    #[error("the metadata was valid until {0} only; fetch it again")]
    Expired(String),
    /// No such service provider in it.
    #[error("the metadata describes no service provider{0}")]
    NoServiceProvider(String),
    /// More than one, and nobody said which is meant.
    #[error("the metadata describes several service providers")]
    SeveralServiceProviders,
    /// The metadata of an identity provider.
    #[error(
        "this is the metadata of an identity provider, not of an application{0}: take the metadata that the application shows"
    )]
    IdentityProvider(String),
    /// A page.
    #[error("this is a web page, not metadata: is a sign-in in front of the address?")]
    WebPage,
    /// Another encoding.
    #[error("this is UTF-16: save it as UTF-8 (PowerShell: `Out-File -Encoding utf8`), and give it again")]
    Utf16,
    /// Its signature does not hold.
    #[error("the signature of the metadata does not hold: {0}")]
    Signature(String),
    /// It names no end, or one that lies further off than the administrator believes anybody.
    #[error("{0}")]
    Validity(String),
    /// Somebody wrote to the file between its verification and its reading.
    #[error("the file changed while it was read; fetch it again")]
    Changed,
}

impl Remediable for BadMetadata {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::SeveralServiceProviders => Some(Remedy::NameEntity),
            Self::Malformed(_)
            | Self::TooLarge(_)
            | Self::Expired(_)
            | Self::NoServiceProvider(_)
            | Self::IdentityProvider(_)
            | Self::WebPage
            | Self::Utf16
            | Self::Signature(_)
            | Self::Validity(_)
            | Self::Changed => None,
        }
    }
}

impl BadMetadata {
    /// What is wrong with the document, in a few words.
    pub(in crate::saml::metadata) fn malformed(why: &str) -> Self {
        Self::Malformed(why.to_owned())
    }
}

impl From<xml::error::Error> for BadMetadata {
    fn from(error: xml::error::Error) -> Self {
        match error {
            xml::error::Error::Malformed(why) | xml::error::Error::TooLarge(why) => Self::malformed(why),
        }
    }
}

/// Why reading metadata ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is read is not what it should be.
    #[error(transparent)]
    Bad(#[from] BadMetadata),
    /// It could not be read.
    #[error("the metadata cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl From<xml::error::Error> for Error {
    fn from(error: xml::error::Error) -> Self {
        Self::Bad(error.into())
    }
}

impl From<StreamError> for Error {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Xml(error) => error.into(),
            StreamError::Syntax(_) => Self::Bad(BadMetadata::Malformed(error.to_string())),
            StreamError::TooLong(bytes) => Self::Bad(BadMetadata::TooLarge(bytes >> 20)),
            StreamError::Changed => Self::Bad(BadMetadata::Changed),
            StreamError::Io(error) => Self::Io(error),
        }
    }
}
