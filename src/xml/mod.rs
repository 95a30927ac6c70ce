//! XML: strict readers, canonical forms, a writer, and the names and times of XML Schema. Knows nothing of SAML, and
//! alone names the parsers.

pub mod c14n;
pub mod characters;
pub mod error;
pub mod reader;
pub(crate) mod scanner;
pub mod time;
pub mod tree;
mod uri;
pub mod writer;
