//! Signing a user in: the pending sign-in, the password, the throttling, and the return to the application.

pub mod account;
pub mod begin_session;
pub mod challenge;
pub mod change_password;
pub mod credentials;
pub mod email_change;
mod email_undo;
pub mod enrolment;
pub(in crate::provider) mod gate;
pub mod new_factor;
mod next_step;
pub mod passkey;
pub mod passkey_enrolment;
pub mod passkey_sign_in;
pub mod password;
pub mod password_link;
pub mod pending;
mod recovery;
pub mod required_password;
pub mod resume;
pub mod second_factor;
pub(in crate::provider) mod throttle;
mod ticket;
