//! CSV files: what a cell holds, the rows of a file, and what only one row can have.

pub mod cell;
pub mod export_error;
pub mod reader;
pub mod repeated;
