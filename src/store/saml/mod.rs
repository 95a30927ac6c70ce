//! What only SAML needs: certificates, attribute rules, metadata sources, persistent `NameIDs`, answered requests.

pub(in crate::store) mod answered_requests;
pub(in crate::store) mod application_sources;
pub(in crate::store) mod known_entities;
pub(in crate::store) mod metadata_source_copies;
pub(in crate::store) mod metadata_sources;
pub(in crate::store) mod persistent_name_ids;
pub(in crate::store) mod posted_logouts;
pub(in crate::store) mod saml_attributes;
pub(in crate::store) mod saml_certificates;
