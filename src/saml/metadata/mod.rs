//! Metadata (saml-metadata, 2): ours out, theirs in, alone or by the thousand.

pub mod aggregate;
mod error;
pub mod idp;
pub mod normalized;
pub mod sp;
