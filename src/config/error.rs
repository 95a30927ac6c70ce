//! What can be wrong with a configuration. No message holds a value that may be secret.

use std::{fmt, io, path::PathBuf};

/// Where a value was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SettingOrigin {
    /// Nowhere; the default holds.
    Default,
    /// In the file.
    File {
        /// Which file.
        path: PathBuf,
        /// On which line, from 1.
        line: usize,
        /// Under which key.
        key: String,
    },
    /// In the environment.
    Variable(String),
}

impl SettingOrigin {
    /// In one word.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Variable(_) => "environment",
        }
    }
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("by default"),
            Self::File { path, line, key } => write!(f, "{}:{line}: {key}", path.display()),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The file is no TOML.
    #[error("{}:{line}: this is not TOML: {why}", path.display())]
    NotToml {
        /// Which file.
        path: PathBuf,
        /// On which line, from 1.
        line: usize,
        /// What the parser says; never what stands there.
        why: String,
    },
    /// A key that means nothing.
    #[error("{origin} is not a setting{hint}; docs/configuration.md lists them all")]
    Unknown {
        /// Where it stands.
        origin: SettingOrigin,
        /// The one that may have been meant.
        hint: String,
    },
    /// A value that cannot be.
    #[error("{origin}: {why}")]
    Value {
        /// Where it stands.
        origin: SettingOrigin,
        /// What was expected, and how to mend it.
        why: String,
    },
}

/// Everything that is wrong with a configuration: at least one fault.
#[derive(Debug)]
pub struct Errors(pub(super) Vec<Error>);

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

impl std::error::Error for Errors {}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [error] = self.0.as_slice() {
            return error.fmt(f);
        }
        write!(f, "{} faults", self.0.len())?;
        for error in &self.0 {
            write!(f, "\n- {error}")?;
        }
        Ok(())
    }
}
