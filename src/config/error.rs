//! What can be wrong with a configuration. No message contains a value that may be secret.

use std::{fmt, io, path::PathBuf};

/// Where a value was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SettingOrigin {
    /// Nowhere; the default applies.
    Default,
    File {
        path: PathBuf,
        /// From 1.
        line: usize,
        key: String,
    },
    Variable(String),
}

impl SettingOrigin {
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

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the configuration {} cannot be read: {why}{}", path.display(), unreadable_hint(why))]
    Unreadable {
        path: PathBuf,
        /// The error of the system.
        why: io::Error,
    },
    #[error("{}:{line}: this is not TOML: {why}", path.display())]
    NotToml {
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What the parser says; never the text itself.
        why: String,
    },
    #[error("{origin} is not a setting{hint}; docs/configuration.md lists them all")]
    Unknown {
        origin: SettingOrigin,
        /// The setting that may have been meant.
        hint: String,
    },
    /// A value that is not accepted.
    #[error("{origin}: {why}")]
    Value {
        origin: SettingOrigin,
        /// What was expected, and how to fix it.
        why: String,
    },
}

/// What to do where a file cannot be read.
fn unreadable_hint(why: &io::Error) -> &'static str {
    if why.kind() == io::ErrorKind::PermissionDenied {
        "; the user of the service must be able to read it (chgrp hallpass FILE && chmod 640 FILE, as root), and everybody else runs commands with sudo"
    } else {
        ""
    }
}

/// Every error of a configuration: at least one.
#[derive(Debug)]
pub struct Errors(pub(super) Vec<Error>);

impl Errors {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Error> {
        self.0.iter()
    }
}

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
        write!(f, "{} errors", self.0.len())?;
        for error in &self.0 {
            write!(f, "\n- {error}")?;
        }
        Ok(())
    }
}
