//! The pages that users see. They receive plain values and contain all text; `tests` renders and
//! checks all of them.

pub mod account;
pub mod auto_post;
pub mod device_link;
pub mod email;
pub mod html;
pub mod logout_progress;
pub mod not_assigned;
pub mod notice;
pub mod part;
pub mod password;
pub mod password_link;
pub mod portal;
pub mod refusal;
pub mod script;
pub mod second_factor;
pub mod sign_in;
pub mod sign_out;

#[cfg(test)]
mod tests;
