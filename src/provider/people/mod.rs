//! Users: adding, changing and deleting them, and the link that makes a browser a known device.

pub mod conflict;
pub mod deletion;
pub mod device_link;
pub mod second_factors;
mod role;
pub mod users;
