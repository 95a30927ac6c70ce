//! `/saml/start/{slug}` and `/saml/start?sp=ENTITY_ID`: IdP-initiated SSO.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use crate::{
    model::application::{EntityId, Slug},
    provider::saml::idp_initiated::{StartOutcome, StartTarget},
    web::{
        error::Error,
        layer::off_thread::off_thread,
        page::notice::NoticeKind,
        people::sign_in,
        respond,
        state::{Site, see_other},
    },
};

/// `sp` is the entity ID of the application.
#[derive(Deserialize)]
pub(in crate::web) struct StartQuery {
    sp: String,
}

pub(in crate::web) async fn by_slug(
    request: HttpRequest,
    site: Data<Site>,
    slug: Path<String>,
) -> Result<HttpResponse, Error> {
    start(&request, &site, Slug::parse(&slug).ok().map(StartTarget::Slug)).await
}

pub(in crate::web) async fn by_entity_id(
    request: HttpRequest,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let named = Query::<StartQuery>::from_query(request.query_string()).ok();
    let entity_id = named.and_then(|named| EntityId::parse(&named.sp).ok());
    start(&request, &site, entity_id.map(StartTarget::EntityId)).await
}

async fn start(
    request: &HttpRequest,
    site: &Data<Site>,
    start: Option<StartTarget>,
) -> Result<HttpResponse, Error> {
    let unknown = || site.notice(StatusCode::NOT_FOUND, NoticeKind::NotFound);
    let visitor = site.visitor(request);
    let started = off_thread(site, request, move |p| match start {
        Some(start) => p.start_idp_initiated(&start, &visitor),
        None if p.is_signed_in(&visitor)? => Ok(StartOutcome::Unknown),
        None => Ok(StartOutcome::SignIn),
    })
    .await?;
    Ok(match started {
        StartOutcome::Response(answer) => respond::saml_response(site, &answer),
        StartOutcome::Redirect(address) => see_other(&address).finish(),
        StartOutcome::SignIn => sign_in::sign_in_and_return(request, site).await?,
        StartOutcome::Refused(page) => respond::refusal(site, &page),
        StartOutcome::Unknown => unknown(),
    })
}
