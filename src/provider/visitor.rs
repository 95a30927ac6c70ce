//! The cookies and the circumstances of a request.

use std::net::IpAddr;

use crate::model::secret::Token;

/// The sender of a request: cookies, address and circumstances.
#[derive(Debug)]
pub struct Visitor {
    pub session: Option<Token>,
    /// There is no session cookie, but there may be a session: with a form of another site, a browser sends no cookie
    /// that is `SameSite=Lax`.
    pub session_may_be_hidden: bool,
    /// The browser's own cookie, which it has before anybody signs in.
    pub browser: Option<Token>,
    /// The cookie for the redirect after a form of another site.
    pub posted: Option<Token>,
    /// The request is a navigation of the top-level page, not of a frame, according to `Sec-Fetch-Dest`; without that
    /// header, it counts as one.
    pub is_navigation: bool,
    /// The cookie of a device on which a user has signed in before.
    pub device: Option<Token>,
    pub address: IpAddr,
    /// The browser in words, if its `User-Agent` is known.
    pub browser_name: Option<String>,
    /// For logs and the audit log.
    pub request_id: String,
}
