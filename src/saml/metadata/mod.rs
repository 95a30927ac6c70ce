//! Metadata (saml-metadata, 2): ours out, theirs in.

pub mod idp;
pub mod sp;
