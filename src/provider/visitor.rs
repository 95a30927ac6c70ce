//! Who stands at the door: what a browser brought along.

use std::net::IpAddr;

use crate::model::secret::Token;

/// One request's visitor.
#[derive(Debug)]
pub struct Visitor {
    /// The session cookie.
    pub session: Option<Token>,
    /// There is no session cookie, and this need not mean anything: with a form from another site a browser
    /// sends no cookie that is `SameSite=Lax`.
    pub session_may_be_hidden: bool,
    /// The browser's own cookie, which it has before anybody signs in.
    pub browser: Option<Token>,
    /// The cookie of the redirect that follows a form of another site.
    pub posted: Option<Token>,
    /// The browser goes to us as a whole, and does not load us into a page: what it says in `Sec-Fetch-Dest`; one
    /// that says nothing is taken at its word.
    pub is_navigation: bool,
    /// The cookie of a device on which somebody has signed in before.
    pub device: Option<Token>,
    /// The client's address.
    pub address: IpAddr,
    /// The request's id, for logs and the audit trail.
    pub request_id: String,
}
