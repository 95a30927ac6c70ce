//! The audit log: one row per decision. Refusals that anybody can cause are folded into rows with a count.

mod chain;
pub(in crate::provider) mod changes;
pub mod codes;
mod erasure;
pub mod explain;
mod record;
pub(in crate::provider) mod refusal_counter;
pub mod verify;
