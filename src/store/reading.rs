//! How rows are read that may hold what this version does not know.

use crate::store::error::{Column, Error};

/// Whether a value that cannot be read is an error, or is left out and noted.
#[derive(Debug)]
pub(super) enum Reading {
    Strict,
    /// The columns that could not be read.
    Lenient(Vec<String>),
}

impl Reading {
    /// The value, or `otherwise` where it cannot be read and that is not an error.
    pub(super) fn value<T>(
        &mut self,
        column: &Column<'_>,
        value: Option<T>,
        otherwise: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        match (value, self) {
            (Some(value), _) => Ok(value),
            (None, Self::Strict) => Err(column.unreadable()),
            (None, Self::Lenient(lost)) => {
                lost.push(column.to_string());
                Ok(otherwise())
            }
        }
    }

    /// What was made of a row, or nothing where it cannot be read and that is not an error.
    pub(super) fn row<T>(&mut self, made: Result<T, Error>) -> Result<Option<T>, Error> {
        match (made, self) {
            (Ok(made), _) => Ok(Some(made)),
            (Err(error), Self::Lenient(lost)) if error.is_unreadable() => {
                lost.push(error.to_string());
                Ok(None)
            }
            (Err(error), Self::Strict | Self::Lenient(_)) => Err(error),
        }
    }
}
