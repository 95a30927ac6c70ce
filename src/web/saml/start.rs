//! `/saml/start/{slug}` and `/saml/start?sp=ENTITY_ID`: IdP-initiated SSO.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query},
};
use serde::Deserialize;

use crate::{
    model::application::{EntityId, Slug},
    provider::saml::idp_initiated::StartTarget,
    web::{error::Error, layer::off_thread::off_thread, people::outcome, state::Site},
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
    let visitor = site.visitor(request);
    let outcome = off_thread(site, request, move |p| {
        p.saml().start_sign_in(start.as_ref(), &visitor)
    })
    .await?;
    outcome::respond(site, request, outcome, None).await
}
