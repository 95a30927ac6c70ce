//! `/oidc/userinfo` (OpenID Connect Core, 5.3).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::WWW_AUTHENTICATE,
    web::{Data, Payload},
};

use crate::{
    provider::oidc::{authorization_request::RawParameters, user_info::UserInfoResponse},
    web::{
        error::Error,
        layer::off_thread::off_thread,
        oidc::{
            read::{authorization, read_form},
            token::json,
        },
        state::Site,
    },
};

const BEARER: &str = "bearer ";

/// The token stands in the header; one in the query is not read (rfc9700, 4.3.2).
pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let presented = bearer(&request);
    respond(&request, &site, presented, None).await
}

/// The token stands in the header, or in the form (rfc6750, 2.2).
pub(in crate::web) async fn post(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let presented = bearer(&request);
    let form = match presented {
        Some(_) => None,
        None => Some(read_form(&request, payload).await?),
    };
    respond(&request, &site, presented, form).await
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let header = authorization(request)?;
    let scheme = header.get(..BEARER.len())?;
    let token = header.get(BEARER.len()..)?.trim();
    (scheme.eq_ignore_ascii_case(BEARER) && !token.is_empty()).then(|| token.to_owned())
}

async fn respond(
    request: &HttpRequest,
    site: &Data<Site>,
    presented: Option<String>,
    form: Option<RawParameters>,
) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(request);
    let response = off_thread(site, request, move |p| {
        p.oidc().user_info(presented.as_deref(), form.as_ref(), &visitor)
    })
    .await?;
    Ok(match response {
        UserInfoResponse::Ok(body) => json(HttpResponse::Ok(), body),
        UserInfoResponse::NoToken => refused(HttpResponse::Unauthorized(), None),
        UserInfoResponse::InvalidToken => refused(HttpResponse::Unauthorized(), Some("invalid_token")),
        UserInfoResponse::InsufficientScope => refused(HttpResponse::Forbidden(), Some("insufficient_scope")),
    })
}

/// The challenge names the error, unless no token was sent (rfc6750, 3.1).
fn refused(mut response: HttpResponseBuilder, error: Option<&'static str>) -> HttpResponse {
    let challenge = match error {
        None => "Bearer".to_owned(),
        Some(error) => format!("Bearer error=\"{error}\""),
    };
    response.insert_header((WWW_AUTHENTICATE, challenge));
    let body = error.map_or_else(|| "{}".to_owned(), |error| format!("{{\"error\":\"{error}\"}}"));
    json(response, body)
}
