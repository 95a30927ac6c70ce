//! Everything that is tested from outside: one binary, so one link.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod attacks;
mod cli;
mod layers;
mod login;
mod logout;
mod operating;
mod publish;
mod response;
mod schemas;
mod sign_on;
mod sign_on_again;
mod sign_on_signed;
mod sign_on_wishes;
mod support;
mod throttle;
