//! Groups as CSV: read, compared with what is stored, written as one change; and the other way. Who is in a group is a
//! column of people's file.

mod apply;
pub mod export;
pub mod plan;
pub mod row;
