//! Ends a session, here and at every application that took part in it.

pub(in crate::provider) mod end_sessions;
pub mod sign_out;
pub mod started_logout;
