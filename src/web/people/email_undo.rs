//! `/email/undo/{token}`: the old address of a user brings itself back.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Path},
};

use crate::{
    model::{endpoint::path, secret::Token},
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::{
            email::{EmailLinkKind, EmailLinkPage},
            html::Page,
            notice::NoticeKind,
        },
        people::account_email::LinkForm,
        state::Site,
    },
};

/// Shows what will change, and uses nothing up: mail scanners open links too.
pub(in crate::web) async fn ask(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
) -> Result<HttpResponse, Error> {
    page(&site, &request, StatusCode::OK, &link.into_inner()).await
}

/// Uses the link up.
pub(in crate::web) async fn undo(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
    Form(form): Form<LinkForm>,
) -> Result<HttpResponse, Error> {
    let text = link.into_inner();
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form that undoes a change of address");
        return page(&site, &request, StatusCode::FORBIDDEN, &text).await;
    }
    let Some(token) = Token::parse(&text) else {
        return Ok(expired(&site, &request));
    };
    let visitor = site.visitor(&request);
    let undone = off_thread(&site, &request, move |p| {
        p.sign_in().undo_email_change(&token, &visitor)
    })
    .await?;
    Ok(match undone {
        Some(_email) => site.notice(&request, StatusCode::OK, NoticeKind::EmailUndone),
        None => expired(&site, &request),
    })
}

fn expired(site: &Site, request: &HttpRequest) -> HttpResponse {
    site.notice(request, StatusCode::GONE, NoticeKind::EmailUndoExpired)
}

async fn page(
    site: &Data<Site>,
    request: &HttpRequest,
    status: StatusCode,
    link: &str,
) -> Result<HttpResponse, Error> {
    let Some(token) = Token::parse(link) else {
        return Ok(expired(site, request));
    };
    let Some(email) = off_thread(site, request, move |p| p.sign_in().email_undo(&token)).await? else {
        return Ok(expired(site, request));
    };
    Ok(site.form_page(request, status, |csrf| {
        EmailLinkPage {
            page: site.page_context(request),
            kind: EmailLinkKind::Undo,
            email: email.as_str(),
            link: &format!("{}{link}", path::UNDO_EMAIL),
            csrf,
        }
        .html()
    }))
}
