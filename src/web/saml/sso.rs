//! `/saml/sso`: the SingleSignOnService, which administrators know as the Sign-in URL.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};

use crate::{
    provider::saml::RawMessage,
    web::{
        error::Error,
        layer::off_thread::off_thread,
        people::outcome,
        saml::read::{read_form, read_query},
        state::Site,
    },
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let arrived = read_query(&request);
    receive(&request, &site, arrived).await
}

/// A form of another site comes without our cookies, so that a signed-in user looks signed out. The
/// sign-in then stays pending, and resumes at the address of the redirect, with cookies.
pub(in crate::web) async fn post(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let arrived = read_form(&request, payload).await?;
    receive(&request, &site, arrived).await
}

async fn receive(
    request: &HttpRequest,
    site: &Data<Site>,
    arrived: RawMessage,
) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(request);
    let outcome = off_thread(site, request, move |p| {
        p.saml().receive_authn_request(&arrived, &visitor)
    })
    .await?;
    outcome::respond(site, request, outcome, None).await
}
