//! `/` and `/launch/{slug}`: the portal, and a click on one of its tiles.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::{
    model::{application::Slug, endpoint::path},
    provider::{
        portal::{LaunchAction, PortalQuery, TileKey},
        saml::idp_initiated::StartTarget,
    },
    web::{
        error::Error,
        layer::off_thread::off_thread,
        page::{
            html::Page,
            portal::{Paging, PortalPage, Tile, TileKind},
        },
        people::{logout, outcome, steps},
        respond,
        state::{Site, see_other},
    },
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let parameters = Query::<PortalParameters>::from_query(request.query_string());
    let PortalParameters { q, after } = parameters.map(Query::into_inner).unwrap_or_default();
    let query = PortalQuery {
        search: q.chars().take(MAX_SEARCH).collect(),
        after: after.parse().ok(),
    };
    let for_step = site.visitor(&request);
    if off_thread(&site, &request, move |p| {
        p.sign_in().lacks_second_factor(&for_step)
    })
    .await?
    {
        return Ok(see_other(&steps::second_factor_address(None)).finish());
    }
    let page_query = query.clone();
    let Some(portal) = off_thread(&site, &request, move |p| p.portal(&query, &visitor)).await? else {
        if let Some(response) = logout::pending_logout(&request, &site).await? {
            return Ok(response);
        }
        // In browsers, Back skips a page that forwarded by itself: from an application that failed
        // during a logout, it leads here.
        let cookies = site.cookies.all_logouts(&request);
        let running = if cookies.is_empty() {
            None
        } else {
            off_thread(&site, &request, move |p| p.logout().running_logout(&cookies)).await?
        };
        return Ok(running.map_or_else(|| see_other(path::SIGN_IN).finish(), logout::redirect_to_progress));
    };
    let tiles = portal.tiles.iter().map(|tile| {
        let (kind, address) = match &tile.launch {
            LaunchAction::Bookmark | LaunchAction::Unsolicited => {
                (TileKind::Launch, format!("{}{}", path::LAUNCH, tile.slug))
            }
            LaunchAction::ApplicationSite(site) => (TileKind::ApplicationSite, site.clone()),
        };
        Tile {
            mark: respond::app_mark(tile.id, &tile.name),
            host: tile.host.clone(),
            address,
            kind,
        }
    });
    Ok(site.form_page(&request, StatusCode::OK, |csrf| {
        PortalPage {
            page: site.page_context(&request),
            user: respond::user_mark(&portal.user),
            greeting: &portal.greeting,
            tiles: tiles.collect(),
            paging: paging(&page_query, portal.next.as_ref()),
            csrf,
        }
        .html()
    }))
}

/// The parameters of `/`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PortalParameters {
    q: String,
    after: String,
}

/// Characters of a search; no name is longer.
const MAX_SEARCH: usize = 100;

/// The search and the links to other pages; `None` if all tiles are on this page.
fn paging(page_query: &PortalQuery, next: Option<&TileKey>) -> Option<Paging> {
    if page_query.search.is_empty() && page_query.after.is_none() && next.is_none() {
        return None;
    }
    let address = |after: Option<&TileKey>| {
        let mut query = Serializer::new(String::new());
        if !page_query.search.is_empty() {
            query.append_pair("q", &page_query.search);
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        format!("{}?{}", path::PORTAL, query.finish())
    };
    Some(Paging {
        search: page_query.search.clone(),
        first: page_query.after.as_ref().map(|_here| address(None)),
        next: next.map(|next| address(Some(next))),
    })
}

pub(in crate::web) async fn launch(
    request: HttpRequest,
    site: Data<Site>,
    slug: Path<String>,
) -> Result<HttpResponse, Error> {
    let target = Slug::parse(&slug).ok().map(StartTarget::Tile);
    if is_cross_site(&request) {
        // A link on another site must not sign a user in to an application: the user has to click
        // on the tile.
        return Ok(see_other(path::PORTAL).finish());
    }
    let visitor = site.visitor(&request);
    let outcome = off_thread(&site, &request, move |p| {
        p.saml().start_sign_in(target.as_ref(), &visitor)
    })
    .await?;
    outcome::respond(&site, &request, outcome, None).await
}

/// Whether another site sent the browser here; if the browser does not say, none did.
fn is_cross_site(request: &HttpRequest) -> bool {
    request
        .headers()
        .get_all("sec-fetch-site")
        .any(|site| site != "same-origin" && site != "none")
}
