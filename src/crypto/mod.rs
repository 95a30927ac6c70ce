//! What SAML and the key ring both need of cryptography; one rule each.

pub mod strength;
