//! `/saml/sso`: the Sign-in URL.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    provider::saml::{Arrived, receive::Received},
    web::{
        error::Error,
        off_thread::off_thread,
        page::notice::NoticeKind,
        respond,
        saml::{form, query},
        state::Site,
    },
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let arrived = query(&request);
    take(&request, &site, arrived).await
}

/// A form of another site comes without our cookies, so that a person who is signed in looks like nobody: the
/// sign-on waits then, and goes on where the redirect leads, with cookies.
pub(in crate::web) async fn post(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let arrived = form(&request, payload).await?;
    take(&request, &site, arrived).await
}

async fn take(request: &HttpRequest, site: &Site, arrived: Arrived) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(request);
    let received = off_thread(site, request, move |p| p.receive(&arrived, &visitor)).await?;
    Ok(match received {
        Received::Answer(answer) => respond::answer(site, &answer),
        Received::Refused(page) => respond::refused(site, &page),
        Received::Wait(waiting) => respond::wait(site, &waiting),
        Received::NotAPage => site.notice(StatusCode::FORBIDDEN, NoticeKind::NotAPage),
    })
}
