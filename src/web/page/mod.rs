//! The pages that people see. They are given plain values and hold every word; a test looks at all of
//! them at once, in `tests.rs`.

pub mod device;
pub mod html;
pub mod leaving;
pub mod login;
pub mod notice;
pub mod onward;
pub mod part;
pub mod portal;
pub mod refused;
pub mod script;
pub mod sign_out;

#[cfg(test)]
mod tests;
