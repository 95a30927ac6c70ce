//! SAML 2.0: messages in, messages out. No HTTP, no database, no clock.
pub mod attribute;
mod authn_context;
pub mod authn_request;
pub mod binding;
pub mod encryption;
mod enveloped;
pub mod logout;
mod message;
pub mod metadata;
pub mod peek;
pub mod redact;
pub mod refusal;
pub mod response;
#[cfg(feature = "second-opinion")]
pub mod second_opinion;
pub mod signature;
pub mod signer;
pub mod unverified_signature;
pub mod urn;
