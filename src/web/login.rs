//! `/login`: the form that says who somebody is.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, id::ApplicationId, secret::Secret},
    provider::{
        codes,
        login::{Credentials, LoggedIn, Looked},
    },
    web::{
        csrf,
        error::Error,
        logout,
        off_thread::{hashing, off_thread},
        page::{
            html::Page,
            login::{Login, LoginNotice},
            notice::NoticeKind,
        },
        respond,
        state::{Site, see_other},
        trace, words,
    },
};

/// What the login form sends. `continue` is the sign-in that waits, sealed.
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
    let someone = off_thread(&site, &request, move |p| p.is_signed_in(&visitor)).await?;
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
        site.disbelieve("a login form of another site");
        return Ok(see_other(path::LOGIN).finish());
    }
    let sealed = Some(typed.r#continue.clone()).filter(|sealed| is_sealed(sealed));
    let application = match sealed.clone() {
        None => None,
        Some(sealed) => {
            let visitor = site.visitor(&request);
            off_thread(&site, &request, move |p| p.waiting_for(&sealed, &visitor)).await?
        }
    };
    let shown = |notice| Shown {
        application,
        email: typed.email.clone(),
        notice,
        sealed: sealed.clone(),
    };
    if !csrf::is_ours(
        &request,
        site.base(),
        site.cookies.browser(&request).as_ref(),
        &typed.csrf,
    ) {
        site.disbelieve("a login form");
        return Ok(form(
            &site,
            &request,
            StatusCode::FORBIDDEN,
            &shown(if site.cookies.browser(&request).is_none() {
                LoginNotice::NoCookies
            } else {
                LoginNotice::SignedOutMeanwhile
            }),
        ));
    }
    let credentials = Credentials {
        email: typed.email.clone(),
        password: Secret::new(typed.password),
    };
    let done = match judge(&site, &request, credentials).await {
        Err(Error::Busy { seconds }) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = form(&site, &request, status, &shown(LoginNotice::Busy));
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Ok(response);
        }
        done => done?,
    };
    match done {
        LoggedIn::Yes { session, device } => {
            let next = sealed.map_or_else(
                || path::PORTAL.to_owned(),
                |sealed| format!("{}{sealed}", path::CONTINUE),
            );
            Ok(see_other(&next)
                .cookie(site.cookies.set_session(&session))
                .cookie(site.cookies.set_device(&device))
                .finish())
        }
        LoggedIn::Wrong => {
            let notice = LoginNotice::Wrong {
                code: trace::code(&request, codes::LOGIN_WRONG),
            };
            Ok(form(&site, &request, StatusCode::OK, &shown(notice)))
        }
        LoggedIn::Wait { until, reference } => {
            let wait = words::wait(site.provider.now(), until);
            let notice = LoginNotice::Wait {
                how_long: wait.words,
                seconds: wait.seconds,
                code: format!("{} {reference}", codes::LOGIN_THROTTLED),
            };
            let mut response = form(&site, &request, StatusCode::TOO_MANY_REQUESTS, &shown(notice));
            response.headers_mut().insert(RETRY_AFTER, wait.seconds.into());
            Ok(response)
        }
    }
}

/// What is held back by a pause hears so at once; only what is looked at waits for its turn.
async fn judge(site: &Site, request: &HttpRequest, credentials: Credentials) -> Result<LoggedIn, Error> {
    let visitor = site.visitor(request);
    let (typed, there) = (credentials.clone(), visitor.clone());
    match off_thread(site, request, move |p| p.look_at_login(&typed, &there)).await? {
        Looked::Wait { until, reference } => Ok(LoggedIn::Wait { until, reference }),
        Looked::Go { is_known } => {
            hashing(site, request, is_known, move |p| p.log_in(&credentials, &visitor)).await
        }
    }
}

/// Whether the text can stand in our own address `/continue/{sealed}`, and leads nowhere else: base64 for addresses.
pub(super) fn is_sealed(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The longest address of ours that is gone back to, in bytes.
const MAX_TARGET: usize = 2048;

/// Asks for sign-in before the address that was asked for is looked at, and goes there after it.
pub(super) async fn first(request: &HttpRequest, site: &Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(request);
    if !visitor.is_navigation {
        return Ok(site.notice(StatusCode::FORBIDDEN, NoticeKind::NotAPage));
    }
    // Only `?sp=` says something; what else was added is dropped.
    let uri = request.uri();
    let target = match uri.query() {
        Some(query) if uri.path() == path::START => format!("{}?{query}", path::START),
        Some(_) | None => uri.path().to_owned(),
    };
    if target.len() > MAX_TARGET || !is_of_ours(&target) {
        return Ok(see_other(path::LOGIN).finish());
    }
    let waiting = off_thread(site, request, move |p| p.keep_target(&target, &visitor)).await?;
    Ok(respond::wait(site, &waiting))
}

/// Whether it is an address that this is for: a `Location` with it stays here.
fn is_of_ours(target: &str) -> bool {
    [path::LAUNCH, path::START]
        .iter()
        .any(|own| target.starts_with(own))
        && target.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What the login form shows.
pub(super) struct Shown {
    pub(super) application: Option<(ApplicationId, String)>,
    pub(super) email: String,
    pub(super) notice: LoginNotice,
    pub(super) sealed: Option<String>,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            application: None,
            email: String::new(),
            notice: LoginNotice::None,
            sealed: None,
        }
    }
}

pub(super) fn form(site: &Site, request: &HttpRequest, status: StatusCode, shown: &Shown) -> HttpResponse {
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
            go_on: shown.sealed.as_deref(),
        }
        .html()
    })
}
