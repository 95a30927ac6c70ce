//! Clients of OpenID Connect, what they were granted, and the keys that sign for them.

mod access_tokens;
mod authorization_codes;
mod client_secrets;
pub(in crate::store) mod clients;
pub(in crate::store) mod grants;
mod oidc_keys;
mod refresh_tokens;
