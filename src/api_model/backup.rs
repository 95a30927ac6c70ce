//! Backups, what was restored, and what was moved.

use serde::Serialize;

/// A backup that was made, as `backup` prints it.
#[derive(Debug, Serialize)]
pub struct BackupOutput {
    pub file: String,
    pub bytes: u64,
    /// Of the encrypted file.
    pub sha256: String,
    pub tables: Vec<TableOutput>,
    /// Older backups that were removed.
    pub removed: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct TableOutput {
    pub name: &'static str,
    pub rows: i64,
}

/// What `restore` prints.
#[derive(Debug, Serialize)]
pub struct RestoreOutput {
    /// When the backup was made, and by which version.
    pub made_at: String,
    pub version: String,
    pub rows: i64,
    /// For how many applications a test assertion was signed and verified.
    pub proven: usize,
    /// What is wrong with rows that cannot be read.
    pub unreadable: Vec<String>,
}

/// What `move` prints.
#[derive(Debug, Serialize)]
pub struct MoveOutput {
    pub rows: i64,
}
