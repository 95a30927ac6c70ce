//! Metadata (saml-metadata, 2): ours out, theirs in, alone or by the thousand.

pub mod aggregate;
mod bad;
pub mod idp;
pub mod kept;
pub mod sp;
mod time;
mod xml;
