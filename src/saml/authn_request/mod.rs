//! `AuthnRequest` (saml-core, 3.4): parsed, then validated against a service provider.

mod read;
mod validate;

pub use self::{
    read::{AuthnRequest, RequestedOptions, RequestedSubject, read},
    validate::{RefusedRequest, ValidRequest, ValidationContext, validate},
};

#[cfg(test)]
mod tests;
