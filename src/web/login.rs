//! `/login`: the form that says who somebody is.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    model::{
        endpoint::path,
        id::ApplicationId,
        secret::{Secret, Token},
    },
    provider::{
        codes,
        login::{Credentials, LoggedIn},
    },
    web::{
        csrf,
        error::Error,
        logout,
        off_thread::{hashing, off_thread},
        page::{
            html::Page,
            login::{Login, LoginNotice},
        },
        respond,
        state::{Site, see_other},
        words,
    },
};

/// What the login form sends. `continue` is the handle of the sign-on that waits.
#[derive(Deserialize)]
pub(super) struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    r#continue: String,
}

/// `GET /login`: the form, or the person's page where somebody is signed in.
pub(super) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let someone = off_thread(&site.provider, &site.permits, move |p| p.is_signed_in(&visitor)).await?;
    if someone {
        return Ok(see_other(path::PORTAL).finish());
    }
    if let Some(led_on) = logout::waiting_here(&request, &site).await? {
        return Ok(led_on);
    }
    Ok(form(&site, &request, StatusCode::OK, &Shown::default()))
}

/// `POST /login`: on success the browser goes on by a redirect, so that Back and reload send no form again.
pub(super) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(typed): Form<LoginForm>,
) -> Result<HttpResponse, Error> {
    if !csrf::comes_from_us(&request, site.base()) {
        tracing::info!(
            code = codes::FORM_FOREIGN,
            "a login form of another site was not looked at"
        );
        return Ok(see_other(path::LOGIN).finish());
    }
    let handle = Token::parse(&typed.r#continue);
    let browser = handle
        .as_ref()
        .and_then(|handle| site.cookies.waiting(&request, handle));
    let application = match &handle {
        None => None,
        Some(handle) => {
            let (handle, browser) = (handle.clone(), browser.clone());
            off_thread(&site.provider, &site.permits, move |p| {
                p.waiting_for(&handle, browser.as_ref())
            })
            .await?
        }
    };
    let shown = |notice| Shown {
        application,
        email: typed.email.clone(),
        notice,
        handle: handle.clone(),
    };
    if !csrf::is_ours(
        &request,
        site.base(),
        site.cookies.browser(&request).as_ref(),
        &typed.csrf,
    ) {
        tracing::info!(code = codes::FORM_FOREIGN, "a login form was not believed");
        return Ok(form(
            &site,
            &request,
            StatusCode::FORBIDDEN,
            &shown(LoginNotice::SignedOutMeanwhile),
        ));
    }
    let visitor = site.visitor(&request);
    let credentials = Credentials {
        email: typed.email.clone(),
        password: Secret::new(typed.password),
    };
    match hashing(&site.provider, &site.permits, move |p| {
        p.log_in(&credentials, &visitor)
    })
    .await?
    {
        LoggedIn::Yes { session, device } => {
            let next = handle.map_or_else(
                || path::PORTAL.to_owned(),
                |handle| format!("{}{}", path::CONTINUE, handle.text()),
            );
            Ok(see_other(&next)
                .cookie(site.cookies.set_session(&session))
                .cookie(site.cookies.set_device(&device))
                .finish())
        }
        LoggedIn::Wrong => Ok(form(&site, &request, StatusCode::OK, &shown(LoginNotice::Wrong))),
        LoggedIn::Wait { until, reference } => {
            let wait = words::wait(site.provider.now(), until);
            let notice = LoginNotice::Wait {
                how_long: wait.words,
                until: wait.until,
                code: format!("{} {reference}", codes::LOGIN_THROTTLED),
            };
            let mut response = form(&site, &request, StatusCode::TOO_MANY_REQUESTS, &shown(notice));
            response.headers_mut().insert(RETRY_AFTER, wait.seconds.into());
            Ok(response)
        }
    }
}

/// What the login form shows.
pub(super) struct Shown {
    pub(super) application: Option<(ApplicationId, String)>,
    pub(super) email: String,
    pub(super) notice: LoginNotice,
    pub(super) handle: Option<Token>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            application: None,
            email: String::new(),
            notice: LoginNotice::None,
            handle: None,
        }
    }
}

pub(super) fn form(site: &Site, request: &HttpRequest, status: StatusCode, shown: &Shown) -> HttpResponse {
    let handle = shown.handle.as_ref().map(Token::text);
    site.form_page(request, status, |csrf| {
        Login {
            brand: site.brand(),
            application: shown
                .application
                .as_ref()
                .map(|(id, name)| respond::mark(*id, name)),
            email: &shown.email,
            notice: shown.notice.clone(),
            csrf,
            go_on: handle.as_deref(),
        }
        .html()
    })
}
