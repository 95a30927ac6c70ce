//! The responder of OpenID Connect: authorization requests in, codes and tokens out.

pub mod authorization_request;
pub mod authorization_response;
mod client_authentication;
pub mod client_secrets;
mod code_exchange;
pub(in crate::provider) mod error_response;
pub mod introspection;
mod issuing;
mod live_grant;
mod presented_token;
pub mod publication;
mod refresh;
mod refusal;
mod respond;
pub mod revocation;
mod rotation;
mod serve;
mod subject;
pub mod token;
pub mod user_info;
