//! A person's own page, and what a click on a tile does.

use url::Url;

use crate::{
    access::{self, Access},
    model::{
        application::{AcsUrl, Application, Slug},
        endpoint::path,
        id::ApplicationId,
    },
    provider::{
        Provider,
        error::Error,
        saml::{
            answer::{Answer, Answered, Person, Question},
            refuse::{Instead, RefusedPage},
        },
        sign_off,
        visitor::Visitor,
    },
    saml::authn_context,
};

/// What a click on a tile does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Launch {
    /// Opens an address at the application, which then asks us.
    Bookmark,
    /// Sends a response that nobody asked for.
    Unsolicited,
    /// Opens the application's own site, where the person begins the sign-in.
    Elsewhere(String),
}

/// An application on a person's page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tile {
    /// Which.
    pub id: ApplicationId,
    /// Its name in addresses here.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// The host it lives on.
    pub host: String,
    /// What a click does.
    pub launch: Launch,
}

/// A person's page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Portal {
    /// Whose.
    pub person: Person,
    /// What they are greeted by.
    pub greeting: String,
    /// What they may use.
    pub tiles: Vec<Tile>,
}

/// What became of a click.
#[derive(Debug)]
pub enum Launched {
    /// Send the browser there.
    Open(String),
    /// Post this.
    Answer(Box<Answer>),
    /// Nobody is signed in.
    LogIn,
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
    /// There is no such application, or this person has none of that name.
    Unknown,
}

impl Provider {
    /// The page of whoever is signed in; none if nobody is.
    pub fn portal(&self, visitor: &Visitor) -> Result<Option<Portal>, Error> {
        let Some(live) = self.live(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let snapshot = self.current()?;
        let tiles = snapshot
            .applications
            .iter()
            .filter(|application| access::decide(&live.user, application) == Access::Allow)
            .map(|application| tile(application))
            .collect();
        Ok(Some(Portal {
            person: Person::of(&live),
            greeting: live.user.names.greeting().to_owned(),
            tiles,
        }))
    }

    /// Opens an application from its tile.
    pub fn launch(&self, slug: &Slug, visitor: &Visitor) -> Result<Launched, Error> {
        let snapshot = self.current()?;
        let Some(application) = snapshot.by_slug(slug) else {
            return Ok(if self.is_signed_in(visitor)? {
                Launched::Unknown
            } else {
                Launched::LogIn
            });
        };
        let Some(live) = self.live_at(visitor.session.as_ref(), application.id)? else {
            return Ok(Launched::LogIn);
        };
        if access::decide(&live.user, application) != Access::Allow {
            return Ok(Launched::Unknown);
        }
        match (
            launch(application),
            &application.tile_url,
            application.saml.default_consumer(),
        ) {
            (Launch::Bookmark, Some(tile_url), _) => Ok(Launched::Open(tile_url.as_str().to_owned())),
            // Its page says why not.
            (Launch::Unsolicited, _, Some(_)) if application.is_expired(self.now()) => {
                Ok(Launched::Open(format!("{}/{slug}", path::START)))
            }
            (Launch::Unsolicited, _, Some(consumer)) => {
                let question = Question {
                    application,
                    request_id: None,
                    consumer,
                    relay_state: application.saml.default_relay_state.clone(),
                    name_id_format: application.saml.name_id_format,
                    context_class: authn_context::OURS,
                    unchecked_signature: false,
                };
                match self.answer(&snapshot, question, &live, visitor)? {
                    Answered::Answer(answer) | Answered::Instead(Instead::Status(answer)) => {
                        Ok(Launched::Answer(answer))
                    }
                    Answered::Replayed => Ok(Launched::Unknown),
                    Answered::Ended => Ok(Launched::LogIn),
                    Answered::Instead(Instead::Page(page)) => Ok(Launched::Refused(page)),
                }
            }
            (Launch::Bookmark | Launch::Unsolicited | Launch::Elsewhere(_), _, _) => Ok(Launched::Unknown),
        }
    }
}

fn tile(application: &Application) -> Tile {
    let launch = launch(application);
    let host = match &launch {
        Launch::Elsewhere(site) => Url::parse(site)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default(),
        Launch::Bookmark | Launch::Unsolicited => application
            .tile_url
            .as_ref()
            .or_else(|| application.saml.default_consumer())
            .map(AcsUrl::host)
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

fn launch(application: &Application) -> Launch {
    if application.tile_url.is_some() {
        Launch::Bookmark
    } else if application.saml.allow_idp_initiated {
        Launch::Unsolicited
    } else {
        Launch::Elsewhere(sign_off::front_door(application))
    }
}
