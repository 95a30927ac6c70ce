//! The database: SQLite or PostgreSQL, behind one set of queries. Knows no SAML and no HTTP.

mod address;
mod answered_requests;
mod application_drafts;
mod application_key_follow;
mod application_sources;
mod applications;
mod audit_events;
mod connection;
mod database;
mod deleted_users;
mod error;
mod housekeeping;
mod installation;
mod known_devices;
mod known_entities;
mod lane;
mod login_throttle;
mod logouts;
mod metadata_addresses;
mod metadata_source_copies;
mod metadata_sources;
mod migrate;
mod network_people;
mod participants;
mod persistent_name_ids;
mod pool;
mod posted_logouts;
mod pulse;
mod saml_attributes;
mod saml_certificates;
mod schema;
mod sessions;
mod sign_on_view;
mod signing_keys;
#[cfg(test)]
mod tests;
mod user_attributes;
mod users;

pub use self::{
    audit_events::{AuditFilter, StoredAuditEvent},
    connection::{EditOutcome, Tx},
    database::Store,
    error::Error,
    metadata_sources::Lease,
    migrate::{Backup, MigrationReport, SCHEMA_EPOCH, SchemaState},
    sign_on_view::SsoView,
    signing_keys::RolloverStep,
};
