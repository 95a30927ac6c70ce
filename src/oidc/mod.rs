//! Messages of OpenID Connect and OAuth 2: read, judged and written. No HTTP, no database, no clock.

pub mod authorization_request;
pub mod authorization_response;
pub mod client_authentication;
pub mod discovery;
pub mod jwt;
pub mod parameters;
pub mod pkce;
pub mod refusal;
pub mod token_request;
pub mod token_response;
pub mod tokens;
