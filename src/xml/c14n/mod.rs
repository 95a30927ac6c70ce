//! Exclusive canonical XML (xml-exc-c14n): of a parsed message, and of a document that streams by.

pub(crate) mod stream;
pub mod tree;
