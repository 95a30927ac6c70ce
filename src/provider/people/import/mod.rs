//! People and their groups as CSV: read, compared with what is stored, written as one change; and the other way.

mod apply;
pub mod email_effects;
pub mod export;
mod known;
pub mod plan;
pub mod row;
