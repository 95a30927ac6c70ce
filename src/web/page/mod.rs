//! The pages that people see. They are given plain values and hold every word; a test looks at all of
//! them at once, in `tests.rs`.

pub mod auto_post;
pub mod device_link;
pub mod html;
pub mod logout_progress;
pub mod notice;
pub mod part;
pub mod portal;
pub mod refusal;
pub mod script;
pub mod sign_in;
pub mod sign_out;

#[cfg(test)]
mod tests;
