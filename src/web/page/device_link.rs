//! The page behind an administrator's link that makes this browser a known device.

use askama::Template;

use crate::web::page::part::PageContext;

/// Asks before the link is used up; it posts `csrf` to its own address. It does not say whose link
/// it is.
#[derive(Clone, Debug, Template)]
#[template(path = "device_link.html", config = "src/web/askama.toml")]
pub struct DeviceLinkPage<'a> {
    pub page: PageContext,
    /// The part of the address that identifies the link.
    pub link: &'a str,
    pub csrf: &'a str,
}
