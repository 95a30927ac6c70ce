//! Which configuration file is read.

use std::{
    ffi::OsString,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The file of an installed package: read where it exists and no other one is named.
pub const DEFAULT_FILE: &str = "/etc/hallpass/hallpass.toml";
/// The environment variable that names another file. It is no setting.
pub const FILE_VARIABLE: &str = "HALLPASS_CONFIG";

/// The file to read: `named` on the command line, or in the environment (`variable`; empty counts as absent), or
/// `default` if it exists. One that exists and cannot be looked at is returned too: reading it says why.
pub fn find_file(named: Option<PathBuf>, variable: Option<OsString>, default: &Path) -> Option<PathBuf> {
    named
        .or_else(|| variable.filter(|name| !name.is_empty()).map(PathBuf::from))
        .or_else(|| {
            let is_absent = |error: std::io::Error| {
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
            };
            let absent = fs::metadata(default).is_err_and(is_absent);
            (!absent).then(|| default.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let default = dir.path().join("hallpass.toml");
        let find = |named: Option<&str>, variable: Option<&str>| {
            find_file(named.map(Into::into), variable.map(Into::into), &default)
        };
        assert_eq!(find(None, None), None);
        fs::write(&default, "").unwrap();
        assert_eq!(find(None, None), Some(default.clone()));
        assert_eq!(find(None, Some("")), Some(default.clone()));
        assert_eq!(find(None, Some("b")), Some("b".into()));
        assert_eq!(find(Some("a"), Some("b")), Some("a".into()));
    }
}
