//! The types that `--json` prints, made from the provider's results, one file a subject.
//!
//! They are stable (docs/json.md): a field may be added, none is renamed or removed, and none changes its type.
//! `tests/it/json.rs` runs every command that has `--json` and compares what it prints with what is written there.

pub mod application;
pub mod attribute;
pub mod audit;
pub mod audit_chain;
pub mod backup;
pub mod config;
pub mod domain;
pub mod email_change;
pub mod group;
pub mod group_import;
pub mod key;
pub mod line_note;
pub mod mail;
pub mod metadata_source;
pub mod preview;
pub mod remedy;
pub mod second_factor;
pub mod session;
pub mod time;
pub mod user;
pub mod user_import;
