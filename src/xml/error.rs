//! Why XML is not read.

use std::io;

/// What is wrong with a document. Each user says it in words of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Not well-formed, or in a form that is not read.
    #[error("{0}")]
    Malformed(&'static str),
    /// More than is read.
    #[error("{0}")]
    TooLarge(&'static str),
}

/// Why reading a stream ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error(transparent)]
    Xml(#[from] Error),
    /// In the tokenizer's words.
    #[error("not well-formed XML ({0})")]
    Syntax(String),
    /// Longer than this many bytes.
    #[error("longer than {0} bytes")]
    TooLong(u64),
    /// Not what was read the first time.
    #[error("the file changed while it was read")]
    Changed,
    #[error(transparent)]
    Io(#[from] io::Error),
}
