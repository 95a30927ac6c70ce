//! The portal: the applications that a user may open.

use askama::Template;

use crate::web::page::part::{AppMark, PageContext, UserMark};

/// How an application is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TileKind {
    /// From the portal: one click, and the user is signed in there.
    Launch,
    /// At its own site, where the user begins the sign-in: it accepts no unsolicited Response, and
    /// has no address that begins SSO.
    ApplicationSite,
}

/// An application on the portal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tile {
    pub mark: AppMark,
    /// Shown below the name.
    pub host: String,
    /// The target of the link.
    pub address: String,
    pub kind: TileKind,
}

impl Tile {
    fn is_launchable(&self) -> bool {
        match self.kind {
            TileKind::Launch => true,
            TileKind::ApplicationSite => false,
        }
    }
}

/// The way to the tiles that are not on this page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paging {
    /// The text that was searched for.
    pub search: String,
    /// The link back to the first page, on all others.
    pub first: Option<String>,
    /// The link to the next page, on all but the last.
    pub next: Option<String>,
}

/// The user's applications; its sign-out button posts `csrf` to `/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "portal.html", config = "src/web/askama.toml")]
pub struct PortalPage<'a> {
    pub page: PageContext,
    pub user: UserMark,
    /// The name in the greeting.
    pub greeting: &'a str,
    /// In the order in which they are shown.
    pub tiles: Vec<Tile>,
    /// Only if not all tiles are on this page.
    pub paging: Option<Paging>,
    pub csrf: &'a str,
}

impl PortalPage<'_> {
    /// Whether the user has no applications at all, as far as this page knows.
    fn has_nothing(&self) -> bool {
        self.tiles.is_empty() && self.paging.is_none()
    }

    fn launchable_count(&self) -> usize {
        self.tiles.iter().filter(|tile| tile.is_launchable()).count()
    }
}
