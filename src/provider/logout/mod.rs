//! A session ends, here and at everybody who took part.

pub(in crate::provider) mod end_sessions;
pub mod sign_out;
