//! The SAML endpoints.

pub(super) mod publish;
pub(super) mod slo;
pub(super) mod sso;
pub(super) mod start;
