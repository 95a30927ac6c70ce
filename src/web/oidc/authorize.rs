//! `/oidc/authorize`: the authorization endpoint, by GET and by POST (OpenID Connect Core, 3.1.2.1).

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};

use crate::{
    provider::oidc::authorization_request::RawParameters,
    web::{error::Error, layer::off_thread::off_thread, oidc::read::read_form, people::outcome, state::Site},
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let query = request.query_string().as_bytes().to_vec();
    receive(&request, &site, RawParameters::Encoded(query)).await
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let parameters = read_form(&request, payload).await?;
    receive(&request, &site, parameters).await
}

async fn receive(
    request: &HttpRequest,
    site: &Data<Site>,
    parameters: RawParameters,
) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(request);
    let outcome = off_thread(site, request, move |p| {
        p.oidc().receive_authorization_request(&parameters, &visitor)
    })
    .await?;
    outcome::respond(site, request, outcome, None).await
}
