//! SAML 2.0: messages in, messages out. No HTTP, no database, no clock.

pub mod attribute;
pub mod authn_context;
pub mod authn_request;
pub mod binding;
pub mod c14n;
pub mod canonical;
pub mod claimed;
pub mod encryption;
mod enveloped;
pub mod glance;
pub mod logout;
pub mod metadata;
pub mod refusal;
pub mod response;
mod scan;
pub mod second_opinion;
pub mod signature;
pub mod signer;
pub mod unsigned;
pub mod urn;
pub mod xml;
