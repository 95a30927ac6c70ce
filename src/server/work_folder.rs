//! Folders for what is not encrypted while a backup is made or restored.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::files;

const PREFIX: &str = ".work-";
const LOCK_NAME: &str = "lock";

/// A folder that only this user can enter, and that goes with this value. It is locked for as long, so that what a
/// process that was killed has left behind is told from what is in use.
#[derive(Debug)]
pub(super) struct WorkFolder {
    folder: TempDir,
    _lock: Option<File>,
}

impl WorkFolder {
    /// A new one in `folder`. Removes those that nobody uses any more.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        remove_abandoned(folder);
        let work = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(folder)
            .with_context(|| format!("cannot write to {}", folder.display()))?;
        let lock = files::lock(&work.path().join(LOCK_NAME))?;
        Ok(Self {
            folder: work,
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the work folders in `folder` whose process has ended: they may hold a database, and the key of one.
pub(super) fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // One without a lock is being made just now.
        let lock = entry.path().join(LOCK_NAME);
        if is_ours && is_folder && lock.exists() && matches!(files::lock(&lock), Ok(Some(_))) {
            let (folder, removed) = (entry.path(), fs::remove_dir_all(entry.path()));
            let folder = folder.display();
            if let Err(error) = removed {
                tracing::warn!(%folder, %error, "what a command that was cut short has left cannot be removed");
            } else {
                tracing::warn!(%folder, "what a command that was cut short had left was removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_abandoned_is_removed_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let used = WorkFolder::new(dir.path()).unwrap();
        assert_eq!(
            fs::metadata(used.path()).unwrap().permissions().mode() & 0o777,
            0o700
        );
        let abandoned = dir.path().join(".work-abc");
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join(LOCK_NAME), "").unwrap();
        fs::write(abandoned.join("backup.db"), "secret").unwrap();
        let second = WorkFolder::new(dir.path()).unwrap();
        assert!(!abandoned.exists() && used.path().exists());
        let path = second.path().to_owned();
        drop(second);
        assert!(!path.exists());
    }
}
