//! Hallpass: a SAML 2.0 identity provider in one small daemon.

pub mod clock;
pub mod entropy;
pub mod model;
pub mod saml;
