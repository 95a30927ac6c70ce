//! A user signs in: the pending sign-in, the password, the throttle, and the way back to the application.

pub mod password;
pub mod pending;
pub mod resume;
pub(in crate::provider) mod throttle;
