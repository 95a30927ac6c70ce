//! `/` and `/launch/{slug}`: the person's own page, and a click on a tile.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};

use crate::{
    model::{application::Slug, endpoint::path},
    provider::portal::{Launch, Launched},
    web::{
        error::Error,
        login, logout,
        off_thread::off_thread,
        page::{
            html::Page,
            notice::NoticeKind,
            portal::{Portal, Tile, TileKind},
        },
        respond,
        state::{Site, see_other},
    },
};

pub(super) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let Some(portal) = off_thread(&site, &request, move |p| p.portal(&visitor)).await? else {
        if let Some(led_on) = logout::waiting_here(&request, &site).await? {
            return Ok(led_on);
        }
        // Browsers pass over a page that went on by itself: from an application that broke while it signed
        // somebody out, Back leads here.
        let cookies = site.cookies.all_leaving(&request);
        let running = if cookies.is_empty() {
            None
        } else {
            off_thread(&site, &request, move |p| p.running_logout(&cookies)).await?
        };
        return Ok(running.map_or_else(|| see_other(path::LOGIN).finish(), logout::go_on));
    };
    let tiles = portal.tiles.iter().map(|tile| {
        let (kind, address) = match &tile.launch {
            Launch::Bookmark | Launch::Unsolicited => {
                (TileKind::Launch, format!("{}{}", path::LAUNCH, tile.slug))
            }
            Launch::Elsewhere(site) => (TileKind::Elsewhere, site.clone()),
        };
        Tile {
            mark: respond::mark(tile.id, &tile.name),
            note: tile.host.clone(),
            address,
            kind,
        }
    });
    Ok(site.form_page(&request, StatusCode::OK, |csrf| {
        Portal {
            brand: site.brand(),
            person: respond::person(&portal.person),
            greeting: &portal.greeting,
            tiles: tiles.collect(),
            csrf,
        }
        .html()
    }))
}

pub(super) async fn launch(
    request: HttpRequest,
    site: Data<Site>,
    slug: Path<String>,
) -> Result<HttpResponse, Error> {
    let unknown = || site.notice(StatusCode::NOT_FOUND, NoticeKind::NotFound);
    let slug = Slug::parse(&slug).ok();
    if comes_from_elsewhere(&request) {
        // A link on another site must not sign anybody in somewhere: the person clicks on the tile.
        return Ok(see_other(path::PORTAL).finish());
    }
    let visitor = site.visitor(&request);
    let launched = off_thread(&site, &request, move |p| match slug {
        Some(slug) => p.launch(&slug, &visitor),
        None if p.is_signed_in(&visitor)? => Ok(Launched::Unknown),
        None => Ok(Launched::LogIn),
    })
    .await?;
    Ok(match launched {
        Launched::Open(address) => see_other(&address).finish(),
        Launched::Answer(answer) => respond::answer(&site, &answer),
        Launched::LogIn => login::first(&request, &site).await?,
        Launched::Refused(page) => respond::refused(&site, &page),
        Launched::Unknown => unknown(),
    })
}

/// Whether another site sent the browser here; one that says nothing is taken at its word.
fn comes_from_elsewhere(request: &HttpRequest) -> bool {
    request
        .headers()
        .get_all("sec-fetch-site")
        .any(|site| site != "same-origin" && site != "none")
}
