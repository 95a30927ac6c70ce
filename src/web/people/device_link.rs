//! `/device/{link}`: a link from an administrator makes this browser a known device of the user.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Path},
};
use serde::Deserialize;

use crate::{
    model::{actor::Actor, endpoint::path},
    web::{
        error::Error,
        layer::csrf,
        layer::off_thread::off_thread,
        page::{device_link::DeviceLinkPage, html::Page, notice::NoticeKind},
        state::{Site, see_other},
    },
};

#[derive(Deserialize)]
pub(in crate::web) struct DeviceLinkForm {
    #[serde(default)]
    csrf: String,
}

/// Asks first, so that link scanners, as in mail and chat programs, do not use the link up.
pub(in crate::web) async fn ask(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
) -> Result<HttpResponse, Error> {
    let link = link.into_inner();
    let link_to_check = link.clone();
    if !off_thread(&site, &request, move |p| {
        p.people(&Actor::Itself).is_device_link(&link_to_check)
    })
    .await?
    {
        return Ok(site.notice(&request, StatusCode::GONE, NoticeKind::LinkExpired));
    }
    Ok(site.form_page(&request, StatusCode::OK, |csrf| {
        DeviceLinkPage {
            page: site.page_context(&request),
            link: &link,
            csrf,
        }
        .html()
    }))
}

/// Makes the browser a known device, and redirects to the sign-in form.
pub(in crate::web) async fn accept(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
    Form(sent): Form<DeviceLinkForm>,
) -> Result<HttpResponse, Error> {
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &sent.csrf) {
        site.log_rejected_form("a form for a known browser");
        return Ok(see_other(path::SIGN_IN).finish());
    }
    let (link, visitor) = (link.into_inner(), site.visitor(&request));
    let device = off_thread(&site, &request, move |p| {
        p.people(&Actor::Itself).use_device_link(&link, &visitor)
    })
    .await?;
    Ok(match device {
        Some(device) => see_other(path::SIGN_IN)
            .cookie(site.cookies.set_device(&device))
            .finish(),
        None => site.notice(&request, StatusCode::GONE, NoticeKind::LinkExpired),
    })
}
