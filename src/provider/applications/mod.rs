//! Registering, editing, disabling and removing applications.

pub mod access;
mod add;
pub mod assignments;
pub mod attributes;
pub(in crate::provider) mod bad_application;
pub mod change;
pub mod drafts;
mod edit;
pub mod finding;
mod list;
pub mod register;
pub mod register_client;
mod remove;
pub mod required_attributes;
pub(in crate::provider) mod rules;
pub mod slug_owner;

pub use crate::provider::applications::{
    add::NewApplication,
    bad_application::BadApplication,
    edit::{ApplicationEdit, ClientEdit},
    rules::{parse_name, read_certificates},
};
