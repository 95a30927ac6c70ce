//! How messages travel.

pub mod redirect;
