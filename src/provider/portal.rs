//! The portal of a user.

use url::Url;

use crate::{
    access::{self, AccessDecision},
    model::{
        application::{Application, Slug, SpUrl},
        id::ApplicationId,
        user::UserSummary,
    },
    provider::{Provider, error::Error, visitor::Visitor},
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
    /// The applications that the user may use.
    pub tiles: Vec<Tile>,
}

impl Provider {
    /// The portal of the signed-in user; `None` if nobody is signed in.
    pub fn portal(&self, visitor: &Visitor) -> Result<Option<Portal>, Error> {
        let Some(active_session) = self.active_session(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let snapshot = self.fresh_snapshot()?;
        let tiles = snapshot
            .applications
            .iter()
            .filter(|application| {
                access::decide(&active_session.user, application) == AccessDecision::Allowed
            })
            .map(|application| tile_of(application))
            .collect();
        Ok(Some(Portal {
            user: UserSummary::from(&active_session.user),
            greeting: active_session.user.names.greeting().to_owned(),
            tiles,
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
            .or_else(|| application.saml.default_acs())
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
    } else if application.saml.allow_idp_initiated {
        LaunchAction::Unsolicited
    } else {
        LaunchAction::ApplicationSite(application.site_url())
    }
}
