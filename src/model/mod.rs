//! Domain types: plain values that every module shares. No I/O, no protocol, no SQL.

pub mod application;
pub mod attribute;
pub mod audit;
pub mod chatgpt;
pub mod endpoint;
pub mod explanation;
pub mod id;
pub mod installation;
pub mod key;
pub mod logout;
pub mod metadata_source;
pub mod name_id;
pub mod participant;
pub mod policy;
pub mod preset;
pub mod reference;
pub mod request_details;
pub mod response_options;
pub mod rollover;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod text;
pub mod throttle;
pub mod unreadable;
pub mod user;
