//! The SAML endpoints.

pub(super) mod publish;
mod read;
pub(super) mod slo;
pub(super) mod sso;
pub(super) mod start;
