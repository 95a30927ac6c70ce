//! What is wrong with a line of a file, as JSON.

use serde::Serialize;

use crate::provider::csv_file::reader::LineNote;

#[derive(Debug, Serialize)]
pub struct NoteOutput<'a> {
    line: u64,
    message: &'a str,
}

impl<'a> From<&'a LineNote> for NoteOutput<'a> {
    fn from(note: &'a LineNote) -> Self {
        Self {
            line: note.line,
            message: &note.message,
        }
    }
}
