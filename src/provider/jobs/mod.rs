//! Work that is done outside of any request, by one worker of whichever replica comes first, and again if it fails.
//!
//! A new kind is a variant of `model::job::JobKind`, what it needs sealed by `new_job.rs`, and its deed in `worker.rs`.

mod backoff;
mod new_job;
pub mod outcome;
mod worker;
