//! The SAML steps.

pub mod answer;
mod attributes;
pub(in crate::provider) mod facts;
pub mod import;
pub mod logout;
mod logout_answer;
pub mod logout_hop;
pub mod making;
mod name_ids;
mod posted_logout;
pub mod preview;
pub mod publish;
pub mod receive;
pub mod refuse;
pub mod start;

pub use crate::saml::{
    binding::{inbound::RawMessage, post::MAX_BODY},
    refusal::Refusal,
};
