//! How rows are read that may contain values that this version does not know.

use crate::store::error::{Column, Error};

/// Whether an unreadable value is an error, or is replaced and recorded.
#[derive(Debug)]
pub(super) enum Reading {
    Strict,
    /// The columns that could not be read.
    Lenient(Vec<String>),
}

impl Reading {
    /// The value if it could be read; otherwise an error, or `otherwise` if lenient.
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

    /// The value that was read from a row; if it is unreadable an error, or `None` if lenient.
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
