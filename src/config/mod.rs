//! What the administrator configured: one TOML file and the environment, read once into typed settings. Does not read
//! the environment itself, and knows nothing of what the settings are for.

mod changes;
mod error;
mod file;
mod key;
mod limits;
mod log_format;
mod mail;
mod raw_settings;
mod reader;
mod settings;
mod value;

pub use crate::config::{
    error::{Error, Errors, SettingOrigin},
    file::{DEFAULT_FILE, FILE_VARIABLE, find_file},
    log_format::LogFormat,
    reader::{EffectiveSetting, ReadSecret},
    settings::{Settings, SigningKeyFiles},
};

#[cfg(test)]
mod packaged_file_tests;
