//! The endpoints at which clients authenticate: token, introspection, revocation. Browsers of people never see them.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::WWW_AUTHENTICATE,
    web::{Data, Payload},
};

use crate::{
    provider::{
        Provider,
        error::Error as ProviderError,
        oidc::token::{ClientRequest, ClientResponse},
        visitor::Visitor,
    },
    web::{error::Error, layer::off_thread::off_thread, oidc::read::read_client_request, state::Site},
};

pub(in crate::web) async fn token(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    respond(&request, payload, &site, |p, asked, visitor| {
        p.oidc().receive_token_request(asked, visitor)
    })
    .await
}

pub(in crate::web) async fn introspect(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    respond(&request, payload, &site, |p, asked, visitor| {
        p.oidc().introspect(asked, visitor)
    })
    .await
}

pub(in crate::web) async fn revoke(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    respond(&request, payload, &site, |p, asked, visitor| {
        p.oidc().revoke(asked, visitor)
    })
    .await
}

async fn respond(
    request: &HttpRequest,
    payload: Payload,
    site: &Data<Site>,
    work: fn(&Provider, &ClientRequest, &Visitor) -> Result<ClientResponse, ProviderError>,
) -> Result<HttpResponse, Error> {
    let asked = read_client_request(request, payload).await?;
    let visitor = site.visitor(request);
    let response = off_thread(site, request, move |p| work(p, &asked, &visitor)).await?;
    Ok(match response {
        ClientResponse::Ok(body) => json(HttpResponse::Ok(), body),
        ClientResponse::BadRequest(body) => json(HttpResponse::BadRequest(), body),
        ClientResponse::Unauthenticated { body, is_basic } => {
            let mut response = HttpResponse::Unauthorized();
            if is_basic {
                response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"clients\""));
            }
            json(response, body)
        }
    })
}

/// Not kept by anybody: the headers of every response say so (rfc6749, 5.1).
pub(super) fn json(mut response: HttpResponseBuilder, body: impl Into<String>) -> HttpResponse {
    response.content_type("application/json").body(body.into())
}
