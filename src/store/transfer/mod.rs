//! Copies everything that is stored from one database to another one, of either kind.

pub(super) mod copy;
mod manifest;
pub(super) mod table;

pub use self::{copy::CopiedTable, table::TableContent};
