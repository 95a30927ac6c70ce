//! Signing a user in: the pending sign-in, the password, the throttling, and the return to the application.

pub mod begin_session;
pub mod change_password;
pub mod credentials;
pub(in crate::provider) mod gate;
pub mod password;
pub mod pending;
pub mod required_password;
pub mod resume;
pub(in crate::provider) mod throttle;
