//! The metadata document and the key set: served from memory, without authentication.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, CacheControl, CacheDirective, EntityTag},
    web::Data,
};

use crate::{
    model::hash::sha256_hex,
    web::{error::Error, layer::conditional::respond_unless_held, state::Site},
};

/// For how long a client may keep what it fetched, in seconds: a key is published a day before it signs.
const MAX_AGE: u32 = 3600;

pub(in crate::web) async fn metadata(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let published = site.provider.oidc().published()?;
    Ok(document(&request, published.metadata.clone()))
}

pub(in crate::web) async fn jwks(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let published = site.provider.oidc().published()?;
    Ok(document(&request, published.jwks.clone()))
}

/// Anybody may read it, scripts of other sites too.
fn document(request: &HttpRequest, body: String) -> HttpResponse {
    let etag = EntityTag::new_strong(sha256_hex(&body));
    let caching = CacheControl(vec![CacheDirective::Public, CacheDirective::MaxAge(MAX_AGE)]);
    respond_unless_held(request, etag, caching, |response| {
        response
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .body(body)
    })
}
