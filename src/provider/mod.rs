//! What the identity provider does, without HTTP.

pub mod application_set;
pub mod applications;
pub mod audit;
mod authorize;
pub mod bootstrap;
mod core;
pub mod csv_file;
mod current_snapshot;
mod dependencies;
pub mod error;
pub mod groups;
pub mod handle;
pub mod health;
pub mod housekeeping;
mod installation_events;
pub mod jobs;
pub mod key_rows;
pub mod keys;
mod last_health_check;
pub mod logout;
pub mod mail;
pub mod metadata_sources;
pub mod new_password;
pub mod passkey_domain;
pub mod people;
pub mod portal;
pub mod repair;
pub mod saml;
pub mod session;
pub mod sign_in;
mod single_flight;
pub mod snapshot;
pub mod sso;
pub mod visitor;

pub use self::{core::Provider, dependencies::Dependencies};
