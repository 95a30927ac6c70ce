//! `/account/password`: where a user who is signed in changes the password.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form, Query},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, secret::Secret, user::UserSummary},
    provider::{
        audit::codes,
        sign_in::{
            change_password::{PasswordChange, PasswordChangeOutcome},
            password::ThrottleCheck,
        },
    },
    web::{
        error::Error,
        layer::csrf,
        layer::off_thread::{hashing, off_thread},
        page::{
            html::Page,
            password::{AccountPasswordPage, PasswordError, PasswordNotice},
        },
        password_text,
        people::{sign_in, steps},
        respond,
        state::{Site, see_other},
        text,
    },
};

#[derive(Deserialize)]
pub(in crate::web) struct PasswordForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

/// `changed` proves that this browser has just changed a password.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    changed: String,
}

/// What only this browser's own change derives from its cookie: no link leads to a page that says so.
const CHANGED: &str = "password changed";

/// What the form shows.
struct View {
    notice: PasswordNotice,
    is_current_wrong: bool,
    error: Option<PasswordError>,
}

impl View {
    const fn with(notice: PasswordNotice) -> Self {
        Self {
            notice,
            is_current_wrong: false,
            error: None,
        }
    }
}

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let Some(user) = signed_in_user(&site, &request).await? else {
        return sign_in::sign_in_and_return(&request, &site).await;
    };
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let proof = parameters
        .map(|found| found.into_inner().changed)
        .unwrap_or_default();
    let browser = site.cookies.browser(&request);
    let notice = if csrf::is_proof(browser.as_ref(), CHANGED, &proof) {
        PasswordNotice::Changed
    } else {
        PasswordNotice::None
    };
    Ok(page(&site, &request, StatusCode::OK, &user, View::with(notice)))
}

/// After success the browser is redirected, so that reload does not send the form again.
pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<PasswordForm>,
) -> Result<HttpResponse, Error> {
    let Some(user) = signed_in_user(&site, &request).await? else {
        return Ok(see_other(path::ACCOUNT_PASSWORD).finish());
    };
    let shown = |status, view| page(&site, &request, status, &user, view);
    let browser = site.cookies.browser(&request);
    let Some(browser) = browser.filter(|own| csrf::is_valid(&request, site.base(), Some(own), &form.csrf))
    else {
        site.log_rejected_form("a form for a new password");
        return Ok(shown(
            StatusCode::FORBIDDEN,
            View::with(PasswordNotice::FormExpired),
        ));
    };
    let change = PasswordChange {
        current: Secret::new(form.current),
        new: Secret::new(form.new),
    };
    let done = match change_password(&site, &request, change).await {
        Err(Error::Busy { seconds }) => {
            let mut response = shown(StatusCode::SERVICE_UNAVAILABLE, View::with(PasswordNotice::Busy));
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Ok(response);
        }
        done => done?,
    };
    Ok(match done {
        PasswordChangeOutcome::Changed(cookies) => {
            let proof = browser.derive(CHANGED).to_text();
            see_other(&format!("{}?changed={proof}", path::ACCOUNT_PASSWORD))
                .cookie(site.cookies.set_session(&cookies.session))
                .cookie(site.cookies.set_device(&cookies.device))
                .finish()
        }
        PasswordChangeOutcome::SecondFactorFirst => {
            return steps::second_factor_afresh(&site, &request, path::ACCOUNT_PASSWORD).await;
        }
        PasswordChangeOutcome::SignedOut => see_other(path::ACCOUNT_PASSWORD).finish(),
        PasswordChangeOutcome::WrongPassword => {
            let view = View {
                is_current_wrong: true,
                ..View::with(PasswordNotice::None)
            };
            shown(StatusCode::OK, view)
        }
        PasswordChangeOutcome::Refused(why) => {
            let view = View {
                error: Some(password_text::refusal(why)),
                ..View::with(PasswordNotice::None)
            };
            shown(StatusCode::OK, view)
        }
        PasswordChangeOutcome::Throttled { until, reference } => {
            let wait = text::wait_seconds(site.provider.now(), until);
            let notice = PasswordNotice::Throttled {
                seconds: wait,
                code: format!("{} {reference}", codes::LOGIN_THROTTLED),
            };
            let mut response = shown(StatusCode::TOO_MANY_REQUESTS, View::with(notice));
            response.headers_mut().insert(RETRY_AFTER, wait.into());
            response
        }
    })
}

/// A throttled attempt is refused before it waits for a permit.
async fn change_password(
    site: &Site,
    request: &HttpRequest,
    change: PasswordChange,
) -> Result<PasswordChangeOutcome, Error> {
    let visitor = Arc::new(site.visitor(request));
    let for_check = Arc::clone(&visitor);
    let checked = off_thread(site, request, move |p| {
        p.sign_in().check_change_throttle(&for_check)
    })
    .await?;
    let is_known = match checked {
        None => return Ok(PasswordChangeOutcome::SignedOut),
        Some(ThrottleCheck::Throttled { until, reference }) => {
            return Ok(PasswordChangeOutcome::Throttled { until, reference });
        }
        Some(ThrottleCheck::Allowed { is_known_device }) => is_known_device,
    };
    let organisation = site.brand().organisation;
    hashing(site, request, is_known, move |p| {
        p.sign_in().change_password(&change, &organisation, &visitor)
    })
    .await
}

async fn signed_in_user(site: &Site, request: &HttpRequest) -> Result<Option<UserSummary>, Error> {
    let visitor = site.visitor(request);
    off_thread(site, request, move |p| p.sign_in().user_summary(&visitor)).await
}

fn page(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    user: &UserSummary,
    view: View,
) -> HttpResponse {
    site.form_page(request, status, |csrf| {
        AccountPasswordPage {
            page: site.page_context(request),
            user: respond::user_mark(user),
            notice: view.notice,
            is_current_wrong: view.is_current_wrong,
            min_characters: site.provider.min_password_length(),
            error: view.error,
            csrf,
        }
        .html()
    })
}
