//! `/saml/start/{slug}` and `/saml/start?sp=ENTITY_ID`: a sign-on that begins here.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use crate::{
    model::application::{EntityId, Slug},
    provider::saml::start::{Start, Started},
    web::{
        error::Error,
        login,
        off_thread::off_thread,
        page::notice::NoticeKind,
        respond,
        state::{Site, see_other},
    },
};

/// Which application is meant.
#[derive(Deserialize)]
pub(in crate::web) struct Named {
    sp: String,
}

pub(in crate::web) async fn by_slug(
    request: HttpRequest,
    site: Data<Site>,
    slug: Path<String>,
) -> Result<HttpResponse, Error> {
    start(&request, &site, Slug::parse(&slug).ok().map(Start::Slug)).await
}

pub(in crate::web) async fn by_entity_id(
    request: HttpRequest,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let named = Query::<Named>::from_query(request.query_string()).ok();
    let entity_id = named.and_then(|named| EntityId::parse(&named.sp).ok());
    start(&request, &site, entity_id.map(Start::EntityId)).await
}

async fn start(
    request: &HttpRequest,
    site: &Data<Site>,
    start: Option<Start>,
) -> Result<HttpResponse, Error> {
    let unknown = || site.notice(StatusCode::NOT_FOUND, NoticeKind::NotFound);
    let visitor = site.visitor(request);
    let started = off_thread(site, request, move |p| match start {
        Some(start) => p.start(&start, &visitor),
        None if p.is_signed_in(&visitor)? => Ok(Started::Unknown),
        None => Ok(Started::LogIn),
    })
    .await?;
    Ok(match started {
        Started::Answer(answer) => respond::answer(site, &answer),
        Started::Open(address) => see_other(&address).finish(),
        Started::LogIn => login::first(request, site).await?,
        Started::Refused(page) => respond::refused(site, &page),
        Started::Unknown => unknown(),
    })
}
