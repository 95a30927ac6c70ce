//! The portal of a user, and what a click on a tile does.

use url::Url;

use crate::{
    access::{self, AccessDecision},
    model::{
        application::{Application, Slug, SpUrl},
        endpoint::path,
        id::ApplicationId,
    },
    provider::{
        Provider,
        error::Error,
        logout::sign_out,
        saml::{
            refusal::{RefusalOutcome, RefusedPage},
            response::{ResponseOutcome, ResponseRequest, SamlResponse, UserSummary},
        },
        visitor::Visitor,
    },
    saml::authn_context,
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

/// The outcome of a click.
#[derive(Debug)]
pub enum LaunchOutcome {
    /// Send the browser to this URL.
    Redirect(String),
    /// Let the browser post this.
    Response(Box<SamlResponse>),
    /// Nobody is signed in.
    SignIn,
    /// Show our own page with the reason.
    Refused(Box<RefusedPage>),
    /// There is no such application, or the user may not use it.
    Unknown,
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
            user: UserSummary::from_session(&active_session),
            greeting: active_session.user.names.greeting().to_owned(),
            tiles,
        }))
    }

    /// Opens an application from its tile.
    pub fn launch_application(&self, slug: &Slug, visitor: &Visitor) -> Result<LaunchOutcome, Error> {
        let snapshot = self.fresh_snapshot()?;
        let Some(application) = snapshot.by_slug(slug) else {
            return Ok(if self.is_signed_in(visitor)? {
                LaunchOutcome::Unknown
            } else {
                LaunchOutcome::SignIn
            });
        };
        let Some(active_session) = self.active_session_at(visitor.session.as_ref(), application.id)? else {
            return Ok(LaunchOutcome::SignIn);
        };
        if access::decide(&active_session.user, application) != AccessDecision::Allowed {
            return Ok(LaunchOutcome::Unknown);
        }
        match (
            launch_application(application),
            &application.tile_url,
            application.saml.default_acs(),
        ) {
            (LaunchAction::Bookmark, Some(tile_url), _) => {
                Ok(LaunchOutcome::Redirect(tile_url.as_str().to_owned()))
            }
            // The page at this URL explains why not.
            (LaunchAction::Unsolicited, _, Some(_)) if application.is_metadata_expired(self.now()) => {
                Ok(LaunchOutcome::Redirect(format!("{}/{slug}", path::START)))
            }
            (LaunchAction::Unsolicited, _, Some(acs)) => {
                let response_request = ResponseRequest {
                    application,
                    request_id: None,
                    acs,
                    relay_state: application.saml.default_relay_state.clone(),
                    name_id_format: application.saml.name_id_format,
                    authn_context_class: authn_context::PROVIDED_CLASS,
                    unchecked_signature: false,
                };
                match self.respond(&snapshot, response_request, &active_session, visitor)? {
                    ResponseOutcome::Response(answer)
                    | ResponseOutcome::Refused(RefusalOutcome::Status(answer)) => {
                        Ok(LaunchOutcome::Response(answer))
                    }
                    ResponseOutcome::Replayed => Ok(LaunchOutcome::Unknown),
                    ResponseOutcome::SessionEnded => Ok(LaunchOutcome::SignIn),
                    ResponseOutcome::Refused(RefusalOutcome::RefusedPage(page)) => {
                        Ok(LaunchOutcome::Refused(page))
                    }
                }
            }
            (LaunchAction::Bookmark | LaunchAction::Unsolicited | LaunchAction::ApplicationSite(_), _, _) => {
                Ok(LaunchOutcome::Unknown)
            }
        }
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
        LaunchAction::ApplicationSite(sign_out::launch_url(application))
    }
}
