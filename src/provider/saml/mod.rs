//! The SAML steps.

pub mod answer;
pub mod logout;
pub mod publish;
pub mod receive;

pub use crate::saml::refusal::Refusal;
