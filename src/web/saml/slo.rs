//! `/saml/slo`: the Sign-out URL.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Path, Payload},
};

use crate::{
    model::{endpoint::path, id::LogoutId},
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
    let received = off_thread(&site, &request, move |p| p.receive_logout(&arrived, &visitor)).await?;
    done(&request, site, received).await
}

/// `GET /logout/{id}/resume`: a request that came as a form of another site goes on, with the browser's cookies.
pub(in crate::web) async fn resume(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return logout::ask(request, site).await;
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.leaving(&request, id));
    let received = off_thread(&site, &request, move |p| {
        p.resume_logout(id, browser.as_ref(), &visitor)
    })
    .await?;
    done(&request, site, received).await
}

async fn done(
    request: &HttpRequest,
    site: Data<Site>,
    received: LogoutReceived,
) -> Result<HttpResponse, Error> {
    Ok(match received {
        // A response that answers nothing of ours ends nothing: it is as if the address was opened plainly. And
        // whether this browser's own session has ended is another question than whether one did.
        // With a form from another site no cookie comes along: the address is opened anew.
        LogoutReceived::Plain | LogoutReceived::Stray | LogoutReceived::Ended
            if request.method() == Method::POST =>
        {
            see_other(path::LOGOUT).finish()
        }
        LogoutReceived::Plain | LogoutReceived::Stray | LogoutReceived::Ended => {
            return logout::ask(request.clone(), site).await;
        }
        LogoutReceived::Answer(outbound) => respond::outbound(&site, &outbound),
        LogoutReceived::Begun(begun) => logout::begin(&site, request, &begun),
        LogoutReceived::GoRound(posted) => logout::go_round(&site, request, &posted),
        LogoutReceived::Continue(id) => logout::go_on(id),
        LogoutReceived::Refused(page) => respond::refused(&site, &page),
    })
}
