//! The layers around every request: connections and their deadlines, tracing, headers, cookies,
//! protection against forged forms, and the bridge to blocking work.

pub(in crate::web) mod conditional;
pub(in crate::web) mod connection;
pub(in crate::web) mod cookie;
pub(in crate::web) mod csrf;
pub(in crate::web) mod headers;
pub(in crate::web) mod language;
pub(in crate::web) mod log_limiter;
pub(in crate::web) mod off_thread;
pub(in crate::web) mod permits;
pub(in crate::web) mod queue;
pub(in crate::web) mod request_id;
pub(in crate::web) mod trace;
pub(in crate::web) mod visitor;
