//! What a person may open.

use askama::Template;

use crate::web::page::part::{AppMark, Brand, UserMark};

/// How an application is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TileKind {
    /// From here: one click, and the person is signed in there.
    Launch,
    /// At its own site, where the person begins the sign-in: it takes no answer that it did not ask for, and has no
    /// address that begins one.
    ApplicationSite,
}

/// An application on the portal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tile {
    /// Name, letters and colour.
    pub mark: AppMark,
    /// A word below the name: the host.
    pub host: String,
    /// Where a click leads.
    pub address: String,
    /// How it is opened.
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

/// The person's applications; its sign-out posts `csrf` to `/logout`.
#[derive(Clone, Debug, Template)]
#[template(path = "portal.html", config = "src/web/askama.toml")]
pub struct PortalPage<'a> {
    /// Whose provider this is.
    pub brand: Brand<'a>,
    /// Who is signed in.
    pub user: UserMark,
    /// How the person is greeted.
    pub greeting: &'a str,
    /// In the order in which they are shown.
    pub tiles: Vec<Tile>,
    /// The token against forged forms.
    pub csrf: &'a str,
}

impl PortalPage<'_> {
    fn launchable_count(&self) -> usize {
        self.tiles.iter().filter(|tile| tile.is_launchable()).count()
    }

    fn introduction(&self) -> &'static str {
        match self.launchable_count() {
            0 => "You are signed in.",
            1 => "One click opens it, already signed in.",
            _ => "One click opens each, already signed in.",
        }
    }
}
