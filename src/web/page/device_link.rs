//! A link of an administrator: this browser is known from now on.

use askama::Template;

use crate::web::page::part::Brand;

/// Asks before the link is used up; it posts `csrf` to its own address. It says nothing of whose it is.
#[derive(Clone, Debug, Template)]
#[template(path = "device.html", config = "src/web/askama.toml")]
pub struct DeviceLinkPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// What stands in the address.
    pub link: &'a str,
    /// The token against forged forms.
    pub csrf: &'a str,
}
