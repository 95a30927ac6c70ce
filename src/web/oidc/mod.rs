//! The endpoints of OpenID Connect and OAuth 2.

pub(super) mod authorize;
pub(super) mod publish;
mod read;
pub(super) mod token;
pub(super) mod user_info;
