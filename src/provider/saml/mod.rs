//! The SAML steps.

pub mod answer;
pub mod logout;
mod name_ids;
pub mod publish;
pub mod receive;
pub mod start;

pub use crate::saml::refusal::Refusal;
