//! Signing keys, and which applications have adopted them.

pub(in crate::store) mod application_key_follow;
pub(in crate::store) mod metadata_addresses;
pub(in crate::store) mod signing_keys;
