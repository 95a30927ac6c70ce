//! `/saml/slo`: the SingleLogoutService, which administrators know as the Sign-out URL.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Path, Payload},
};

use crate::{
    model::{endpoint::path, id::LogoutId},
    provider::saml::{RawMessage, logout_request::LogoutMessageOutcome},
    web::{
        error::Error,
        layer::off_thread::off_thread,
        people::logout,
        respond,
        saml::read::{read_form, read_query},
        state::{Site, see_other},
    },
};

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let arrived = read_query(&request);
    receive(request, site, arrived).await
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    payload: Payload,
    site: Data<Site>,
) -> Result<HttpResponse, Error> {
    let arrived = read_form(&request, payload).await?;
    receive(request, site, arrived).await
}

async fn receive(request: HttpRequest, site: Data<Site>, arrived: RawMessage) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let received = off_thread(&site, &request, move |p| {
        p.saml().receive_logout_message(&arrived, &visitor)
    })
    .await?;
    respond_to(&request, site, received).await
}

/// `GET /logout/{id}/resume`: continues a LogoutRequest that another site posted, now with the
/// browser's cookies.
pub(in crate::web) async fn resume(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return logout::ask(request, site).await;
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.logout(&request, id));
    let received = off_thread(&site, &request, move |p| {
        p.saml().resume_logout(id, browser.as_ref(), &visitor)
    })
    .await?;
    respond_to(&request, site, received).await
}

async fn respond_to(
    request: &HttpRequest,
    site: Data<Site>,
    received: LogoutMessageOutcome,
) -> Result<HttpResponse, Error> {
    Ok(match received {
        // An unsolicited LogoutResponse ends nothing: it is treated as the address opened without a
        // message. The same for `Ended`: whether this browser's own session has ended is a separate
        // question. A form of another site comes without cookies, so the browser is redirected to
        // open the address anew.
        LogoutMessageOutcome::NoMessage | LogoutMessageOutcome::Unsolicited | LogoutMessageOutcome::Ended
            if request.method() == Method::POST =>
        {
            see_other(path::LOGOUT).finish()
        }
        LogoutMessageOutcome::NoMessage | LogoutMessageOutcome::Unsolicited | LogoutMessageOutcome::Ended => {
            return logout::ask(request.clone(), site).await;
        }
        LogoutMessageOutcome::Response(outbound) => respond::logout_message(&site, request, &outbound),
        LogoutMessageOutcome::LogoutStarted(begun) => logout::redirect_to_started(&site, request, &begun),
        LogoutMessageOutcome::ResumeByGet(posted) => logout::redirect_to_resume(&site, request, &posted),
        LogoutMessageOutcome::Continue(id) => logout::redirect_to_progress(id),
        LogoutMessageOutcome::Refused(page) => respond::refusal(&site, request, &page),
    })
}
