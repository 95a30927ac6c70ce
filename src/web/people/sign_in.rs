//! `/login`: the sign-in form.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form, Query},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, id::ApplicationId, secret::Secret},
    provider::{
        audit::codes,
        sign_in::{
            credentials::Credentials,
            password::{PasswordSignInOutcome, ThrottleCheck},
            pending::SealedSignIn,
        },
    },
    web::{
        error::Error,
        layer::csrf,
        layer::off_thread::{hashing, off_thread},
        layer::request_id,
        page::{
            html::Page,
            notice::NoticeKind,
            part::PasskeyAsk,
            sign_in::{SignInNotice, SignInPage},
        },
        people::{
            logout, recovery,
            required_password::{self, RequiredPasswordView},
            sealed_sign_in,
            second_factor::{self, CodeView},
            signed_in::signed_in,
            steps,
        },
        respond,
        state::{Site, see_other},
        text,
    },
};

/// `continue` is the pending sign-in, sealed.
#[derive(Deserialize)]
pub(in crate::web) struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    r#continue: String,
}

/// `set` proves that this browser has just set a password by a link.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    set: String,
}

/// What only this browser's own change derives from its cookie: no link leads to a page that says so.
pub(in crate::web) const PASSWORD_SET: &str = "password set";

/// `GET /login`: the form, or a redirect to the portal if the user is signed in.
pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let someone = off_thread(&site, &request, move |p| p.is_signed_in(&visitor)).await?;
    if someone {
        return Ok(see_other(path::PORTAL).finish());
    }
    if let Some(led_on) = logout::pending_logout(&request, &site).await? {
        return Ok(led_on);
    }
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let proof = parameters.map(|found| found.into_inner().set).unwrap_or_default();
    let browser = site.cookies.browser(&request);
    let mut view = SignInView::default();
    if csrf::is_proof(browser.as_ref(), PASSWORD_SET, &proof) {
        view.notice = SignInNotice::PasswordSet;
    }
    Ok(sign_in_form(&site, &request, StatusCode::OK, &view))
}

/// `POST /login`: after success the browser is redirected, so that Back and reload do not send the
/// form again.
pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<SignInForm>,
) -> Result<HttpResponse, Error> {
    if !csrf::is_same_origin(&request, site.base()) {
        site.log_rejected_form("a login form of another site");
        return Ok(see_other(path::SIGN_IN).finish());
    }
    let sealed = sealed_sign_in::from_form(&form.r#continue);
    let application = steps::application_of(&site, &request, sealed.as_deref()).await?;
    let shown = |notice| SignInView {
        application: application.clone(),
        email: form.email.clone(),
        notice,
        sealed: sealed.clone(),
        needs_password: false,
    };
    if !csrf::is_valid(
        &request,
        site.base(),
        site.cookies.browser(&request).as_ref(),
        &form.csrf,
    ) {
        site.log_rejected_form("a login form");
        return Ok(sign_in_form(
            &site,
            &request,
            StatusCode::FORBIDDEN,
            &shown(if site.cookies.browser(&request).is_none() {
                SignInNotice::NoCookies
            } else {
                SignInNotice::SessionEnded
            }),
        ));
    }
    let credentials = Credentials {
        email: form.email.clone(),
        password: Secret::new(form.password),
    };
    let done = match check_password(&site, &request, credentials).await {
        Err(Error::Busy { seconds }) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = sign_in_form(&site, &request, status, &shown(SignInNotice::Busy));
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Ok(response);
        }
        done => done?,
    };
    match done {
        PasswordSignInOutcome::SignedIn(cookies) => {
            Ok(signed_in(&site, &request, &cookies, sealed.as_deref()))
        }
        PasswordSignInOutcome::PasswordRequired(required) => {
            let view = RequiredPasswordView {
                application,
                sealed,
                email: required.user.email,
                ticket: required.ticket,
            };
            Ok(required_password::first_page(&site, &request, &view))
        }
        PasswordSignInOutcome::SecondFactorRequired(challenge) => {
            let view = CodeView {
                application,
                sealed,
                challenge,
            };
            Ok(second_factor::first_page(&site, &request, &view))
        }
        PasswordSignInOutcome::WrongCredentials => {
            let notice = SignInNotice::WrongCredentials {
                code: request_id::code_with_reference(&request, codes::LOGIN_WRONG),
            };
            Ok(sign_in_form(&site, &request, StatusCode::OK, &shown(notice)))
        }
        PasswordSignInOutcome::Throttled { until, reference } => {
            let wait = text::wait_seconds(site.provider.now(), until);
            let notice = SignInNotice::Throttled {
                seconds: wait,
                code: format!("{} {reference}", codes::LOGIN_THROTTLED),
            };
            let mut response = sign_in_form(&site, &request, StatusCode::TOO_MANY_REQUESTS, &shown(notice));
            response.headers_mut().insert(RETRY_AFTER, wait.into());
            Ok(response)
        }
    }
}

/// A throttled attempt is refused at once; only an attempt whose password is checked waits for a
/// permit.
async fn check_password(
    site: &Site,
    request: &HttpRequest,
    credentials: Credentials,
) -> Result<PasswordSignInOutcome, Error> {
    let visitor = site.visitor(request);
    let attempt = Arc::new((credentials, visitor));
    let for_check = Arc::clone(&attempt);
    match off_thread(site, request, move |p| {
        p.sign_in().check_sign_in_throttle(&for_check.0, &for_check.1)
    })
    .await?
    {
        ThrottleCheck::Throttled { until, reference } => {
            Ok(PasswordSignInOutcome::Throttled { until, reference })
        }
        ThrottleCheck::Allowed {
            is_known_device: is_known,
        } => {
            hashing(site, request, is_known, move |p| {
                p.sign_in().sign_in_with_password(&attempt.0, &attempt.1)
            })
            .await
        }
    }
}

/// The longest address of ours to return to after signing in, in bytes.
const MAX_RETURN_TARGET: usize = 2048;

/// Asks the user to sign in before the requested address is examined, and returns there afterwards.
pub(in crate::web) async fn sign_in_and_return(
    request: &HttpRequest,
    site: &Data<Site>,
) -> Result<HttpResponse, Error> {
    if !site.visitor(request).is_navigation {
        return Ok(site.notice(request, StatusCode::FORBIDDEN, NoticeKind::NotTopLevel));
    }
    Ok(match sealed_return(request, site).await? {
        Some(pending) => respond::redirect_to_pending(site, &pending),
        None => see_other(path::SIGN_IN).finish(),
    })
}

/// Seals the requested address, if it is one to return to.
pub(in crate::web) async fn sealed_return(
    request: &HttpRequest,
    site: &Data<Site>,
) -> Result<Option<SealedSignIn>, Error> {
    let visitor = site.visitor(request);
    // Only `?sp=` has a meaning; any other query is dropped.
    let uri = request.uri();
    let target = match uri.query() {
        Some(query) if uri.path() == path::START => format!("{}?{query}", path::START),
        Some(_) | None => uri.path().to_owned(),
    };
    if target.len() > MAX_RETURN_TARGET || !is_return_target(&target) {
        return Ok(None);
    }
    let pending = off_thread(site, request, move |p| p.sign_in().seal_target(&target, &visitor)).await?;
    Ok(Some(pending))
}

/// Whether this is an address to return to; as a `Location`, it stays on this site.
fn is_return_target(target: &str) -> bool {
    let is_application = [path::LAUNCH, path::START]
        .iter()
        .any(|own| target.starts_with(own));
    let is_own_page = [path::ACCOUNT_PASSWORD, path::ACCOUNT_FACTORS, path::ACCOUNT_EMAIL].contains(&target)
        || target.starts_with(path::CONFIRM_EMAIL);
    (is_application || is_own_page) && target.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What the sign-in form shows.
pub(in crate::web) struct SignInView {
    pub(in crate::web) application: Option<(ApplicationId, String)>,
    pub(in crate::web) email: String,
    pub(in crate::web) notice: SignInNotice,
    pub(in crate::web) sealed: Option<String>,
    /// The application asks for what a passkey alone does not prove.
    pub(in crate::web) needs_password: bool,
}

impl Default for SignInView {
    fn default() -> Self {
        Self {
            application: None,
            email: String::new(),
            notice: SignInNotice::None,
            sealed: None,
            needs_password: false,
        }
    }
}

pub(in crate::web) fn sign_in_form(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    shown: &SignInView,
) -> HttpResponse {
    let (browser, is_new) = site.browser_token(request);
    let asked = if shown.needs_password {
        Ok(None)
    } else {
        site.provider.sign_in().passkey_sign_in_request(&browser)
    };
    // Whoever has no passkey signs in all the same.
    let passkey = asked.unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "passkeys cannot be asked for"
        );
        None
    });
    site.form_page_of(&browser, is_new, status, |csrf| {
        SignInPage {
            page: site.page_context(request),
            application: shown
                .application
                .as_ref()
                .map(|(id, name)| respond::app_mark(*id, name)),
            email: &shown.email,
            notice: shown.notice.clone(),
            csrf,
            can_recover: recovery::is_offered(site),
            sealed: shown.sealed.as_deref(),
            passkey: passkey.as_ref().map(|ask| PasskeyAsk {
                options: &ask.options,
                state: &ask.state,
            }),
        }
        .html()
    })
}
