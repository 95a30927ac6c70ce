//! `/saml/slo`: the Sign-out URL.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Payload},
};

use crate::{
    model::endpoint::path,
    provider::saml::{Arrived, logout::LogoutReceived},
    web::{
        error::Error,
        logout,
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
    let arrived = form(&request, payload).await?;
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
        // With a form from another site no cookie comes along: the address is opened anew.
        LogoutReceived::Plain | LogoutReceived::Stray if request.method() == Method::POST => {
            see_other(path::LOGOUT).finish()
        }
        LogoutReceived::Plain | LogoutReceived::Stray => return logout::ask(request, site).await,
        LogoutReceived::Answer(outbound) => respond::outbound(&site, &outbound),
        LogoutReceived::Begun(begun) => logout::begin(&site, &request, &begun),
        LogoutReceived::Continue(id) => logout::go_on(id),
        LogoutReceived::Ended => logout::signed_out(&site),
        LogoutReceived::Refused(page) => respond::refused(&site, &page),
    })
}
