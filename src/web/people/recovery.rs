//! `/recover`: "Forgot your password?", where mail is set up.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    model::actor::Actor,
    web::{
        error::Error,
        layer::csrf,
        layer::off_thread::off_thread,
        page::{
            html::Page,
            notice::NoticeKind,
            password_link::{RecoveryPage, RecoveryState},
        },
        state::Site,
    },
};

#[derive(Deserialize)]
pub(in crate::web) struct RecoveryForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    email: String,
}

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> HttpResponse {
    page(&site, &request, StatusCode::OK, RecoveryState::Asks)
}

/// Answers the same for every address, also when no more mails go out for now.
pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<RecoveryForm>,
) -> Result<HttpResponse, Error> {
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a forgotten password");
        return Ok(page(
            &site,
            &request,
            StatusCode::FORBIDDEN,
            RecoveryState::FormExpired,
        ));
    }
    let visitor = site.visitor(&request);
    if is_offered(&site) {
        off_thread(&site, &request, move |p| {
            p.sign_in().request_recovery(&form.email, &visitor)
        })
        .await?;
    }
    Ok(page(&site, &request, StatusCode::OK, RecoveryState::Sent))
}

/// Whether a link can be mailed.
pub(in crate::web) fn is_offered(site: &Site) -> bool {
    site.provider.mail(&Actor::Itself).is_set_up()
}

fn page(site: &Site, request: &HttpRequest, status: StatusCode, state: RecoveryState) -> HttpResponse {
    if !is_offered(site) {
        return site.notice(request, StatusCode::NOT_FOUND, NoticeKind::NotFound);
    }
    site.form_page(request, status, |csrf| {
        RecoveryPage {
            page: site.page_context(request),
            state,
            csrf,
        }
        .html()
    })
}
