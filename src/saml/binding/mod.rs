//! How messages travel.

pub mod inbound;
pub mod post;
pub mod redirect;
