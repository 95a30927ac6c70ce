//! The portal of a user.

use std::{collections::BTreeSet, fmt, str::FromStr};

use url::Url;

use crate::{
    access::{self, AccessDecision},
    model::{
        application::{Application, Slug, SpUrl},
        id::ApplicationId,
        user::UserSummary,
    },
    provider::{core::Provider, error::Error, visitor::Visitor},
};

/// What a click on a tile does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LaunchAction {
    /// Opens a URL at the application, which then sends an AuthnRequest.
    Bookmark,
    /// Sends an unsolicited Response.
    Unsolicited,
    /// Opens the application's own site, where the user starts the sign-in.
    ApplicationSite(String),
}

/// An application in the portal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tile {
    pub id: ApplicationId,
    pub slug: Slug,
    /// The display name.
    pub name: String,
    /// The host of the application.
    pub host: String,
    pub launch: LaunchAction,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Portal {
    pub user: UserSummary,
    /// The name in the greeting.
    pub greeting: String,
    /// A page of the applications that the user may use, by name.
    pub tiles: Vec<Tile>,
    /// Where the next page begins, if there is one.
    pub next: Option<TileKey>,
}

/// Which tiles to show.
#[derive(Clone, Debug, Default)]
pub struct PortalQuery {
    /// Those whose name contains this text, in whatever case.
    pub search: String,
    /// Those after this one.
    pub after: Option<TileKey>,
}

/// The place of a tile among all others, whether or not it is still there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TileKey {
    name: String,
    id: ApplicationId,
}

impl TileKey {
    fn is_before(&self, application: &Application) -> bool {
        (self.name.as_str(), self.id) < (application.name.as_str(), application.id)
    }
}

impl fmt::Display for TileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

impl FromStr for TileKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, name) = text.split_once(' ').ok_or(())?;
        Ok(Self {
            name: name.to_owned(),
            id: id.parse().map_err(|_bad_id| ())?,
        })
    }
}

/// How many tiles a page has.
const TILES_PER_PAGE: usize = 60;

impl Provider {
    /// The portal of the signed-in user; `None` if nobody is signed in.
    pub fn portal(&self, query: &PortalQuery, visitor: &Visitor) -> Result<Option<Portal>, Error> {
        let Some(active_session) = self.active_session(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let snapshot = self.fresh_snapshot()?;
        let assigned: BTreeSet<_> = self
            .store()
            .read(|tx| tx.applications_assigned_to(active_session.user.id))?
            .into_iter()
            .collect();
        let search = query.search.trim().to_lowercase();
        let mut usable = snapshot
            .applications
            .iter()
            .filter(|application| query.after.as_ref().is_none_or(|key| key.is_before(application)))
            .filter(|application| search.is_empty() || application.name.to_lowercase().contains(&search))
            .filter(|application| {
                let is_assigned = assigned.contains(&application.id);
                access::decide(&active_session.user, application, is_assigned) == AccessDecision::Allowed
            })
            .peekable();
        let page: Vec<_> = usable.by_ref().take(TILES_PER_PAGE).collect();
        let next = match (page.last(), usable.peek()) {
            (Some(last), Some(_more)) => Some(TileKey {
                name: last.name.clone(),
                id: last.id,
            }),
            (_, _) => None,
        };
        Ok(Some(Portal {
            user: UserSummary::from(&active_session.user),
            greeting: active_session.user.names.greeting().to_owned(),
            tiles: page.into_iter().map(|application| tile_of(application)).collect(),
            next,
        }))
    }
}

fn tile_of(application: &Application) -> Tile {
    let launch = launch_application(application);
    let host = match &launch {
        LaunchAction::ApplicationSite(site) => Url::parse(site)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default(),
        LaunchAction::Bookmark | LaunchAction::Unsolicited => application
            .tile_url
            .as_ref()
            .or_else(|| application.default_response_url())
            .map(SpUrl::host)
            .unwrap_or_default(),
    };
    Tile {
        id: application.id,
        slug: application.slug.clone(),
        name: application.name.clone(),
        host,
        launch,
    }
}

fn launch_application(application: &Application) -> LaunchAction {
    if application.tile_url.is_some() {
        LaunchAction::Bookmark
    } else if application.saml().is_some_and(|sp| sp.allow_idp_initiated) {
        LaunchAction::Unsolicited
    } else {
        LaunchAction::ApplicationSite(application.site_url())
    }
}
