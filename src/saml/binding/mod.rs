//! The bindings: how messages travel.

pub mod inbound;
pub mod post;
pub mod raw_message;
pub mod redirect;
