//! OpenID Connect and OAuth 2, on both databases.

mod authorize;
mod clients;
mod keys;
mod tokens;
