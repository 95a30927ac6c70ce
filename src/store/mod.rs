//! The database: SQLite or PostgreSQL, behind one set of queries. Knows no SAML and no HTTP.

mod applications;
mod audit;
mod configuration;
mod configuration_changes;
mod connection;
mod database;
mod database_url;
mod error;
mod groups;
mod housekeeping;
mod installation;
mod jobs;
mod keys;
mod migrate;
mod oidc;
mod people;
mod pool;
mod request_pool;
mod saml;
mod schema;
mod sessions;
#[cfg(test)]
mod tests;
mod transfer;
mod unreadable_values;
mod write_health;

pub use self::{
    audit::audit_events::{AuditFilter, StoredAuditEvent},
    configuration::Configuration,
    configuration_changes::ConfigTx,
    connection::{EditOutcome, Tx},
    database::Store,
    error::Error,
    groups::{assignments::Assignee, rows::GroupFilter},
    keys::signing_keys::RolloverStep,
    migrate::{Backup, MigrationReport, SCHEMA_EPOCH, SchemaState},
    oidc::grants::GrantView,
    people::{
        bulk::UserKeys,
        owners::Owners,
        passkeys::PasskeyUse,
        second_factors::{PasskeyColumns, StoredFactor},
        user_attributes::{UserValue, UsersWithout},
        users::{StoredPassword, UserFilter},
    },
    saml::metadata_sources::Lease,
    sessions::{
        listed_sessions::{ListedSession, SessionFilter},
        sso_view::SsoView,
    },
    transfer::{CopiedTable, TableContent},
};
