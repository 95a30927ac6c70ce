//! `/account/email`: where a user who is signed in asks for another address, and confirms it by a link.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Path},
};
use serde::Deserialize;

use crate::{
    model::{email_change::EmailDomain, endpoint::path, secret::Token},
    provider::sign_in::{
        email_change::{EmailConfirmation, EmailConfirmed, EmailPage, EmailRequest, ReadyConfirmation},
        enrolment::FactorChange,
    },
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::{
            email::{AccountEmailPage, EmailLinkKind, EmailLinkPage, EmailNotice},
            html::Page,
            notice::NoticeKind,
        },
        people::{sign_in, steps},
        respond,
        state::{Site, see_other},
        text,
    },
};

#[derive(Deserialize)]
pub(in crate::web) struct EmailForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub(in crate::web) struct LinkForm {
    #[serde(default)]
    pub(in crate::web) csrf: String,
}

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    show(&site, &request, StatusCode::OK, "", EmailNotice::None).await
}

/// Answers the same whether somebody else has the address or not.
pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<EmailForm>,
) -> Result<HttpResponse, Error> {
    if !site.provider.sign_in().changes_own_email() {
        return Ok(site.notice(&request, StatusCode::NOT_FOUND, NoticeKind::NotFound));
    }
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a new address");
        return show(
            &site,
            &request,
            StatusCode::FORBIDDEN,
            "",
            EmailNotice::FormExpired,
        )
        .await;
    }
    let (visitor, typed) = (site.visitor(&request), form.email.clone());
    let done = off_thread(&site, &request, move |p| {
        p.sign_in().request_email_change(&typed, &visitor)
    })
    .await?;
    let done = match done {
        FactorChange::Done(done) => done,
        FactorChange::SecondFactorStale => {
            return steps::second_factor_afresh(&site, &request, path::ACCOUNT_EMAIL).await;
        }
        FactorChange::Stale => return steps::sign_in_afresh(&site, &request, path::ACCOUNT_EMAIL).await,
        FactorChange::SignedOut => return Ok(see_other(path::ACCOUNT_EMAIL).finish()),
    };
    let notice = match done {
        EmailRequest::Sent => {
            return show(&site, &request, StatusCode::OK, "", EmailNotice::Sent).await;
        }
        EmailRequest::TooMany { next } => {
            let seconds = text::wait_seconds(site.provider.now(), next);
            let notice = NoticeKind::TooManyLinks { seconds };
            return Ok(site.notice(&request, StatusCode::TOO_MANY_REQUESTS, notice));
        }
        EmailRequest::Bad(_) => EmailNotice::Refused("email-not-one"),
        EmailRequest::Unchanged => EmailNotice::Refused("email-is-yours"),
        EmailRequest::ForeignDomain => EmailNotice::Refused("email-foreign-domain"),
    };
    show(&site, &request, StatusCode::OK, &form.email, notice).await
}

async fn show(
    site: &Data<Site>,
    request: &HttpRequest,
    status: StatusCode,
    email: &str,
    notice: EmailNotice,
) -> Result<HttpResponse, Error> {
    if !site.provider.sign_in().changes_own_email() {
        return Ok(site.notice(request, StatusCode::NOT_FOUND, NoticeKind::NotFound));
    }
    let visitor = site.visitor(request);
    let is_form_sent = notice != EmailNotice::None;
    let found = off_thread(site, request, move |p| {
        p.sign_in().email_page(is_form_sent, &visitor)
    })
    .await?;
    match found {
        FactorChange::Done(found) => Ok(page(site, request, status, &found, (email, notice))),
        FactorChange::SecondFactorStale => {
            steps::second_factor_afresh(site, request, path::ACCOUNT_EMAIL).await
        }
        FactorChange::Stale => steps::sign_in_afresh(site, request, path::ACCOUNT_EMAIL).await,
        FactorChange::SignedOut => sign_in::sign_in_and_return(request, site).await,
    }
}

fn page(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    found: &EmailPage,
    (email, notice): (&str, EmailNotice),
) -> HttpResponse {
    let domains: Vec<String> = found
        .domains
        .iter()
        .map(EmailDomain::as_str)
        .map(|domain| format!("@{domain}"))
        .collect();
    site.form_page(request, status, |csrf| {
        AccountEmailPage {
            page: site.page_context(request),
            user: respond::user_mark(&found.user),
            notice,
            domains: &domains.join(", "),
            email,
            csrf,
        }
        .html()
    })
}

/// Shows what will change, and uses nothing up: mail scanners open links too.
pub(in crate::web) async fn ask(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
) -> Result<HttpResponse, Error> {
    let text = link.into_inner();
    let Some(token) = Token::parse(&text) else {
        return Ok(expired(&site, &request));
    };
    let visitor = site.visitor(&request);
    let found = off_thread(&site, &request, move |p| {
        p.sign_in().email_confirmation(&token, &visitor)
    })
    .await?;
    match found {
        EmailConfirmation::Ready(ready) => Ok(confirmation(&site, &request, StatusCode::OK, (&text, &ready))),
        EmailConfirmation::SignedOut => sign_in::sign_in_and_return(&request, &site).await,
        EmailConfirmation::OfAnother => {
            Ok(site.notice(&request, StatusCode::FORBIDDEN, NoticeKind::EmailLinkOfAnother))
        }
        EmailConfirmation::Expired => Ok(expired(&site, &request)),
    }
}

/// Uses the link up.
pub(in crate::web) async fn confirm(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
    Form(form): Form<LinkForm>,
) -> Result<HttpResponse, Error> {
    let Some(token) = Token::parse(&link) else {
        return Ok(expired(&site, &request));
    };
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form that confirms an address");
        return Ok(see_other(&format!("{}{}", path::CONFIRM_EMAIL, token.to_text())).finish());
    }
    let visitor = site.visitor(&request);
    let done = off_thread(&site, &request, move |p| {
        p.sign_in().confirm_email_change(&token, &visitor)
    })
    .await?;
    Ok(match done {
        EmailConfirmed::Done => site.notice(&request, StatusCode::OK, NoticeKind::EmailChanged),
        EmailConfirmed::Taken => site.notice(&request, StatusCode::CONFLICT, NoticeKind::EmailTaken),
        EmailConfirmed::NotReady => expired(&site, &request),
    })
}

fn expired(site: &Site, request: &HttpRequest) -> HttpResponse {
    site.notice(request, StatusCode::GONE, NoticeKind::EmailLinkExpired)
}

fn confirmation(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    (link, ready): (&str, &ReadyConfirmation),
) -> HttpResponse {
    site.form_page(request, status, |csrf| {
        EmailLinkPage {
            page: site.page_context(request),
            kind: EmailLinkKind::Confirm {
                kept_at: &ready.kept_at,
                changed_at: &ready.changed_at,
            },
            email: ready.new_email.as_str(),
            link: &format!("{}{link}", path::CONFIRM_EMAIL),
            csrf,
        }
        .html()
    })
}
