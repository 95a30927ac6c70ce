//! `/saml/slo`: the Sign-out URL.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};

use crate::{
    provider::saml::{Arrived, logout::LogoutReceived},
    web::{
        error::Error,
        login,
        off_thread::off_thread,
        respond,
        saml::{form, query},
        state::{Site, see_other},
    },
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let arrived = query(&request);
    take(request, site, arrived).await
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let arrived = form(&request, payload).await;
    take(request, site, arrived).await
}

async fn take(request: HttpRequest, site: Data<Site>, arrived: Arrived) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let received = off_thread(&site.provider, &site.permits, move |p| {
        p.receive_logout(&arrived, &visitor)
    })
    .await?;
    Ok(match received {
        // A response that answers nothing of ours ends nothing: it is as if the address was opened plainly.
        LogoutReceived::Plain | LogoutReceived::Stray => return login::ask(request, site).await,
        LogoutReceived::Redirect(address) => see_other(&address).finish(),
        LogoutReceived::Ended => login::signed_out(&site, &[]),
        LogoutReceived::Refused(page) => respond::refused(&site, &page),
    })
}
