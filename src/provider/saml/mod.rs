//! SAML messages, sent and received, and the metadata that we publish and import.

mod attributes;
pub mod authn_request;
pub(in crate::provider) mod fetch_log;
pub mod idp_initiated;
pub mod import;
mod logout_posted;
pub mod logout_request;
mod logout_response;
pub mod logout_steps;
mod name_ids;
pub mod preview;
mod proof;
pub mod publication;
pub mod refusal;
pub(in crate::provider) mod request_details;
mod respond;
pub mod response;
pub mod response_options;
pub mod saml_response;
pub mod serve_metadata;

pub use crate::saml::{
    binding::{post::MAX_BODY, raw_message::RawMessage},
    refusal::Refusal,
};
