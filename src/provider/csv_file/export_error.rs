//! Why an export fails.

use crate::provider::error::Error;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Provider(#[from] Error),
    #[error("the export cannot be written")]
    Write(#[from] csv::Error),
}
