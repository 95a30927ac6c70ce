//! An inbound message as the browser sent it.

use crate::saml::{
    binding::{inbound::InboundMessage, post, redirect},
    refusal::Refusal,
};

/// What a browser sent, undecoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RawMessage {
    /// The raw query of the URL.
    Query(String),
    /// A form: the raw query of the URL that it was sent to, and its body.
    Form {
        /// What follows the `?`.
        query: String,
        /// `application/x-www-form-urlencoded`.
        body: Vec<u8>,
    },
    /// A body of another content type, or one that was cut off.
    Unreadable,
    /// A body that was not read to its end: it is longer than [`post::MAX_BODY`].
    TooLong,
}

impl RawMessage {
    /// Decodes it according to its binding.
    pub fn decode(&self) -> Result<InboundMessage, Refusal> {
        match self {
            Self::Query(query) => redirect::decode(query),
            Self::Form { query, body } => post::decode(query, body),
            Self::Unreadable => Err(Refusal::Malformed("a body that is no form")),
            Self::TooLong => Err(post::TOO_LONG),
        }
    }
}
