//! A logout that has begun.

use chrono::TimeDelta;

use crate::model::{id::LogoutId, secret::Token};

/// How long a browser keeps the cookie of a logout.
pub(in crate::provider) const COOKIE_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// A logout that involves other applications: send the browser to `/logout/{id}`, and set the cookie.
#[derive(Debug, Eq, PartialEq)]
pub struct StartedLogout {
    /// Part of the URL.
    pub id: LogoutId,
    /// The value of a cookie of its own.
    pub browser: Token,
    /// How long the browser keeps the cookie: as long as there is a page to show.
    pub lifetime: TimeDelta,
}
